"""Which ledger `--ledger` means."""

from __future__ import annotations

import re
from contextlib import aclosing
from pathlib import Path

from vgen import SQLiteLedger
from vgen.errors import ConfigurationError

FILE_NAME = "vgen.db"
"""The ledger's file in the output directory, where `--ledger` names no other."""

SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):(.*)", re.IGNORECASE | re.DOTALL)


def ledger_path(url: str | None, out: Path) -> Path:
    """Give the SQLite file that is meant: a path, `sqlite:PATH`, `sqlite:///PATH` or the default.

    Raises:
        ConfigurationError: another kind of ledger is asked for, or no path.
    """
    if url is None:
        return out / FILE_NAME
    scheme = SCHEME.fullmatch(url)
    if scheme is None:
        return _path(url, url)
    if scheme[1].lower() != "sqlite":
        raise ConfigurationError(
            f"--ledger {url}: there are no {scheme[1]} ledgers; give a path or sqlite:PATH"
        )
    path = scheme[2].removeprefix("///")
    if path.startswith("//"):
        raise ConfigurationError(f"--ledger {url}: give a path or sqlite:///PATH, without a host")
    return _path(path, url)


async def check_ledger(path: Path, out: Path) -> None:
    """Make sure that a job could be written down there, without writing anything.

    Raises:
        ConfigurationError: the file is no ledger, or its directory, which is not `out`, is not
            there.
        LedgerError: it cannot be opened.
    """
    if path.parent != out and not path.parent.is_dir():
        raise ConfigurationError(f"--ledger {path}: there is no directory {path.parent}")
    async with aclosing(SQLiteLedger(path)) as ledger:
        await ledger.jobs()


def _path(path: str, url: str) -> Path:
    if not path or "\0" in path:
        raise ConfigurationError(f"--ledger {url!r}: names no file")
    return Path(path)

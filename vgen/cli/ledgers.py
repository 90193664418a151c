"""Which ledger `--ledger` means."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

from vgen import SQLiteLedger
from vgen.cli import plugins
from vgen.errors import ConfigurationError
from vgen.ports.ledger import CostLedger

FILE_NAME = "vgen.db"
"""The ledger's file in the output directory, where `--ledger` names no other."""


def ledger_of(url: str | None, out: Path) -> CostLedger:
    """Make the ledger that is meant: a SQLite file, or what a plug-in has for the URL's scheme.

    Raises:
        ConfigurationError: there is no such kind of ledger, or no path.
    """
    path = ledger_path(url, out)
    if path is not None:
        return SQLiteLedger(path)
    made = plugins.by_scheme("ledger", str(url), besides="a path or sqlite:PATH")
    if not isinstance(made, CostLedger):
        raise ConfigurationError(f"--ledger: the plug-in makes a {type(made).__name__}")
    return made


def ledger_path(url: str | None, out: Path) -> Path | None:
    """Give the SQLite file that is meant: a path, `sqlite:PATH`, `sqlite:///PATH` or the default.

    `None` where another kind of ledger is meant.

    Raises:
        ConfigurationError: there is no path.
    """
    if url is None:
        return out / FILE_NAME
    scheme = plugins.SCHEME.fullmatch(url)
    if scheme is None:
        return _path(url, url)
    if scheme[1].lower() != "sqlite":
        return None
    path = scheme[2].removeprefix("///")
    if path.startswith("//"):
        raise ConfigurationError(f"--ledger {url}: give a path or sqlite:///PATH, without a host")
    return _path(path, url)


async def check_ledger(url: str | None, out: Path) -> None:
    """Make sure that a job could be written down there, without writing anything.

    Raises:
        ConfigurationError: it is no ledger, or the directory of its file, which is not `out`, is
            not there.
        LedgerError: it cannot be opened.
    """
    path = ledger_path(url, out)
    if path is not None and path.parent != out and not path.parent.is_dir():
        raise ConfigurationError(f"--ledger {path}: there is no directory {path.parent}")
    async with aclosing(ledger_of(url, out)) as ledger:
        await ledger.jobs()


def _path(path: str, url: str) -> Path:
    if not path or "\0" in path:
        raise ConfigurationError(f"--ledger {url!r}: names no file")
    return Path(path)

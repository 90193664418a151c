"""Which ledger `--ledger` means."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from uuid import UUID

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


def standing_ledger(url: str | None, out: Path) -> CostLedger:
    """Make the ledger that is meant, and must be there.

    Raises:
        ConfigurationError: there is none.
    """
    path = ledger_path(url, out)
    if path is not None and (not path.is_file() or not path.stat().st_size):
        raise ConfigurationError(f"{path}: there is no ledger; --ledger names another")
    return ledger_of(url, out)


def named_job(known: Sequence[UUID], start: str) -> UUID:
    """Give the job whose id begins so.

    Raises:
        ConfigurationError: there is none, or more than one.
    """
    named = [job_id for job_id in known if str(job_id).startswith(start.lower())]
    if len(named) != 1:
        how_many = f"{len(named)} jobs that begin" if named else "no job that begins"
        raise ConfigurationError(f"the ledger holds {how_many} with {start}")
    return named[0]


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

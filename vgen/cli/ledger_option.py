"""The ledger that `--ledger` names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from vgen import SQLiteLedger
from vgen.cli import plugins
from vgen.errors import ConfigurationError, NotFoundError
from vgen.ports.ledger import CostLedger
from vgen.records.books import JobQuery

FILE_NAME = "vgen.db"
"""The ledger's default file name, in the output directory."""


def make_ledger(url: str | None, out: Path) -> CostLedger:
    """Return the ledger that `--ledger` names: a SQLite file, or a plug-in's by its scheme.

    Raises:
        ConfigurationError: no plug-in has this scheme, or the path is missing.
    """
    path = ledger_path(url, out)
    if path is not None:
        return SQLiteLedger(path)
    made = plugins.by_scheme("ledger", str(url), builtin="a path or sqlite:PATH")
    if not isinstance(made, CostLedger):
        raise ConfigurationError(f"--ledger: the plug-in makes a {type(made).__name__}")
    return made


def existing_ledger(url: str | None, out: Path) -> CostLedger:
    """Return the ledger that `--ledger` names; a SQLite file must exist.

    Raises:
        ConfigurationError: the file is missing or empty.
    """
    path = ledger_path(url, out)
    if path is not None and (not path.is_file() or not path.stat().st_size):
        raise ConfigurationError(
            f"{path}: there is no ledger; name one with --ledger, or its folder with --out"
        )
    return make_ledger(url, out)


def id_by_prefix(known: Sequence[UUID], start: str, what: str) -> UUID:
    """Return the one id that starts with `start`; `what` it is the id of is for the errors.

    Raises:
        NotFoundError: there is none.
        ConfigurationError: there are several.
    """
    named = [each for each in known if str(each).startswith(start.lower())]
    if not named:
        raise NotFoundError(f"the ledger has no {what} that begins with {start}")
    if len(named) > 1:
        raise ConfigurationError(f"the ledger has {len(named)} {what}s that begin with {start}")
    return named[0]


async def job_by_prefix(ledger: CostLedger, start: str) -> UUID:
    """Return the id of the one job whose id starts with `start`.

    Raises:
        NotFoundError: there is none.
        ConfigurationError: there are several.
    """
    found = await ledger.jobs(JobQuery(prefix=start.lower()))
    return id_by_prefix([job.job_id for job in found], start, "job")


def ledger_path(url: str | None, out: Path) -> Path | None:
    """Return the SQLite file: a path, `sqlite:PATH`, `sqlite:///PATH` or the default.

    `None` for any other kind of ledger.

    Raises:
        ConfigurationError: the path is missing or invalid.
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


def checked_ledger(url: str | None, out: Path) -> CostLedger:
    """Return the ledger that `--ledger` names; its directory exists, unless that is `out`.

    Raises:
        ConfigurationError: its directory is missing, or no plug-in has its scheme.
    """
    path = ledger_path(url, out)
    if path is not None and path.parent != out and not path.parent.is_dir():
        raise ConfigurationError(f"--ledger {path}: there is no directory {path.parent}")
    return make_ledger(url, out)


def _path(path: str, url: str) -> Path:
    if not path or "\0" in path:
        raise ConfigurationError(f"--ledger {url!r}: names no file")
    return Path(path)

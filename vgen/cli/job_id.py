"""Choose the job id: the one asked for, the one in the output directory, or a new one."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from uuid import UUID, uuid4

from vgen import Clips, SQLiteLedger, from_json
from vgen.cli.ledger_option import FILE_NAME
from vgen.errors import ConfigurationError

CLIPS_FILE = "clips.json"


async def choose_job_id(*, in_file: UUID | None, option: UUID | None, out: Path) -> UUID:
    """Return the id from the prompts file or `--job-id`, else the directory's, else a new one.

    Raises:
        ConfigurationError: the prompts file and `--job-id` differ, or the directory holds another
            job, whose clips would be overwritten.
    """
    if in_file is not None and option is not None and in_file != option:
        raise ConfigurationError(f"job_id: the file says {in_file}, but --job-id says {option}")
    asked, existing = option or in_file, await job_id_in(out)
    if asked is not None and existing is not None and asked != existing:
        raise ConfigurationError(
            f"{out}: holds the clips of job {existing}, "
            f"which those of job {asked} would overwrite: choose another --out"
        )
    return asked or existing or uuid4()


async def job_id_in(out: Path) -> UUID | None:
    """Return the id of the job in a directory, by its `clips.json`, else by its ledger.

    Raises:
        ConfigurationError: its `clips.json` cannot be read, or was not written by vgen.
        LedgerError: its ledger cannot be read.
    """
    record = out / CLIPS_FILE
    try:
        return from_json(record.read_text("utf-8"), Clips).job_id
    except (FileNotFoundError, NotADirectoryError):
        return await _newest_job(out / FILE_NAME)
    except OSError as error:
        raise ConfigurationError(f"{record}: {error.strerror}") from error
    except Exception as error:
        raise ConfigurationError(
            f"{record}: was not written by vgen, and would be overwritten: choose another --out"
        ) from error


async def _newest_job(ledger_file: Path) -> UUID | None:
    async with aclosing(SQLiteLedger(ledger_file)) as ledger:
        jobs = await ledger.jobs()
    return jobs[-1] if jobs else None

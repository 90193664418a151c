"""Which job is meant: the one asked for, the one that the output directory holds, or a new one."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from uuid import UUID, uuid4

from vgen import Clips, SQLiteLedger, from_json
from vgen.cli.ledgers import FILE_NAME
from vgen.errors import ConfigurationError

CLIPS_FILE = "clips.json"


async def which_job(*, in_file: UUID | None, option: UUID | None, out: Path) -> UUID:
    """Decide the job's id.

    Raises:
        ConfigurationError: the prompts file and `--job-id` name two jobs, or the directory holds
            another one than was asked for, whose clips would be overwritten.
    """
    if in_file is not None and option is not None and in_file != option:
        raise ConfigurationError(f"job_id: the file says {in_file}, but --job-id says {option}")
    asked, held = option or in_file, await job_in(out)
    if asked is not None and held is not None and asked != held:
        raise ConfigurationError(
            f"{out}: holds the clips of job {held}, which those of job {asked} would overwrite: "
            "choose another --out"
        )
    return asked or held or uuid4()


async def job_in(out: Path) -> UUID | None:
    """Give the job that a directory holds, by its record of clips, else by its ledger.

    Raises:
        ConfigurationError: what lies there under the record's name is something else.
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
            f"{record}: is no record of clips, and would be overwritten: choose another --out"
        ) from error


async def _newest_job(ledger_file: Path) -> UUID | None:
    async with aclosing(SQLiteLedger(ledger_file)) as ledger:
        jobs = await ledger.jobs()
    return jobs[-1] if jobs else None

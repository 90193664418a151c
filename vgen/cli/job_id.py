"""Choose the job id: the one asked for, the one in the output directory, or a new one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from uuid import UUID, uuid4

from vgen import ClipPrompt, Clips, SQLiteLedger, from_json
from vgen.cli.ledger_option import FILE_NAME
from vgen.decisions.terms import is_unrelated
from vgen.errors import ConfigurationError
from vgen.records.books import JobQuery
from vgen.records.job import Job

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


def check_related(prompts: Sequence[ClipPrompt], job: Job, out: Path) -> None:
    """Check that prompts without a job id are those of the job that the directory holds.

    Raises:
        ConfigurationError: none of them is; all clips of the job would be replaced.
    """
    if is_unrelated(prompts, job):
        job_id = job.manifest.job_id
        raise ConfigurationError(
            f"{out}: holds the clips of job {job_id}, and none of these prompts is one of its: "
            f"choose another --out, or replace its clips with --job-id {job_id}"
        )


async def job_id_in(out: Path) -> UUID | None:
    """Return the id of the job in a directory, by its `clips.json`, else by its ledger.

    Raises:
        ConfigurationError: its `clips.json` cannot be read, or was not written by vgen.
        LedgerError: its ledger cannot be read.
    """
    record = read_record(out)
    return record.job_id if record else await _newest_job(out / FILE_NAME)


def read_record(out: Path) -> Clips | None:
    """Return a directory's `clips.json`, if it has one.

    Raises:
        ConfigurationError: it cannot be read, or was not written by vgen.
    """
    record = out / CLIPS_FILE
    try:
        return from_json(record.read_text("utf-8"), Clips)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigurationError(f"{record}: {error.strerror}") from error
    except Exception as error:
        raise ConfigurationError(
            f"{record}: was not written by vgen, and would be overwritten: choose another --out"
        ) from error


async def _newest_job(ledger_file: Path) -> UUID | None:
    async with aclosing(SQLiteLedger(ledger_file)) as ledger:
        newest = await ledger.jobs(JobQuery(limit=1))
    return newest[0].job_id if newest else None

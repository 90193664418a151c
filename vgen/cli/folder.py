"""What an output directory holds, and the refusal to replace what was paid for and is not known."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

import trio
from attrs import frozen

from vgen import Clip, ClipFailure, ClipPrompt, Clips
from vgen.cli.generate_options import PlanOptions
from vgen.cli.job_id import choose_job_id, read_record
from vgen.cli.ledger_option import checked_ledger
from vgen.cli.storage_option import SPOOL, ClipStorage
from vgen.cli.text import dollars
from vgen.decisions.known import may_be_billed, paid_clips, unknown_cost, unknown_outcomes
from vgen.drive.attempt.keys import possible_keys
from vgen.errors import ConfigurationError
from vgen.ports.ledger import CostLedger
from vgen.records.container import MEDIA_TYPES
from vgen.records.job import Job
from vgen.records.money import ZERO


@frozen
class Folder:
    """A job as its directory and its ledger have it.

    `record` is its `clips.json`, `strays` are clips in the spool that the ledger does not know.
    """

    out: Path
    job_id: UUID
    record: Clips | None
    job: Job | None
    strays: tuple[Path, ...]

    @property
    def unknown_paid(self) -> Decimal:
        """What was paid and is not in the ledger, in US dollars."""
        return sum((unknown_cost(outcome, self.job) for outcome in self.unknown), ZERO)

    @property
    def spent(self) -> Decimal:
        """What the ledger has as spent, in US dollars."""
        return self.job.account.spent if self.job else ZERO

    @property
    def unknown(self) -> tuple[Clip | ClipFailure, ...]:
        """What was paid for, and is not in the ledger."""
        return unknown_outcomes(self.record, self.job) if self.record else ()


async def read_folder(options: PlanOptions, in_file: UUID | None) -> Folder:
    """Return the job that is asked for, or else that of the directory; nothing is written.

    Raises:
        ConfigurationError: its id is contradicted, or a file is none of vgen's.
        LedgerError: the ledger cannot be read.
    """
    job_id = await choose_job_id(in_file=in_file, option=options.job_id, out=options.out)
    async with aclosing(checked_ledger(options.ledger, options.out)) as ledger:
        job = await ledger.job(job_id)
        strays = await _strays(options.out / SPOOL, ledger)
    return Folder(options.out, job_id, read_record(options.out), job, strays)


async def _strays(spool: Path, ledger: CostLedger) -> tuple[Path, ...]:
    strays: list[Path] = []
    for path in sorted(await trio.Path(spool).glob("*")):
        attempt_id = _uuid(path.stem) if path.suffix in MEDIA_TYPES else None
        if attempt_id is not None and await ledger.attempt(attempt_id) is None:
            strays.append(Path(path))
    return tuple(strays)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def check_folder(
    folder: Folder,
    prompts: Sequence[ClipPrompt],
    storage: ClipStorage,
    options: PlanOptions,
    *,
    adopt: bool = False,
) -> None:
    """Check that nothing that was paid for would be replaced, or paid for again, unknown.

    Raises:
        ConfigurationError: it would be; says what and the ways on.
    """
    if folder.strays:
        raise ConfigurationError(
            f"{folder.strays[0]}: is a finished clip that the ledger does not know: name its "
            "ledger with --ledger, or move it away"
        )
    if folder.unknown:
        _refuse_unknown(folder, adopt=adopt)
    if folder.record is None and folder.job is None and options.storage is None:
        await _refuse_foreign(folder, prompts, storage)
    if folder.job is not None:
        await _refuse_elsewhere(folder.job, prompts, storage)


def _refuse_unknown(folder: Folder, *, adopt: bool) -> None:
    paid = folder.unknown_paid
    what = f"{folder.out}: the ledger does not know {dollars(paid)} that its clips.json has as paid"
    running = sum(may_be_billed(outcome) for outcome in folder.unknown)
    if running:
        what += f", and {running} attempts that may still be billed"
    if folder.job is not None and any(a.sent and a.is_open for a in folder.job.attempts):
        raise ConfigurationError(f"{what}: ask the providers first, by vgen ledger reconcile")
    if not adopt:
        raise ConfigurationError(
            f"{what}: name its own ledger with --ledger, or have the clips written down and kept "
            f"with --adopt and a --budget of {dollars(folder.spent + paid)} or more, or choose "
            "another --out"
        )


async def _refuse_foreign(
    folder: Folder, prompts: Sequence[ClipPrompt], storage: ClipStorage
) -> None:
    keys = [storage.key(folder.job_id, prompt.clip_index) for prompt in prompts]
    for place in [place for key in keys for place in possible_keys(key)]:
        if await storage.stat(place) is not None:
            raise ConfigurationError(
                f"{folder.out / place}: is there, and neither a clips.json nor the ledger knows "
                "it: name its ledger with --ledger, or choose another --out"
            )


async def _refuse_elsewhere(job: Job, prompts: Sequence[ClipPrompt], storage: ClipStorage) -> None:
    indexes = {prompt.clip_index for prompt in prompts}
    for clip in sorted(paid_clips(job), key=lambda clip: clip.clip_index):
        file = _local_file(clip.video_url)
        if clip.clip_index not in indexes or file is None or not file.is_file():
            continue
        if await storage.stat(clip.reference) is None:
            raise ConfigurationError(
                f"{file}: is a paid clip of this job, which would be made and paid for again in "
                f"{storage.location}: choose its directory as --out, or copy its clips there"
            )


def _local_file(url: str) -> Path | None:
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None

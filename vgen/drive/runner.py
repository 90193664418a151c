"""The runner: many jobs on shared limits, each in a nursery of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import trio
from attrs import frozen

from vgen.drive import orphans, steps
from vgen.drive.bare import bare_errors
from vgen.drive.claims import last_words
from vgen.drive.images import Images
from vgen.drive.job import JobRun
from vgen.drive.kit import Kit
from vgen.drive.orphans import Reconciled
from vgen.drive.planning import Order, first_holds, plan_job, read_images, too_few
from vgen.errors import ConfigurationError, InsufficientClipsError, InvalidPromptsError
from vgen.ports.events import JobFinished, JobOpened
from vgen.records.attempt import Attempt
from vgen.records.clip import Clip, ClipFailure, Clips
from vgen.records.job import Job, Manifest
from vgen.records.money import FREE
from vgen.records.prompt import ClipPrompt, ClipPrompts


@frozen
class Statistics:
    """A runner at one moment: attempts in flight and waiting, clips being fetched and stored."""

    in_flight: int
    waiting: int
    fetching: int
    storing: int


class Runner:
    """Makes clips; opened by `open_runner`.

    A job is `process`, or its three steps from any machines that share the ledger:
    `open_job`, `run_clip` for each clip, `conclude`.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def __repr__(self) -> str:
        """Say what it is at."""
        now = self.statistics()
        return f"<Runner: {now.in_flight} in flight, {now.waiting} waiting>"

    def statistics(self) -> Statistics:
        """Say how much is in flight, and how much waits for a place."""
        limiter = self._kit.limiter.statistics()
        return Statistics(
            in_flight=limiter.borrowed_tokens,
            waiting=limiter.tasks_waiting,
            fetching=self._kit.fetching.borrowed_tokens,
            storing=self._kit.storing.borrowed_tokens,
        )

    async def process(
        self,
        job_id: UUID,
        clip_prompts: ClipPrompts | Sequence[ClipPrompt],
        *,
        budget: Decimal = FREE,
        already_spent: Decimal = FREE,
        min_clips: int = 3,
        redo: Collection[int] = (),
    ) -> Clips:
        """Make a job's clips, or finish what an earlier run of it has begun.

        `budget` is the most the job may spend, in US dollars, of which the caller has
        `already_spent` some; without one, only free backends can be used. The clips of the indexes
        `redo` are made anew though they are stored. When cancelled, what is in flight is cancelled
        at its provider within the grace period, and written down.

        Raises:
            InvalidPromptsError: the input is wrong; nothing was sent.
            BudgetExceededError: the first attempts do not fit the budget; nothing was sent.
            InsufficientClipsError: fewer than `min_clips` clips were made; carries them.
            AccountError: fewer were made because a provider refuses the account.
            LedgerError: what happens could not be written down.
        """
        began = trio.current_time()
        order = Order(budget, already_spent, min_clips, redo)
        job = await self._open(job_id, clip_prompts, order)
        try:
            with bare_errors():
                async with trio.open_nursery() as nursery:
                    for planned in job.manifest.clips:
                        nursery.start_soon(steps.run_clip, job, planned)
        except BaseException:
            grace = self._kit.settings.grace
            async with last_words(f"job {job_id} stays open", grace=grace):
                await self._kit.ledger.conclude(job_id, "interrupted")
            raise
        seconds = trio.current_time() - began
        try:
            return await self._conclude(job_id, job.failures, seconds)
        except InsufficientClipsError as error:
            if job.account_error is None:
                raise
            job.account_error.clips = error.clips
            raise job.account_error from None

    async def open_job(
        self,
        job_id: UUID,
        clip_prompts: ClipPrompts | Sequence[ClipPrompt],
        *,
        budget: Decimal = FREE,
        already_spent: Decimal = FREE,
        min_clips: int = 3,
        redo: Collection[int] = (),
    ) -> Manifest:
        """Validate a job, price it, hold the money for its first attempts, write it down.

        Arguments and errors are those of `process`; nothing is sent.
        """
        order = Order(budget, already_spent, min_clips, redo)
        job = await self._open(job_id, clip_prompts, order)
        return job.manifest

    async def run_clip(self, job_id: UUID, clip_index: int) -> Clip | ClipFailure:
        """Finish one clip of an opened job: keep it, carry it on or make it.

        Raises:
            ConfigurationError: the ledger has no such job or clip.
            LedgerError: what happens could not be written down.
        """
        manifest = (await self._known(job_id)).manifest
        try:
            planned = manifest.clip(clip_index)
        except KeyError:
            raise ConfigurationError(f"job {job_id} has no clip {clip_index}") from None
        return await steps.run_clip(JobRun(self._kit, self._images(), manifest), planned)

    async def conclude(self, job_id: UUID) -> Clips:
        """Count an opened job's clips, release what was never sent, and hand the clips over.

        Their `total_generation_time` is the sum of the clips' own.

        Raises:
            InsufficientClipsError: fewer than the job's `min_clips`; carries what was made.
            ConfigurationError: the ledger has no such job.
        """
        return await self._conclude(job_id, {}, None)

    async def doubts(self) -> tuple[Attempt, ...]:
        """Give the attempts of all jobs that were sent and can still move, oldest first.

        Those that are in flight now are among them.
        """
        return await self._kit.ledger.unsettled()

    async def reconcile(self, job_id: UUID | None = None) -> tuple[Reconciled, ...]:
        """Ask the providers after what processes have left open, of one job or of all.

        Settles what has ended, stores what has succeeded, releases what never arrived. What still
        runs, or is being worked on, stays as it is. Meant for a service's start.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        return await orphans.reconcile(self._kit, job_id)

    async def resolve(self, attempt_id: UUID, *, paid: bool) -> Attempt:
        """Write down what a person has found out about an attempt in doubt, or written off.

        `paid` counts as spent with its whole hold; otherwise its money is free again.

        Raises:
            ConfigurationError: there is no such attempt, or nothing of it is in doubt.
            LedgerError: another process is working on its clip.
        """
        kit = self._kit
        return await orphans.resolve(kit.ledger, attempt_id, paid=paid, owner=kit.owner)

    async def cancel(self, job_id: UUID) -> tuple[Reconciled, ...]:
        """Stop a job wherever it runs, and cancel what is open of it at its providers.

        Whoever runs it gets `JobStoppedError` within 20 seconds. Clips that succeeded all the same
        are stored. The same job again finishes it.

        Raises:
            LedgerError: the ledger has no such job, or cannot be reached.
        """
        return await orphans.call_job_off(self._kit, job_id)

    async def _open(
        self,
        job_id: UUID,
        clip_prompts: ClipPrompts | Sequence[ClipPrompt],
        order: Order,
    ) -> JobRun:
        given = clip_prompts if isinstance(clip_prompts, ClipPrompts) else ClipPrompts(clip_prompts)
        kit, prompts = self._kit, given.clip_prompts
        problems = too_few(len(prompts), order.min_clips)
        images = self._images()
        found, unreadable = await read_images(images, dict(enumerate(prompts)))
        problems += unreadable
        if problems:
            raise InvalidPromptsError(problems)
        before = await kit.ledger.job(job_id)
        manifest = plan_job(
            job_id, prompts, found, kit.backends, kit.settings, order=order, before=before
        )
        holds = first_holds(manifest, before, kit.backends)
        account = await kit.ledger.open_job(manifest, holds)
        indexes = tuple(planned.clip_index for planned in manifest.clips)
        kit.tell(JobOpened(job_id, indexes, account.held))
        return JobRun(kit, images, manifest)

    async def _conclude(
        self, job_id: UUID, reasons: Mapping[int, ClipFailure], seconds: float | None
    ) -> Clips:
        kit = self._kit
        job = await self._known(job_id)
        if seconds is None:
            made = [a.clip.generation_time for a in job.attempts if a.clip is not None]
            seconds = sum(made)
        clips = await steps.count(job, kit.storage, reasons=reasons, seconds=seconds)
        outcome = f"{clips.successful_clips} of {clips.total_clips} clips"
        await kit.ledger.conclude(job_id, outcome)
        kit.tell(JobFinished(job_id, clips, outcome))
        if clips.successful_clips < job.manifest.min_clips:
            raise InsufficientClipsError(clips, required=job.manifest.min_clips)
        return clips

    async def _known(self, job_id: UUID) -> Job:
        job = await self._kit.ledger.job(job_id)
        if job is None:
            raise ConfigurationError(f"the ledger has no job {job_id}")
        return job

    def _images(self) -> Images:
        kit = self._kit
        return Images(kit.storage, kit.inspector, backoff=kit.settings.backoff)

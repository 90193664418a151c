"""The runner: many jobs on shared limits, each in a nursery of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from uuid import UUID

from attrs import frozen

from vgen.drive import orphans, steps, whole
from vgen.drive.job import JobRun
from vgen.drive.kit import Kit
from vgen.drive.life import Life, counted
from vgen.drive.orphans import Reconciled
from vgen.drive.place import Place, at
from vgen.drive.planning import Order
from vgen.drive.started import StartedJob, started
from vgen.drive.telling import both
from vgen.errors import NotFoundError
from vgen.ports.events import Observer
from vgen.records.attempt import Attempt
from vgen.records.clip import Clip, ClipFailure, Clips
from vgen.records.job import Job, Manifest
from vgen.records.money import ZERO
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

    A job is `process`, or `start` where its events are to be followed, or its three steps from any
    machines that share the ledger: `open_job`, `run_clip` for each clip, `conclude`.

    Any call but `statistics` raises `RuntimeError` once the runner is closed, and where it is made
    from another Trio run or from a thread that runs none.
    """

    def __init__(self, kit: Kit, life: Life) -> None:
        self.life = life
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

    @counted
    async def process(
        self,
        job_id: UUID,
        clip_prompts: ClipPrompts | Sequence[ClipPrompt],
        *,
        budget: Decimal = ZERO,
        already_spent: Decimal = ZERO,
        min_clips: int = 3,
        redo: Collection[int] = (),
        observer: Observer | None = None,
    ) -> Clips:
        """Make a job's clips, or finish what an earlier run of it has begun.

        `budget` is the most the job may spend, in US dollars, of which the caller has
        `already_spent` some; without one, only free backends can be used. The clips of the indexes
        `redo` are made anew though they are stored. An `observer` is told of this job's events,
        after the runner's own. When cancelled, what is in flight is cancelled at its provider
        within the grace period, and written down.

        Raises:
            InvalidPromptsError: the input is wrong; nothing was sent.
            BudgetExceededError: the first attempts do not fit the budget; nothing was sent.
            InsufficientClipsError: fewer than `min_clips` clips were made; carries them.
            AccountRefusedError: fewer were made because a provider refuses the account.
            JobStoppedError: somebody has cancelled the job.
            LedgerError: what happens could not be written down.
        """
        order = Order(budget, already_spent, min_clips, redo)
        kit = self._kit if observer is None else self._kit.also_telling(observer)
        return await whole.process(kit, job_id, clip_prompts, order)

    def start(
        self,
        job_id: UUID,
        clip_prompts: ClipPrompts | Sequence[ClipPrompt],
        *,
        budget: Decimal = ZERO,
        already_spent: Decimal = ZERO,
        min_clips: int = 3,
        redo: Collection[int] = (),
        observer: Observer | None = None,
    ) -> AbstractAsyncContextManager[StartedJob]:
        """Make a job's clips beside an `async with` block, which can follow its events.

        Arguments are those of `process`. The block's end waits for the job, and raises its error
        unless `result` was asked for; a block that raises or is cancelled cancels the job first.
        """

        async def process(mailbox: Observer) -> Clips:
            told = mailbox if observer is None else both(observer, mailbox)
            return await self.process(
                job_id,
                clip_prompts,
                budget=budget,
                already_spent=already_spent,
                min_clips=min_clips,
                redo=redo,
                observer=told,
            )

        return started(job_id, process)

    @counted
    async def open_job(
        self,
        job_id: UUID,
        clip_prompts: ClipPrompts | Sequence[ClipPrompt],
        *,
        budget: Decimal = ZERO,
        already_spent: Decimal = ZERO,
        min_clips: int = 3,
        redo: Collection[int] = (),
    ) -> Manifest:
        """Validate a job, price it, hold the money for its first attempts, write it down.

        Arguments and errors are those of `process`; nothing is sent.
        """
        order = Order(budget, already_spent, min_clips, redo)
        with at(Place(job_id)):
            return (await whole.open_job(self._kit, job_id, clip_prompts, order)).manifest

    @counted
    async def run_clip(self, job_id: UUID, clip_index: int) -> Clip | ClipFailure:
        """Finish one clip of an opened job: keep it, carry it on or make it.

        Raises:
            NotFoundError: the ledger has no such job or clip.
            LedgerError: what happens could not be written down.
        """
        manifest = (await whole.known(self._kit, job_id)).manifest
        try:
            planned = manifest.clip(clip_index)
        except KeyError:
            raise NotFoundError(f"job {job_id} has no clip {clip_index}") from None
        job = JobRun(self._kit, whole.images_for(self._kit), manifest)
        return await steps.run_clip(job, planned)

    @counted
    async def conclude(self, job_id: UUID) -> Clips:
        """Count an opened job's clips, release what was never sent, and hand the clips over.

        Their `total_generation_time` is the sum of the clips' own.

        Raises:
            InsufficientClipsError: fewer than the job's `min_clips`; carries what was made.
            NotFoundError: the ledger has no such job.
        """
        with at(Place(job_id)):
            return await whole.conclude(self._kit, job_id, {}, None)

    @counted
    async def job(self, job_id: UUID) -> Job | None:
        """Give a job as the ledger has it, its money and its attempts; `None` if there is none.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        return await self._kit.ledger.job(job_id)

    @counted
    async def unsettled(self) -> tuple[Attempt, ...]:
        """Give the attempts of all jobs that were sent and can still move, oldest first.

        Those that are in flight now are among them.
        """
        return await self._kit.ledger.unsettled()

    @counted
    async def reconcile(self, job_id: UUID | None = None) -> tuple[Reconciled, ...]:
        """Ask the providers after what processes have left open, of one job or of all.

        Settles what has ended, stores what has succeeded, releases what never arrived. What still
        runs, or is being worked on, stays as it is. Meant for a service's start.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        return await orphans.reconcile(self._kit, job_id)

    @counted
    async def resolve(self, attempt_id: UUID, *, paid: bool) -> Attempt:
        """Write down what a person has found out about an attempt in doubt, or written off.

        `paid` counts as spent with its whole hold; otherwise its money is free again.

        Raises:
            NotFoundError: there is no such attempt.
            ConfigurationError: nothing of it is in doubt.
            LedgerError: another process is working on its clip.
        """
        kit = self._kit
        return await orphans.resolve(kit.ledger, attempt_id, paid=paid, owner=kit.owner)

    @counted
    async def cancel(self, job_id: UUID) -> tuple[Reconciled, ...]:
        """Stop a job wherever it runs, and cancel what is open of it at its providers.

        Whoever runs it gets `JobStoppedError`: on this runner at once, elsewhere within 20 seconds.
        Clips that succeeded all the same are stored. The same job again finishes it. A job that has
        ended stays as it is.

        Raises:
            NotFoundError: the ledger has no such job.
            LedgerError: the ledger cannot be reached.
        """
        with at(Place(job_id)):
            return await orphans.call_job_off(self._kit, job_id)

"""The runner: many jobs on shared limits, each in a nursery of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Unpack
from uuid import UUID, uuid4

from attrs import frozen

from vgen.decisions.resolution import Word
from vgen.drive.job import pipeline, plan
from vgen.drive.job.context import JobContext
from vgen.drive.job.options import JobKeywords, JobOptions
from vgen.drive.job.queue import ClipQueue, run_clips
from vgen.drive.observe.log_context import LogContext, log_context
from vgen.drive.observe.observers import both
from vgen.drive.runner import reconcile, resolve, takes, webhooks
from vgen.drive.runner.calls import CallTracker, tracked
from vgen.drive.runner.reconcile import Reconciled
from vgen.drive.runner.started_job import StartedJob, started
from vgen.ports.events import Observer
from vgen.ports.ledger import EVERY_JOB
from vgen.records.attempt import Attempt
from vgen.records.books import JobQuery, JobSummary, Spending, SpendingKey
from vgen.records.clip import Clip, ClipFailure, Clips
from vgen.records.job import Job, Manifest
from vgen.records.plan import JobPlan
from vgen.records.prompt import ClipPrompt, ClipPrompts
from vgen.records.take import Take


@frozen
class AccountUse:
    """What an account was sent in the last minute, and for how many seconds it is left alone."""

    submits: int
    calls: int
    paused: float


@frozen
class Statistics:
    """A runner now: attempts in flight and waiting for a slot, clips being fetched and stored.

    `accounts` has what each provider's account is asked, by its name.
    """

    in_flight: int
    waiting: int
    fetching: int
    storing: int
    accounts: Mapping[str, AccountUse]


class Runner:
    """Makes clips; opened by `open_runner`.

    A job is `process`, or `start` where its events are to be followed, or its three steps from any
    machines that share the ledger: `open_job`, `run_clip` for each clip, `conclude`.

    Any call but `statistics` raises `RuntimeError` once the runner is closed, and where it is made
    from another Trio run or from a thread that runs none.
    """

    def __init__(self, context: JobContext, calls: CallTracker) -> None:
        self.calls = calls
        self._context = context

    def __repr__(self) -> str:
        """Name the attempts in flight and waiting."""
        now = self.statistics()
        return f"<Runner: {now.in_flight} in flight, {now.waiting} waiting>"

    def statistics(self) -> Statistics:
        """Return how much is in flight, and how much waits for a slot."""
        flight, delivery = self._context.flight, self._context.delivery
        return Statistics(
            in_flight=flight.runner.borrowed_tokens,
            waiting=flight.in_flight.waiting + flight.getting_ready.not_begun,
            fetching=delivery.downloads.borrowed_tokens,
            storing=delivery.writes.borrowed_tokens,
            accounts={
                name: AccountUse(
                    pace.submits.in_last_minute, pace.calls.in_last_minute, pace.pause()
                )
                for name, pace in flight.paces.items()
            },
        )

    @tracked
    async def process(
        self,
        job_id: UUID,
        clip_prompts: ClipPrompts | Sequence[ClipPrompt],
        *,
        observer: Observer | None = None,
        **options: Unpack[JobKeywords],
    ) -> Clips:
        """Make a job's clips, or finish what an earlier run of it has begun.

        When cancelled, what is in flight is cancelled at its provider within the grace period, and
        written down. An `observer` is called for this job's events, after the runner's own.

        Keyword Args:
            budget: the most the job may spend, in US dollars; by default that of the run before,
                for a new job zero: only free backends can be used.
            already_spent: what the caller has spent of it, in US dollars.
            purses: limits in US dollars that the job shares with all others that name the same
                purse, by its name, such as `{"user-42/2026-11": Decimal(20)}`; by default those of
                the run before.
            min_clips: how many clips must be made for the job to succeed, 3 by default.
            redo: indexes of clips that are made anew though they are stored.
            fall_back_on: for which reasons a clip goes on with the next backend of its route; by
                default, for any.
            rerolls: how often, on each backend and within `Settings.attempts`, a clip is made anew
                that the provider's filter has refused; a refused prompt is not sent there again.
            lengths_of: the backends that the clips will be made on later: previews are drawn in the
                lengths that they would make. They need not be open.
            priority: from 0 to 9: clips of a job with a higher one are sent first. Jobs of one
                priority share the slots, however many clips each has.
            name, folder: what people know the job by, and where its clips are: for lists of jobs.

        Raises:
            InvalidPromptsError: the input is wrong, or a clip that was paid for would be replaced
                on a route without a paid backend; nothing was sent.
            BudgetExceededError: the budget or a purse is too small for what is still to be made;
                names what would be enough. Nothing was sent.
            InsufficientClipsError: fewer than `min_clips` clips were made; carries them.
            AccountRefusedError: fewer were made because a provider refuses the account.
            StorageError: a clip could not be written to its place; nothing was sent.
            JobStoppedError: somebody has cancelled the job.
            JobReopenedError: another call has opened the job anew with other prompts, and makes it.
            LedgerError: what happens could not be written down.
        """
        context = self._context if observer is None else self._context.with_observer(observer)
        return await pipeline.process(context, job_id, clip_prompts, JobOptions(**options))

    def start(
        self,
        job_id: UUID,
        clip_prompts: ClipPrompts | Sequence[ClipPrompt],
        *,
        observer: Observer | None = None,
        **options: Unpack[JobKeywords],
    ) -> AbstractAsyncContextManager[StartedJob]:
        """Make a job's clips beside an `async with` block, which can follow its events.

        Arguments are those of `process`. On exit the block waits for the job, and raises its error
        unless `result` was asked for; a block that raises or is cancelled cancels the job first.
        """

        async def run(queue: Observer) -> Clips:
            observe = queue if observer is None else both(observer, queue)
            return await self.process(job_id, clip_prompts, observer=observe, **options)

        return started(job_id, run)

    @tracked
    async def plan(
        self,
        clip_prompts: ClipPrompts | Sequence[ClipPrompt],
        *,
        job_id: UUID | None = None,
        **options: Unpack[JobKeywords],
    ) -> JobPlan:
        """Return what a job would come to; nothing is sent, and nothing written.

        With the `job_id` of a job that the ledger has, what its next run would. The other arguments
        and errors are those of `process`, but for a budget that is too small: the plan says so.
        Without a budget it is planned as if there was money enough. What is known of the backends
        comes from the ledger; the job is played some hundred times, in a second or less.
        """
        given = pipeline.as_prompts(clip_prompts)
        tools = self._context.draft_tools()
        return await plan.plan(tools, job_id or uuid4(), given, JobOptions(**options))

    @tracked
    async def open_job(
        self,
        job_id: UUID,
        clip_prompts: ClipPrompts | Sequence[ClipPrompt],
        **options: Unpack[JobKeywords],
    ) -> Manifest:
        """Validate and price a job, check that its limits allow what it needs, and write it down.

        Arguments and errors are those of `process`; nothing is sent.
        """
        with log_context(LogContext(job_id)):
            opened, _ = await pipeline.open_job(
                self._context, job_id, clip_prompts, JobOptions(**options)
            )
            return opened.manifest

    @tracked
    async def run_clip(self, job_id: UUID, clip_index: int) -> Clip | ClipFailure:
        """Keep, resume or make one clip of an opened job, or return why it is missing.

        Raises:
            NotFoundError: the ledger has no such job or clip.
            JobStoppedError, JobReopenedError: it was stopped, or opened anew, meanwhile.
            LedgerError: what happens could not be written down.
        """
        context = self._context
        clip = await pipeline.known_clip(context.attempts.ledger, job_id, clip_index)
        clips = context.clips(clip.manifest, context.images(), total=clip.total)
        queue = ClipQueue.of(clips, clip.manifest.clips, to_send=[clip_index])
        return (await run_clips(clips, queue))[clip_index]

    @tracked
    async def conclude(self, job_id: UUID) -> Clips:
        """Count an opened job's clips, release what was never sent, and return the clips.

        Their `total_generation_time` is the sum of the clips' own.

        Raises:
            InsufficientClipsError: fewer than the job's `min_clips`; carries what was made.
            NotFoundError: the ledger has no such job.
        """
        with log_context(LogContext(job_id)):
            return await pipeline.conclude(self._context, job_id)

    @tracked
    async def job(self, job_id: UUID) -> Job | None:
        """Return a job as the ledger has it, its money and its attempts; `None` if there is none.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        return await self._context.attempts.ledger.job(job_id)

    @tracked
    async def jobs(self, query: JobQuery = EVERY_JOB) -> tuple[JobSummary, ...]:
        """Return a page of the ledger's jobs, those opened last first, filtered by a query.

        Another page follows where this one has `query.limit` jobs: ask for those `after` its last.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        return await self._context.attempts.ledger.jobs(query)

    @tracked
    async def spending(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        by: Collection[SpendingKey] = (),
    ) -> tuple[Spending, ...]:
        """Return what all jobs have spent from `since` on and before `until`, summed up `by` keys.

        What counts is when a bill was booked. Days are those of UTC.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        return await self._context.attempts.ledger.spending(since, until, by)

    @tracked
    async def unsettled(self) -> tuple[Attempt, ...]:
        """Return the attempts of all jobs that were sent and are not closed yet, oldest first.

        Those that are in flight now are among them.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        return await self._context.attempts.ledger.unsettled()

    @tracked
    async def reconcile(self, job_id: UUID | None = None) -> tuple[Reconciled, ...]:
        """Ask the providers about attempts that processes have left open, of one job or of all.

        Settles what has ended, stores what has succeeded, releases what never arrived. What still
        runs, or is worked on elsewhere, stays as it is. Meant for a service's start.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        return await reconcile.reconcile(self._context, job_id)

    @tracked
    async def resolve(self, attempt_id: UUID, word: Word) -> Attempt:
        """Close an attempt on a person's word, wherever it stands; its clip may be made anew.

        With "unpaid" its money is free again. With "paid" or "lost" the bill counts as spent, or
        the whole hold where no bill is known. What was written off or lost before can still turn
        out "unpaid". Its provider is not asked: cancel its job first if it may still run.

        Raises:
            NotFoundError: there is no such attempt.
            ConfigurationError: it was never sent, or is closed: stored, failed or released.
            LedgerError: another process is working on its clip.
        """
        return await resolve.resolve(self._context.claims, attempt_id, word)

    @tracked
    async def takes(self, job_id: UUID, clip_index: int | None = None) -> tuple[Take, ...]:
        """Return the stored takes of one clip of a job, or of all its clips, oldest first.

        Every take that was stored stays, until its file is deleted.

        Raises:
            NotFoundError: the ledger has no such job or clip.
            LedgerError: the ledger cannot be read.
        """
        return await takes.list_takes(self._context, job_id, clip_index)

    @tracked
    async def choose(self, job_id: UUID, clip_index: int, take: int) -> Take:
        """Make a stored take the clip, by its number: its file takes the place of the clip's.

        It stays the clip as long as the same is asked for; a redo makes a further take.

        Raises:
            NotFoundError: the ledger has no such job, clip or take.
            StorageError: the take's file is gone, or cannot be copied now.
            LedgerError: another process is working on the clip.
        """
        with log_context(LogContext(job_id, clip_index)):
            return await takes.choose_take(self._context, job_id, clip_index, take)

    @tracked
    async def receive_webhook(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a provider's webhook: its attempt is asked after at once, wherever it is waited for.

        On this runner that is now, on any other that shares the ledger within a second or two. The
        `body` is that of the request, byte for byte; nothing else that it says is believed. Returns
        whether the message is new: one that was taken before has no effect.

        Raises:
            WebhookRefusedError: no backend's provider has signed it for its account, or it is old.
            NetworkError: a provider's key could not be read: it may be sent again.
            LedgerError: it could not be written down: likewise.
        """
        backends = self._context.backends.values()
        return await webhooks.receive(self._context.attempts, backends, headers, body)

    @tracked
    async def cancel(self, job_id: UUID) -> tuple[Reconciled, ...]:
        """Stop a job wherever it runs, and cancel its open attempts at their providers.

        Whoever runs it gets `JobStoppedError`: on this runner at once, elsewhere within 20 seconds.
        Clips that succeeded all the same are stored. The same job again finishes it. A job that has
        ended stays as it is.

        Raises:
            NotFoundError: the ledger has no such job.
            LedgerError: the ledger cannot be reached.
        """
        with log_context(LogContext(job_id)):
            return await reconcile.cancel_job(self._context, job_id)

"""The attempts at one clip: repeated, or moved on to the next backend, until one succeeds."""

from __future__ import annotations

import trio
from attrs import define, evolve, field

from vgen.decisions import retry
from vgen.decisions.attempts import next_number
from vgen.decisions.route import can_make
from vgen.drive.attempt.create import new_attempt
from vgen.drive.attempt.lookup import look_up
from vgen.drive.attempt.run import AttemptRun
from vgen.drive.attempt.submit import submit
from vgen.drive.attempt.verdict import wait_for_verdict
from vgen.drive.clip.money_wait import MoneyWait
from vgen.drive.clip.state import ClipRun, failure_of
from vgen.drive.clip.takes import publish
from vgen.drive.limits.pace import Turn, account_of
from vgen.errors import (
    AccountError,
    AttemptError,
    BudgetExceededError,
    ClaimPassedOnError,
    GenerationError,
    JobReopenedError,
    NetworkError,
    OutputRefusedError,
    RateLimitedError,
    RetryableError,
    SubmitInDoubtError,
    VgenError,
    VideoError,
)
from vgen.ports.backend import VideoBackend
from vgen.ports.events import AttemptSubmitted, ClipQueued, FellBack, RetryScheduled
from vgen.records.attempt import Attempt
from vgen.records.clip import Clip
from vgen.records.request import ClipRequest, Image, Prepared
from vgen.records.status import State, Status

READY_FOR = 600.0
"""For how many seconds a request that was made ready may be sent: what was uploaded for it is kept
by its provider for longer."""


async def make_clip(run: ClipRun) -> Clip:
    """Make attempts until one succeeds, moving along the clip's route.

    Raises:
        NotStarted: the job was stopped before an attempt was sent.
        ClaimPassedOnError, JobReopenedError: another call makes the clip now.
        VgenError: why no attempt succeeded, or why no other may be made.
    """
    try:
        image, route = await _image_and_route(run)
        money = MoneyWait(run.context)
        try:
            return await RetryLoop(run, image, route, money).run_until_made()
        finally:
            money.end()
    except (ClaimPassedOnError, JobReopenedError):
        raise
    except VgenError:
        run.context.stop.clip_given_up(run.claim.clip_index)
        raise


async def _image_and_route(run: ClipRun) -> tuple[Image | None, tuple[str, ...]]:
    """Return the clip's image and its route; without its image a clip is made from text."""
    reference, route, context = run.planned.request.image, run.planned.route, run.context
    if reference is None:
        return None, route
    with context.stop.stoppable():
        image = await context.images.get(reference)
    if isinstance(image, Image):
        return image, route
    run.notes += (f"made without its image: {image.reason}",)
    able = tuple(n for n in route if can_make(context.backends[n].capabilities, image=False))
    if not able:
        raise GenerationError(f"no backend can make it without its image: {image.reason}")
    return None, able


@define
class RetryLoop:
    """The attempts of one run at a clip.

    `route` has the backends that are left, the one being tried first, and `tried` counts the
    attempts that have failed on it in this run, `refused` those of them whose output was refused.
    On Trio's clock, the next attempt is due at `due_at`, and `since` is when the clip began to ask
    for the next attempt; `sent` says whether that has left. `ready` is for which backend, since
    when and how the request is ready to be sent.
    """

    clip: ClipRun
    image: Image | None
    route: tuple[str, ...]
    money: MoneyWait
    tried: int = 0
    refused: int = 0
    due_at: float = 0.0
    since: float = field(factory=trio.current_time)
    sent: bool = False
    ready: tuple[str, float, Prepared] | None = None

    @property
    def _backend(self) -> VideoBackend:
        return self.clip.context.backends[self.route[0]]

    async def run_until_made(self) -> Clip:
        """Make attempts until one succeeds."""
        context = self.clip.context
        while True:
            moves = context.money.moves
            try:
                with context.stop.stoppable(account_of(self._backend)):
                    await trio.sleep_until(self.due_at)
                return await self._attempt(self._backend)
            except BudgetExceededError as error:
                with context.stop.stoppable():
                    if not await self.money.after(error, since=moves):
                        raise
            except (AttemptError, VideoError) as error:
                self.money.end()
                decision = self._decide(error)
                if isinstance(decision, retry.GiveUp) or self.clip.unfinished() is not None:
                    raise
                if isinstance(decision, retry.Again):
                    self._repeat(error, decision.delay)
                else:
                    self._fall_back(str(error))

    def _decide(self, error: AttemptError | VideoError) -> retry.Decision:
        context, backend = self.clip.context, self._backend
        account = context.flight.pace(backend)
        refused = self.refused + isinstance(error, OutputRefusedError)
        return retry.decide(
            error,
            retry.Tries(
                self.tried + 1,
                refused,
                account.rate_limited_for(context.share.since),
                account.pause(),
                unsent_for=None if self.sent else trio.current_time() - self.since,
            ),
            self._policy(),
            backends_left=len(self.route) - 1,
            jitter=context.random(),
        )

    def _policy(self) -> retry.Policy:
        context, request = self.clip.context, self.clip.planned.request
        ignored = self._backend.quote(request).ignored
        the_same_again = request.seed is not None and "seed" not in ignored
        settings, manifest = context.attempts.settings, context.manifest
        return retry.Policy(
            attempts=settings.attempts,
            rerolls=0 if the_same_again else manifest.rerolls,
            fall_back_on=manifest.fall_back_on,
            backoff=settings.backoff,
            patience=settings.patience,
        )

    def _repeat(self, error: AttemptError | VideoError, delay: float) -> None:
        """Let the next attempt follow on the same backend, after so many seconds."""
        claim, self.due_at = self.clip.claim, trio.current_time() + delay
        self.refused += isinstance(error, OutputRefusedError)
        unsent = isinstance(error, NetworkError) and not self.sent
        if not unsent and not isinstance(error, RateLimitedError):
            self.tried, self.since = self.tried + 1, self.due_at
        self.clip.context.attempts.observer(
            RetryScheduled(claim.job_id, claim.clip_index, str(error), delay)
        )

    def _fall_back(self, reason: str) -> None:
        """Let the next attempt follow on the next backend whose account is not refused.

        Where all of them are refused, the last one's refusal is what the clip is given up for.
        """
        claim, context, (failed, *left) = self.clip.claim, self.clip.context, self.route
        refused = context.stop.refused
        usable = [name for name in left if account_of(context.backends[name]) not in refused]
        self.route = tuple(usable or left[-1:])
        self.tried, self.refused = 0, 0
        self.due_at = self.since = trio.current_time()
        self.clip.notes += (f"{failed} could not make it: {reason}",)
        context.attempts.observer(FellBack(claim.job_id, claim.clip_index, self.route[0], reason))

    async def _attempt(self, backend: VideoBackend) -> Clip:
        planned = self.clip.planned
        request = planned.request
        if self.image is None:
            request = evolve(request, image=None, image_sha256=None)
        run = self.clip.attempt_run(backend, self._next(backend, request))
        self.sent = False
        with self.clip.at_work(run):
            return await self._send_and_finish(run, request)

    def _next(self, backend: VideoBackend, request: ClipRequest) -> Attempt:
        number = next_number(self.clip.attempts.values())
        job_id, planned = self.clip.claim.job_id, self.clip.planned
        return new_attempt(job_id, planned, backend, request, number=number)

    async def _send_and_finish(self, run: AttemptRun, request: ClipRequest) -> Clip:
        context, claim, backend = self.clip.context, run.claim, run.backend
        prepared = await self._prepare(run, request)
        context.attempts.observer(ClipQueued(claim.job_id, claim.clip_index, backend.name))
        asker = self.clip.asker(run)
        async with context.flight.slot_for_submit(backend, context.stop, asker) as turn:
            self.clip.leave_place()
            try:
                await self._send(run, prepared, turn)
                status = await wait_for_verdict(run, self.clip.report_progress, new=True)
                if status is None or status.state is not State.SUCCEEDED:
                    self._note_for_those_that_wait(backend, failure_of(run, status))
            finally:
                self.clip.update(run)
        return await self._finish(run, status)

    async def _prepare(self, run: AttemptRun, request: ClipRequest) -> Prepared:
        """Return the request ready to be sent, for another attempt as it was for the last."""
        name, now = run.backend.name, trio.current_time()
        if self.ready is None or self.ready[0] != name or now > self.ready[1] + READY_FOR:
            with self.clip.context.stop.stoppable(account_of(run.backend)):
                async with run.call("prepare"):
                    prepared = await run.backend.prepare(request, self.image)
            self.ready = (name, trio.current_time(), prepared)
        return self.ready[2]

    def _note_for_those_that_wait(self, backend: VideoBackend, error: AttemptError) -> None:
        """Note what follows for clips that wait for the slot, while it is still held."""
        stop = self.clip.context.stop
        if isinstance(error, AccountError):
            stop.account_refused(account_of(backend), error)
        if isinstance(self._decide(error), retry.GiveUp):
            stop.clip_given_up(self.clip.claim.clip_index)

    async def _send(self, run: AttemptRun, prepared: Prepared, turn: Turn) -> None:
        def reserved() -> None:
            self.money.end()
            turn.send()

        try:
            await submit(run, prepared, self.clip.context.stop, reserved=reserved)
            turn.accepted()
        except SubmitInDoubtError as error:
            turn.end()
            if not await look_up(run):
                raise
            if run.attempt.ticket is None:
                raise RetryableError(f"{run.attempt.reason}: {error}") from error
        self.sent = True
        attempt = run.attempt
        run.context.observer(
            AttemptSubmitted(
                attempt.job_id,
                attempt.clip_index,
                attempt.backend,
                attempt.number,
                attempt.hold,
            )
        )

    async def _finish(self, run: AttemptRun, status: Status | None) -> Clip:
        """Settle the verdict, and bring what succeeded into storage."""
        try:
            await run.settle(status)
            if status is None or status.state is not State.SUCCEEDED:
                raise failure_of(run, status)
            made = await self.clip.deliver(run)
        finally:
            self.clip.update(run)
        return (await publish(self.clip, run.attempt)).clip or made

"""The attempts at one clip: repeated, or moved on to the next backend, until one succeeds."""

from __future__ import annotations

import trio
from attrs import define, evolve

from vgen.decisions import retry
from vgen.decisions.attempts import next_number, open_attempt
from vgen.decisions.route import can_make
from vgen.drive.attempt.create import new_attempt
from vgen.drive.attempt.lookup import look_up
from vgen.drive.attempt.run import AttemptRun
from vgen.drive.attempt.submit import submit
from vgen.drive.attempt.verdict import wait_for_verdict
from vgen.drive.clip.state import ClipRun, failure_of
from vgen.drive.clip.takes import publish
from vgen.drive.observe.tracing import attempt_span
from vgen.errors import (
    AttemptError,
    BudgetExceededError,
    ClaimPassedOnError,
    GenerationError,
    JobReopenedError,
    NetworkError,
    RateLimitedError,
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


async def make_clip(run: ClipRun) -> Clip:
    """Make attempts until one succeeds, moving along the clip's route.

    Raises:
        NotStarted: the job was stopped before an attempt was sent.
        ClaimPassedOnError, JobReopenedError: another call makes the clip now.
        VgenError: why no attempt succeeded, or why no other may be made.
    """
    try:
        image, route = await _image_and_route(run)
        return await RetryLoop(run, image, route).run_until_made()
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
    run.notes = (f"made without its image: {image.reason}",)
    able = tuple(n for n in route if can_make(context.backends[n].capabilities, image=False))
    if not able:
        raise GenerationError(f"no backend can make it without its image: {image.reason}")
    return None, able


@define
class RetryLoop:
    """The attempts of one run at a clip.

    `route` has the backends that are left, the one being tried first, and `tried` counts the
    attempts that have failed on it in this run. `rate_limited_since` is when, on Trio's clock, the
    provider began to answer with nothing but rate limits.
    """

    clip: ClipRun
    image: Image | None
    route: tuple[str, ...]
    tried: int = 0
    rate_limited_since: float | None = None

    async def run_until_made(self) -> Clip:
        """Make attempts until one succeeds."""
        context = self.clip.context
        while True:
            backend = context.backends[self.route[0]]
            try:
                return await self._attempt(backend)
            except BudgetExceededError:
                with context.stop.stoppable():
                    if not await context.money.wait_until_freed():
                        raise
            except (AttemptError, VideoError) as error:
                decision = self._decide(error)
                if isinstance(decision, retry.GiveUp) or self.clip.unfinished() is not None:
                    raise
                self._count(error)
                if isinstance(decision, retry.FallBack):
                    self.route, self.tried = self.route[1:], 0
                await self._carry_out(decision, str(error))

    def _decide(self, error: AttemptError | VideoError) -> retry.Decision:
        context, now = self.clip.context, trio.current_time()
        since = now if self.rate_limited_since is None else self.rate_limited_since
        return retry.decide(
            error,
            tried=self.tried + 1,
            rate_limited_for=now - since,
            attempts=context.attempts.settings.attempts,
            backends_left=len(self.route) - 1,
            backoff=context.attempts.settings.backoff,
            jitter=context.random(),
        )

    def _count(self, error: AttemptError | VideoError) -> None:
        if not isinstance(error, RateLimitedError):
            self.tried, self.rate_limited_since = self.tried + 1, None
        elif self.rate_limited_since is None:
            self.rate_limited_since = trio.current_time()

    async def _carry_out(self, decision: retry.Decision, reason: str) -> None:
        job_id, index = self.clip.claim.job_id, self.clip.claim.clip_index
        context = self.clip.context
        if isinstance(decision, retry.Again):
            context.attempts.observer(RetryScheduled(job_id, index, reason, decision.delay))
            with context.stop.stoppable():
                await trio.sleep(decision.delay)
        else:
            context.attempts.observer(FellBack(job_id, index, self.route[0], reason))

    async def _attempt(self, backend: VideoBackend) -> Clip:
        planned = self.clip.planned
        request = planned.request
        if self.image is None:
            request = evolve(request, image=None, image_sha256=None)
        run = self.clip.attempt_run(backend, self._next(backend, request))
        with attempt_span(run):
            return await self._send_and_finish(run, request)

    def _next(self, backend: VideoBackend, request: ClipRequest) -> Attempt:
        """Return the next attempt, under the id of the planned one if there is one."""
        attempts = self.clip.attempts.values()
        held = open_attempt(attempts)
        return new_attempt(
            self.clip.claim.job_id,
            self.clip.planned,
            backend,
            request,
            number=next_number(attempts),
            attempt_id=held.attempt_id if held else None,
        )

    async def _send_and_finish(self, run: AttemptRun, request: ClipRequest) -> Clip:
        context, claim, backend = self.clip.context, run.claim, run.backend
        with context.stop.stoppable():
            async with run.call("prepare"):
                prepared = await backend.prepare(request, self.image)
        context.attempts.observer(ClipQueued(claim.job_id, claim.clip_index, backend.name))
        async with context.flight.slot(backend, context.stop, borrower=run):
            try:
                await self._send(run, prepared)
                status = await wait_for_verdict(run, self.clip.report_progress)
                if status is None or status.state is not State.SUCCEEDED:
                    self._note_if_giving_up(failure_of(run, status))
            finally:
                self.clip.update(run)
        return await self._finish(run, status)

    def _note_if_giving_up(self, error: AttemptError) -> None:
        """Note that the clip will be given up while its slot is held: others wait for the slot."""
        if isinstance(self._decide(error), retry.GiveUp):
            self.clip.context.stop.clip_given_up(self.clip.claim.clip_index)

    async def _send(self, run: AttemptRun, prepared: Prepared) -> None:
        try:
            await submit(run, prepared)
        except SubmitInDoubtError as error:
            if not await look_up(run):
                raise
            if run.attempt.ticket is None:
                raise NetworkError(f"{run.attempt.reason}: {error}") from error
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

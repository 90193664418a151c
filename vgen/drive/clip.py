"""One clip of a job: the attempts at making it."""

from __future__ import annotations

from uuid import UUID

import trio
from attrs import define, evolve, field

from vgen.decisions import retry
from vgen.decisions.route import can_make
from vgen.drive import marks
from vgen.drive.attempt import Try, plugin
from vgen.drive.delivery import Told, deliver
from vgen.drive.job import JobRun
from vgen.drive.planning import attempt_for, next_number, open_attempt, without_image
from vgen.drive.slots import in_flight
from vgen.errors import (
    AttemptError,
    AttemptTimeoutError,
    BudgetExceededError,
    GenerationError,
    NetworkError,
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
from vgen.records.job import Claim, PlannedClip
from vgen.records.money import ZERO
from vgen.records.request import ClipRequest, Image, Prepared
from vgen.records.status import State, Status


@define
class ClipRun:
    """The work on one clip, under its claim; `attempts` are all of the clip's, as they stand.

    `route` names the backends that are left, the one being tried first, and `tried` counts the
    attempts that have failed on it in this run. `refused_since` is when, on Trio's clock, the
    provider began to ask for pauses and nothing else.
    """

    job: JobRun
    planned: PlannedClip
    claim: Claim
    attempts: dict[UUID, Attempt]
    notes: tuple[str, ...] = ()
    tried: int = 0
    refused_since: float | None = None
    route: tuple[str, ...] = ()
    started: float = field(factory=trio.current_time)

    def sent_and_open(self) -> Attempt | None:
        """Give the attempt that was sent and can still move."""
        attempt = open_attempt(list(self.attempts.values()))
        return attempt if attempt is not None and attempt.sent else None

    async def make(self) -> Clip:
        """Make attempts until one succeeds, moving along the route.

        Raises:
            VgenError: why no attempt succeeded, or why no other may be made.
        """
        try:
            image, self.route = await self._material()
            return await self._persist(image)
        except VgenError:
            self.job.lost_hope(self.claim.clip_index)
            raise

    async def _persist(self, image: Image | None) -> Clip:
        while True:
            backend = self.job.kit.backends[self.route[0]]
            try:
                return await self._attempt(backend, image)
            except BudgetExceededError:
                with self.job.stoppable():
                    if not await self.job.wait_for_money():
                        raise
            except (AttemptError, VideoError) as error:
                move = self._after(error)
                if isinstance(move, retry.GiveUp) or self.sent_and_open() is not None:
                    raise
                self._count(error)
                if isinstance(move, retry.FallBack):
                    self.route, self.tried = self.route[1:], 0
                await self._turn(move, self.route[0], str(error))

    def _count(self, error: AttemptError | VideoError) -> None:
        if not isinstance(error, RateLimitedError):
            self.tried, self.refused_since = self.tried + 1, None
        elif self.refused_since is None:
            self.refused_since = trio.current_time()

    def _after(self, error: AttemptError | VideoError) -> retry.Move:
        settings, now = self.job.kit.settings, trio.current_time()
        return retry.after(
            error,
            tried=self.tried + 1,
            refused=now - (now if self.refused_since is None else self.refused_since),
            attempts=settings.attempts,
            backends_left=len(self.route) - 1,
            backoff=settings.backoff,
            chance=self.job.kit.chance(),
        )

    def _foresee(self, error: AttemptError) -> None:
        """Say so at once where the clip will be given up: others may be waiting for its place."""
        if isinstance(self._after(error), retry.GiveUp):
            self.job.lost_hope(self.claim.clip_index)

    async def _turn(self, move: retry.Move, backend: str, reason: str) -> None:
        job_id, index = self.claim.job_id, self.claim.clip_index
        if isinstance(move, retry.Again):
            self.job.kit.tell(RetryScheduled(job_id, index, reason, move.delay))
            with self.job.stoppable():
                await trio.sleep(move.delay)
        else:
            self.job.kit.tell(FellBack(job_id, index, backend, reason))

    async def _material(self) -> tuple[Image | None, tuple[str, ...]]:
        """Give the clip's image and its route; without its image a clip is made from text."""
        reference, route = self.planned.request.image, self.planned.route
        if reference is None:
            return None, route
        with self.job.stoppable():
            image = await self.job.images.get(reference)
        if isinstance(image, Image):
            return image, route
        self.notes = (f"made without its image: {image.reason}",)
        backends = self.job.kit.backends
        able = tuple(n for n in route if can_make(backends[n].capabilities, image=False))
        if not able:
            raise GenerationError(f"no backend can make it without its image: {image.reason}")
        return None, able

    async def _attempt(self, backend: VideoBackend, image: Image | None) -> Clip:
        request = self.planned.request if image else without_image(self.planned.request)
        one = Try(self.job.kit, self.claim, backend, self._next(backend, request))
        with marks.attempt(one):
            return await self._drive(one, request, image)

    async def _drive(self, one: Try, request: ClipRequest, image: Image | None) -> Clip:
        backend, claim = one.backend, self.claim
        with self.job.stoppable(), plugin(backend, "prepare"):
            prepared = await backend.prepare(request, image)
        self.job.kit.tell(ClipQueued(claim.job_id, claim.clip_index, backend.name))
        async with in_flight(self.job, backend, who=one):
            try:
                await self._send(one, prepared)
                status = await one.verdict(self.report)
                if status is None or status.state is not State.SUCCEEDED:
                    self._foresee(_failure(one, status))
            finally:
                self.book(one)
        return await self.finish(one, status)

    def _next(self, backend: VideoBackend, request: ClipRequest) -> Attempt:
        number = next_number(self.attempts.values())
        fresh = attempt_for(self.job.manifest, self.planned, backend, request, number=number)
        planned = open_attempt(list(self.attempts.values()))
        if planned is None:
            return fresh
        return evolve(fresh, attempt_id=planned.attempt_id)

    async def _send(self, one: Try, prepared: Prepared) -> None:
        try:
            await one.submit(prepared)
        except SubmitInDoubtError as error:
            if not await one.resolve():
                raise
            if one.attempt.ticket is None:
                raise NetworkError(f"{one.attempt.reason}: {error}") from error
        self.job.kit.tell(
            AttemptSubmitted(
                self.claim.job_id,
                self.claim.clip_index,
                one.backend.name,
                one.attempt.number,
                one.attempt.hold,
            )
        )

    async def finish(self, one: Try, status: Status | None) -> Clip:
        """Settle a verdict, and bring what succeeded into storage.

        Raises:
            VgenError: the attempt failed, or has no verdict and stays open.
        """
        try:
            await one.settle(status)
            if status is None or status.state is not State.SUCCEEDED:
                raise _failure(one, status)
            return await self.deliver(one)
        finally:
            self.book(one)

    async def deliver(self, one: Try) -> Clip:
        """Bring what the attempt made into storage."""
        others = [a for a in self.attempts.values() if a.attempt_id != one.attempt.attempt_id]
        told = Told(
            started=self.started,
            earlier_cost=sum((attempt.spent for attempt in others), ZERO),
            retry_count=sum(attempt.sent for attempt in others),
            notes=self.planned.notes + self.notes,
        )
        return await deliver(one, self.planned, told)

    def report(self, fraction: float) -> None:
        """Pass an attempt's progress on."""
        self.job.progressed(self.claim.clip_index, fraction)

    def book(self, one: Try) -> None:
        """Take over how the ledger has the attempt, once it was sent."""
        if one.attempt.sent:
            self.attempts[one.attempt.attempt_id] = one.attempt
            self.job.money_moved()


def _failure(one: Try, status: Status | None) -> AttemptError:
    """Say why an attempt without success has failed."""
    if status is None:
        return AttemptTimeoutError(f"still open at {one.backend.name}: a later run waits for it")
    return status.failure or RetryableError(f"{status.state} at {one.backend.name}")

"""A job while it runs: its stop, its money, its progress."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import trio
from attrs import define, field

from vgen.decisions.outcome import out_of_reach, percent
from vgen.drive.images import Images
from vgen.drive.kit import Kit
from vgen.errors import AccountError
from vgen.ports.events import ClipGivenUp, ClipProgress, ClipStored, JobProgress
from vgen.records.clip import Clip, ClipFailure
from vgen.records.job import Manifest


class Stopped(Exception):  # noqa: N818 (a reason to end, not an error: it never leaves the drive)
    """The job starts nothing more."""


@define
class JobRun:
    """What the clips of one job share while they run."""

    kit: Kit
    images: Images
    manifest: Manifest
    account_error: AccountError | None = None
    failures: dict[int, ClipFailure] = field(factory=dict[int, ClipFailure])
    _stopped: str | None = None
    _scopes: set[trio.CancelScope] = field(factory=set[trio.CancelScope])
    _running: int = 0
    _waiting: int = 0
    _moves: int = 0
    _changed: trio.Event = field(factory=trio.Event)
    _fractions: dict[int, float] = field(factory=dict[int, float])
    _hopeless: set[int] = field(factory=set[int])

    def stop(self, reason: str) -> None:
        """Start nothing more; attempts that are in flight may finish."""
        self._stopped = self._stopped or reason
        for scope in self._scopes:
            scope.cancel()

    @contextmanager
    def stoppable(self) -> Generator[None]:
        """Run what comes before a submit, so that `stop` ends it with `Stopped`."""
        with trio.CancelScope() as scope:
            if self._stopped is not None:
                scope.cancel()
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)
        if scope.cancelled_caught:
            raise Stopped(self._stopped)

    @contextmanager
    def working(self) -> Generator[None]:
        """Count a clip as one whose money may still move."""
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            self.money_moved()

    @contextmanager
    def elsewhere(self) -> Generator[None]:
        """Count a clip out while another process has it: that one may wait for us in turn."""
        self._running -= 1
        self._pulse()
        try:
            yield
        finally:
            self._running += 1

    def money_moved(self) -> None:
        """Let those that wait for money look again."""
        self._moves += 1
        self._pulse()

    async def wait_for_money(self) -> bool:
        """Wait until other money of the job has moved; false where none is left that could."""
        before = self._moves
        self._waiting += 1
        self._pulse()
        try:
            while self._moves == before:
                if self._waiting >= self._running:
                    return False
                await self._changed.wait()
        finally:
            self._waiting -= 1
        return True

    def _pulse(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    def progressed(self, clip_index: int, fraction: float) -> None:
        """Tell how far one clip is, and the job with it."""
        job_id = self.manifest.job_id
        self._fractions[clip_index] = max(fraction, self._fractions.get(clip_index, 0.0))
        self.kit.tell(ClipProgress(job_id, clip_index, fraction))
        self._tell_percent()

    def stored(self, clip: Clip, *, made: bool) -> None:
        """Tell that a clip is finished."""
        self._fractions[clip.clip_index] = 1.0
        self.kit.tell(ClipStored(self.manifest.job_id, clip, made))
        self._tell_percent()

    def gave_up(self, failure: ClipFailure) -> None:
        """Tell that a clip is missing."""
        self.failures[failure.clip_index] = failure
        self._fractions[failure.clip_index] = 1.0
        self.kit.tell(ClipGivenUp(self.manifest.job_id, failure))
        self._tell_percent()
        self.lost_hope(failure.clip_index)

    def lost_hope(self, clip_index: int) -> None:
        """Note that a clip will be given up, and stop where the job cannot have enough any more."""
        self._hopeless.add(clip_index)
        least = self.manifest.min_clips
        total = len(self.manifest.clips)
        if out_of_reach(total=total, given_up=len(self._hopeless), min_clips=least):
            self.stop(f"not started: the job can no longer reach {least} clips")

    def account_failed(self, error: AccountError) -> None:
        """Stop spending at once."""
        self.account_error = self.account_error or error
        self.stop(f"not started: {error}")

    def _tell_percent(self) -> None:
        within = self.kit.settings.progress_range
        point = percent(self._fractions, total=len(self.manifest.clips), within=within)
        self.kit.tell(JobProgress(self.manifest.job_id, round(point, 2)))

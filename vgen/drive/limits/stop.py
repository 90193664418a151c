"""Whether a job may still start attempts, and what stops it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import trio
from attrs import define, field

from vgen.decisions.outcome import out_of_reach
from vgen.errors import AccountError


class NotStarted(Exception):  # noqa: N818 (a reason to end, caught within the drive)
    """The job starts nothing more; the message says why."""


@define
class JobStop:
    """Stops a job from starting attempts; those in flight may finish.

    It is stopped by an error of the provider's account, and once more clips are lost than leave
    `min_clips` of `clips`.
    """

    clips: int
    min_clips: int
    account_error: AccountError | None = None
    _reason: str | None = None
    _scopes: set[trio.CancelScope] = field(factory=set[trio.CancelScope])
    _lost: set[int] = field(factory=set[int])

    def stop(self, reason: str) -> None:
        """Let nothing more start; the first reason counts."""
        self._reason = self._reason or reason
        for scope in self._scopes:
            scope.cancel()

    def clip_given_up(self, clip_index: int) -> None:
        """Note that a clip will not be made in this run."""
        self._lost.add(clip_index)
        if out_of_reach(total=self.clips, given_up=len(self._lost), min_clips=self.min_clips):
            self.stop(f"not started: the job can no longer reach {self.min_clips} clips")

    def account_failed(self, error: AccountError) -> None:
        """Stop at once; the first account error becomes the job's."""
        self.account_error = self.account_error or error
        self.stop(f"not started: {error}")

    @contextmanager
    def stoppable(self) -> Generator[None]:
        """Run what comes before a submit, cancelled when the job is stopped.

        Raises:
            NotStarted: the job was stopped before or within the block.
        """
        with trio.CancelScope() as scope:
            if self._reason is not None:
                scope.cancel()
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)
        if scope.cancelled_caught:
            raise NotStarted(self._reason)

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
    """Stops a job from starting attempts, all or those on one account; those in flight may finish.

    An account is out once its provider has refused it: `refused` has its error. All stops once
    more clips are lost than leave `min_clips` of `clips`. `account_error` is the first error of an
    account that a clip was given up for.
    """

    clips: int
    min_clips: int
    account_error: AccountError | None = None
    refused: dict[str, AccountError] = field(factory=dict[str, AccountError])
    _reason: str | None = None
    _scopes: dict[trio.CancelScope, str | None] = field(
        factory=dict[trio.CancelScope, "str | None"]
    )
    _lost: set[int] = field(factory=set[int])

    def stop(self, reason: str) -> None:
        """Let nothing more start; the first reason counts."""
        if self._reason is None:
            self._reason = reason
            for scope in self._scopes:
                scope.cancel()

    def clip_given_up(self, clip_index: int) -> None:
        """Note that a clip will not be made in this run."""
        self._lost.add(clip_index)
        if out_of_reach(total=self.clips, given_up=len(self._lost), min_clips=self.min_clips):
            self.stop(f"not started: the job can no longer reach {self.min_clips} clips")

    def account_refused(self, account: str, error: AccountError) -> None:
        """Let nothing more start on an account; its first error counts."""
        if account not in self.refused:
            self.refused[account] = error
            for scope, other in self._scopes.items():
                if other == account:
                    scope.cancel()

    def check_account(self, account: str) -> None:
        """Raise `AccountError` where the account was refused."""
        if account in self.refused:
            raise AccountError(str(self.refused[account])) from self.refused[account]

    def clip_lost_to(self, error: AccountError) -> None:
        """Note that a clip is given up since an account is refused."""
        self.account_error = self.account_error or error

    @contextmanager
    def stoppable(self, account: str | None = None) -> Generator[None]:
        """Run what comes before a submit, to an account where one is named.

        It is cancelled when the job is stopped, or the account is refused.

        Raises:
            AccountError: the account was refused before or within the block.
            NotStarted: the job was stopped before or within the block.
        """
        with trio.CancelScope() as scope:
            if self._reason is not None or account in self.refused:
                scope.cancel()
            self._scopes[scope] = account
            try:
                yield
            finally:
                del self._scopes[scope]
        if scope.cancelled_caught:
            if account is not None:
                self.check_account(account)
            raise NotStarted(self._reason)

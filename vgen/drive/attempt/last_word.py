"""What a provider last said of an attempt."""

from __future__ import annotations

import trio
from attrs import define, field

from vgen.errors import NetworkError, RetryableError
from vgen.records.status import State, Status

UNREACHABLE_AFTER = 15.0
"""After how many seconds without an answer a provider counts as unreachable."""


@define
class LastWord:
    """A provider's last answer about an attempt, or why there was none.

    `answered_at` is when it last answered, on Trio's clock: at first, when it was first asked.
    When the network has failed for `UNREACHABLE_AFTER` seconds it is `unreachable`.
    """

    status: Status | None = None
    error: RetryableError | None = None
    answered_at: float = field(factory=trio.current_time)
    unreachable: bool = False

    def __str__(self) -> str:
        """Say it in a few words."""
        if self.error is not None:
            failed = isinstance(self.error, NetworkError)
            seconds = trio.current_time() - self.answered_at
            lasting = f" for {seconds:.0f} s" if seconds >= 1 else ""
            return f"{'could not be reached' if failed else 'no answer'}{lasting}: {self.error}"
        if self.status is None:
            return "no word of it"
        failure = self.status.failure
        return str(self.status.state) if failure is None else f"{self.status.state}: {failure}"

    @property
    def not_found(self) -> bool:
        """Whether the provider's last answer is that it does not know the attempt."""
        answer = self.status if self.error is None else None
        return answer is not None and answer.state is State.NOT_FOUND

    def answered(self, status: Status | None) -> None:
        """Note an answer; `None` where it says nothing of the attempt."""
        self.status, self.error, self.answered_at = status, None, trio.current_time()
        self.unreachable = False

    def failed(self, error: RetryableError) -> bool:
        """Note that a question was not answered; return whether that lasts too long from now on."""
        before, self.error = self.unreachable, error
        long = trio.current_time() - self.answered_at >= UNREACHABLE_AFTER
        self.unreachable = long and isinstance(error, NetworkError)
        return self.unreachable and not before

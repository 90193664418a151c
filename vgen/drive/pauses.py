"""The pauses that providers ask for, account by account."""

from __future__ import annotations

import trio
from attrs import define, field


@define
class Pauses:
    """Until when nothing is submitted to an account, on Trio's clock."""

    _until: dict[str, float] = field(factory=dict[str, float])

    def ask(self, account: str, seconds: float) -> None:
        """Let nothing be submitted for so many seconds from now."""
        until = trio.current_time() + seconds
        self._until[account] = max(until, self._until.get(account, until))

    def paused(self, account: str) -> bool:
        """Whether a pause goes on."""
        return trio.current_time() < self._until.get(account, 0.0)

    async def over(self, account: str) -> None:
        """Wait for the end of the pause, however often it is drawn out."""
        while self.paused(account):  # noqa: ASYNC110 (its end is known, and may be put off)
            await trio.sleep_until(self._until[account])

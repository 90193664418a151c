"""Pauses that providers ask for, account by account."""

from __future__ import annotations

import trio
from attrs import define, field


@define
class AccountPauses:
    """Until when nothing may be submitted to an account, on Trio's clock."""

    _until: dict[str, float] = field(factory=dict[str, float])

    def pause(self, account: str, seconds: float) -> None:
        """Pause the account for so many seconds from now; a longer pause stays."""
        until = trio.current_time() + seconds
        self._until[account] = max(until, self._until.get(account, until))

    def is_paused(self, account: str) -> bool:
        """Return whether nothing may be submitted to the account now."""
        return trio.current_time() < self._until.get(account, 0.0)

    async def wait_resumed(self, account: str) -> None:
        """Wait for the end of the account's pause, also when it is extended meanwhile."""
        while self.is_paused(account):  # noqa: ASYNC110 (its end is known, and may move)
            await trio.sleep_until(self._until[account])

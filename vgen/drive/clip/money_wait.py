"""A clip's wait for money that other attempts hold, of its job or of others."""

from __future__ import annotations

from math import inf

import trio
from attrs import define

from vgen.drive.clip.claims import POLL_INTERVAL
from vgen.drive.clip.context import ClipContext
from vgen.errors import BudgetExceededError

PURSE_POLL_INTERVAL = 5.0
"""The pause before a purse is asked again that other jobs may fill meanwhile, in seconds."""


@define
class MoneyWait:
    """One clip's wait: from the first refusal of its money until it is held, or given up."""

    context: ClipContext
    has_turn: bool = False

    async def after(self, refused: BudgetExceededError, *, since: int) -> bool:
        """Wait until it is worth to try again; false if no money can come free any more.

        `since` is how often money of the job had moved before it was tried.
        """
        if not self.has_turn:
            await self.context.money.take_turn()
            self.has_turn = True
            return True
        with trio.move_on_after(PURSE_POLL_INTERVAL if refused.purse else inf):
            if await self.context.money.wait_until_freed(since=since):
                return True
            if not await self._is_held_elsewhere(refused):
                return False
            await trio.sleep(POLL_INTERVAL)
        return True

    def end(self) -> None:
        """Let the next clip try: this one has its money, or does without."""
        if self.has_turn:
            self.has_turn = False
            self.context.money.end_turn()

    async def _is_held_elsewhere(self, refused: BudgetExceededError) -> bool:
        """Whether somebody is at work on an attempt whose money is held in the limit."""
        ledger = self.context.attempts.ledger
        holders = [job_id for job_id, _ in refused.held_by] or [self.context.manifest.job_id]
        for job_id in holders:
            for attempt in await ledger.unsettled(job_id):
                held = attempt.held or attempt.unmeasured
                if held and await ledger.holder(job_id, attempt.clip_index) is not None:
                    return True
        return False

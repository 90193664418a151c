"""A claim that this process holds, and until when that is certain."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import copy

import trio
from attrs import define, field

from vgen.errors import ClaimPassedOnError, JobReopenedError, JobStoppedError, LedgerError
from vgen.ports.ledger import CostLedger
from vgen.records.job import Claim

LEASE = 60.0
"""How long a claim lasts without renewal, in seconds; it is renewed until the last submit ends."""

SPARE = LEASE / 3
"""How long a claim must certainly last yet for a call to the provider, in seconds."""

ANSWER = 3.0
"""How long the ledger is waited for before something is cancelled, in seconds."""


@define(eq=False)
class HeldClaim:
    """A claim on a clip, acquired or renewed when the ledger was `asked` last.

    That was `LEASE` seconds ago once either clock says so: Trio's stands still while the machine is
    suspended, the `wall` clock may be set. `lost` is why nothing more may be done under the claim,
    once the ledger has said so.
    """

    ledger: CostLedger
    claim: Claim
    wall: Callable[[], float]
    asked: tuple[float, float]
    lost: ClaimPassedOnError | JobReopenedError | None = field(default=None, init=False)

    async def renew(self) -> None:
        """Make the claim last `LEASE` seconds from now.

        Raises:
            ClaimPassedOnError: another process has it.
            JobReopenedError: the job was opened anew with other prompts.
            JobStoppedError: the job was stopped; the claim stays as it is.
            LedgerError: it could not be renewed.
        """
        asked = both_clocks(self.wall)
        try:
            await self.ledger.renew(self.claim, lease=LEASE)
        except (ClaimPassedOnError, JobReopenedError) as error:
            self.lost = error
            raise
        self.asked = asked

    async def ensure(self) -> None:
        """Check that the claim lasts `SPARE` seconds yet; renew it unless that is certain.

        Raises:
            ClaimPassedOnError: another process has it.
            JobReopenedError: the job was opened anew with other prompts.
            LedgerError: it may have passed on, and could not be renewed.
        """
        if self.lost is not None:
            raise copy(self.lost)
        if self._age() > LEASE - SPARE:
            with suppress(JobStoppedError):  # which nobody raises whose claim has passed on
                await self.renew()

    async def confirm(self) -> None:
        """Ask the ledger whether the claim is held; where it does not say, `ensure` it.

        Raises what `ensure` does. The ledger has `ANSWER` seconds for it.
        """
        with trio.move_on_after(ANSWER), suppress(LedgerError, JobStoppedError, JobReopenedError):
            await self.renew()
            return
        await self.ensure()  # which raises what `renew` has noted

    def _age(self) -> float:
        now = both_clocks(self.wall)
        return max(now - then for now, then in zip(now, self.asked, strict=True))


def both_clocks(wall: Callable[[], float]) -> tuple[float, float]:
    """Return the time on Trio's clock and on the wall clock."""
    return trio.current_time(), wall()

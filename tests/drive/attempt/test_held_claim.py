"""Until when a process certainly holds its claim."""

from __future__ import annotations

import pytest
import trio
from attrs import define
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen.drive.attempt.held_claim import LEASE, HeldClaim, both_clocks
from vgen.errors import ClaimPassedOnError, LedgerError
from vgen.testing import Break, MemoryLedger


@define
class Wall:
    """A wall clock that is set by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


async def hold(ledger: MemoryLedger, wall: Wall) -> HeldClaim:
    """Claim the first clip of an open job."""
    async with Fakes(ledger=ledger).runner() as runner:
        await runner.open_job(JOB, prompts(*"abc"), budget=PLENTY)
    asked = both_clocks(wall)
    claim = await ledger.claim(JOB, 0, owner="ann", lease=LEASE)
    assert claim is not None
    return HeldClaim(ledger, claim, wall, asked)


async def take_over(ledger: MemoryLedger) -> bool:
    """Claim the first clip for another; return whether that was possible."""
    return await ledger.claim(JOB, 0, owner="bob", lease=LEASE) is not None


async def test_a_fresh_claim_needs_no_ledger(autojump_clock: MockClock) -> None:
    """While it is certain to last, the ledger is not asked."""
    held = await hold(MemoryLedger([Break("renew", times=99)]), Wall())
    await trio.sleep(LEASE / 2)
    await held.ensure()


async def test_an_ageing_claim_is_renewed(autojump_clock: MockClock) -> None:
    """In the last third of its time it is renewed, and lasts anew."""
    ledger = MemoryLedger()
    held = await hold(ledger, Wall())
    await trio.sleep(2 / 3 * LEASE + 1)
    await held.ensure()
    await trio.sleep(LEASE - 1)
    assert not await take_over(ledger)


async def test_a_claim_that_has_passed_on_is_noticed(autojump_clock: MockClock) -> None:
    """After its end the ledger is asked, and from then on it never counts as held."""
    ledger = MemoryLedger()
    held = await hold(ledger, Wall())
    await trio.sleep(LEASE)
    assert await take_over(ledger)
    for _ in range(2):
        with pytest.raises(ClaimPassedOnError):
            await held.ensure()
    assert held.lost


async def test_a_suspended_machine_is_noticed(autojump_clock: MockClock) -> None:
    """Where Trio's clock has stood still, the wall clock tells that the claim may have ended."""
    wall, ledger = Wall(), MemoryLedger()
    held = await hold(ledger, wall)
    await ledger.release(held.claim)
    assert await take_over(ledger)
    wall.now += LEASE
    with pytest.raises(ClaimPassedOnError):
        await held.ensure()


async def test_a_wall_clock_that_is_set_back_changes_nothing(autojump_clock: MockClock) -> None:
    """The clock that has gone on further counts."""
    wall, ledger = Wall(1e9), MemoryLedger([Break("renew")])
    held = await hold(ledger, wall)
    wall.now = 0.0
    await trio.sleep(LEASE)
    with pytest.raises(LedgerError, match="broke"):
        await held.ensure()


async def test_a_stopped_jobs_claim_is_held(autojump_clock: MockClock) -> None:
    """A stop does not keep its holder from cancelling at the provider."""
    ledger = MemoryLedger()
    held = await hold(ledger, Wall())
    await ledger.stop(JOB)
    await trio.sleep(LEASE - 1)
    await held.ensure()

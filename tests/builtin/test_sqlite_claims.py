"""A clip is worked on by one at a time, and a claim that has passed on can write nothing."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
import trio

from tests.records.samples import a_manifest, an_attempt
from vgen import SQLiteLedger
from vgen.errors import LedgerError
from vgen.records.attempt import Custody, Money
from vgen.records.entry import Released
from vgen.records.job import Claim
from vgen.records.money import Need

from .clock import Clock

JOB = UUID(int=1)
INTENDED = (Money.HELD, Custody.INTENDED)


@pytest.fixture
async def first(ledger: SQLiteLedger) -> Claim:
    """The first claim on clip 0 of an open job, for 60 seconds."""
    await ledger.open_job(a_manifest(JOB), Need())
    claim = await ledger.claim(JOB, 0, owner="a", lease=60)
    assert claim is not None
    return claim


async def test_a_claim_is_exclusive(ledger: SQLiteLedger, first: Claim) -> None:
    """While one holds a clip nobody else can, not even under the same name; others are free."""
    assert first == Claim(JOB, 0, "a", 1)
    assert await ledger.claim(JOB, 0, owner="b", lease=60) is None
    assert await ledger.claim(JOB, 0, owner="a", lease=60) is None
    assert await ledger.claim(JOB, 1, owner="b", lease=60) == Claim(JOB, 1, "b", 1)


async def test_a_claim_expires(ledger: SQLiteLedger, first: Claim, clock: Clock) -> None:
    """By the ledger's own time, to the second, and the next one has the next epoch."""
    clock.now += 59.9
    assert await ledger.claim(JOB, 0, owner="b", lease=60) is None
    clock.now += 0.1
    assert await ledger.claim(JOB, 0, owner="b", lease=60) == Claim(JOB, 0, "b", first.epoch + 1)


async def test_renewing_counts_from_now(ledger: SQLiteLedger, first: Claim, clock: Clock) -> None:
    """A renewed claim lasts its lease anew, even if it had run out with nobody waiting."""
    clock.now += 50
    await ledger.renew(first, lease=60)
    clock.now += 59
    assert await ledger.claim(JOB, 0, owner="b", lease=60) is None
    clock.now += 100
    await ledger.renew(first, lease=60)
    assert await ledger.claim(JOB, 0, owner="b", lease=60) is None


async def test_releasing_frees_the_clip(ledger: SQLiteLedger, first: Claim) -> None:
    """A clip that was given back can be claimed at once; giving it back again changes nothing."""
    await ledger.release(first)
    second = await ledger.claim(JOB, 0, owner="b", lease=60)
    await ledger.release(first)
    assert second is not None
    assert await ledger.claim(JOB, 0, owner="c", lease=60) is None
    await ledger.renew(second, lease=60)


async def test_a_claim_that_passed_on_writes_nothing(
    ledger: SQLiteLedger, first: Claim, clock: Clock
) -> None:
    """Every write checks the epoch, and a refused one leaves no trace."""
    attempt = an_attempt(JOB, 0)
    await ledger.reserve(first, attempt)
    clock.now += 60
    await ledger.claim(JOB, 0, owner="b", lease=60)
    before = await ledger.history(JOB)
    with pytest.raises(LedgerError, match="passed on"):
        await ledger.advance(first, attempt.attempt_id, INTENDED, Released("refused"))
    with pytest.raises(LedgerError, match="passed on"):
        await ledger.reserve(first, attempt)
    with pytest.raises(LedgerError, match="passed on"):
        await ledger.renew(first, lease=60)
    assert await ledger.history(JOB) == before


async def test_a_claim_that_never_was_writes_nothing(ledger: SQLiteLedger, first: Claim) -> None:
    """An epoch that nobody was given is no claim, nor is one on a clip that nobody claimed."""
    for claim in (Claim(JOB, 0, "a", first.epoch + 1), Claim(JOB, 2, "a", 1)):
        with pytest.raises(LedgerError, match="passed on"):
            await ledger.reserve(claim, an_attempt(JOB, claim.clip_index))


async def test_one_of_many_gets_the_clip(path: Path, first: Claim, clock: Clock) -> None:
    """However many ask at once, over however many connections, one is given the clip."""
    clock.now += 60
    given: list[Claim | None] = []

    async def ask(owner: str) -> None:
        other = SQLiteLedger(path, clock=clock)
        given.append(await other.claim(JOB, 0, owner=owner, lease=60))
        await other.aclose()

    async with trio.open_nursery() as nursery:
        for owner in "bcdefgh":
            nursery.start_soon(ask, owner)
    (winner,) = (claim for claim in given if claim is not None)
    assert winner.epoch == first.epoch + 1

"""Submits that may have been accepted are looked up before anything is sent again."""

from __future__ import annotations

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, LEASE, Fakes, leave_open, run_job
from vgen import Settings
from vgen.abc import Attempt, Custody, Finding, Money, Unknown
from vgen.errors import InsufficientClipsError
from vgen.testing import CAPABILITIES, FakeBackend, LoseAnswer, Succeed


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_submit_of_a_dead_process_is_looked_up(
    autojump_clock: MockClock, *, accepted: bool
) -> None:
    """An attempt that may have been sent is found and waited for, or absent and sent."""
    fakes = Fakes()
    await leave_open(fakes, accepted=accepted)
    await run_job(fakes)
    assert fakes.backend.submitted.count("a") == 1
    assert len(fakes.storage.files) == 6


class CannotFind(FakeBackend):
    """A backend that cannot find what it may have accepted."""

    async def find(self, attempt: Attempt) -> Finding:
        return Unknown()


async def test_a_doubt_is_written_off_where_find_is_not_supported(
    autojump_clock: MockClock,
) -> None:
    """The money in doubt counts as spent, and the clip is generated again."""
    fakes = Fakes([CannotFind(capabilities=evolve(CAPABILITIES, can_find=False))])
    await leave_open(fakes, accepted=True)
    await run_job(fakes)
    first, second = await fakes.ledger.attempts(JOB, 0)
    assert first.state == (Money.WRITTEN_OFF, Custody.LOST)
    assert second.custody is Custody.STORED


class NeverFinds(FakeBackend):
    """A backend whose provider has deleted its records."""

    async def find(self, attempt: Attempt) -> Finding:
        return Unknown(for_good=True)


async def test_a_doubt_that_stays_unknown_for_good_is_written_off(
    autojump_clock: MockClock,
) -> None:
    """The money in doubt counts as spent, and the clip is generated again."""
    fakes = Fakes([NeverFinds()])
    await leave_open(fakes, accepted=True)
    await run_job(fakes)
    first, second = await fakes.ledger.attempts(JOB, 0)
    assert first.state == (Money.WRITTEN_OFF, Custody.LOST)
    assert second.custody is Custody.STORED


async def test_a_doubt_of_this_run_is_never_sent_again(autojump_clock: MockClock) -> None:
    """While `find` returns `Unknown`, the clip and its money stay in doubt."""
    fake = CannotFind(
        script={"a": [LoseAnswer(Succeed())]}, capabilities=evolve(CAPABILITIES, can_find=False)
    )
    fakes = Fakes([fake])
    with pytest.raises(InsufficientClipsError):
        await run_job(fakes)
    (attempt,) = await fakes.ledger.attempts(JOB, 0)
    assert attempt.money is Money.IN_DOUBT
    assert fake.submitted.count("a") == 1


async def test_a_provider_may_be_slow_to_find(autojump_clock: MockClock) -> None:
    """Where it cannot tell yet, it is asked again in the same run, for two minutes."""
    late = LoseAnswer(Succeed(), findable_after=120)
    fakes = Fakes([FakeBackend(script={"a": [late]})])
    clips = await run_job(fakes)
    assert clips.successful_clips == 3
    assert len(fakes.backend.submitted) == 3


async def test_a_submit_may_be_under_way_for_as_long_as_it_may_take(
    autojump_clock: MockClock,
) -> None:
    """One that another process is still sending when its claim has ended is waited for."""
    fakes = Fakes(settings=Settings(submit_timeout=60.0))
    attempt = await leave_open(fakes, accepted=False)
    await trio.sleep(LEASE)

    async def arrive() -> None:
        await trio.sleep(55)
        prepared = await fakes.backend.prepare(attempt.request, None)
        await fakes.backend.submit(prepared, attempt.attempt_id)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(arrive)
        await run_job(fakes)
    assert fakes.backend.submitted.count("a") == 1

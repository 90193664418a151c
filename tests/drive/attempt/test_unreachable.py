"""A provider that cannot be reached for a while: what is in flight there is waited for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, LEASE, Fakes, leave_open, run_job
from vgen import BackendReached, BackendUnreachable, Settings
from vgen.abc import Custody, Money, Status, Ticket, WaitableBackend
from vgen.errors import GenerationError, InsufficientClipsError
from vgen.testing import Break, FakeBackend, Hang, LoseAnswer, Outage, Succeed

TEN_MINUTES = Outage(begins=5, ends=605)


async def test_ten_minutes_without_a_network_cost_no_clip(autojump_clock: MockClock) -> None:
    """The job waits, says so once for each clip, and goes on when the provider answers."""
    fakes = Fakes([FakeBackend(faults=[TEN_MINUTES])])
    await run_job(fakes)
    assert len(fakes.backend.submitted) == 3
    unreachable = fakes.events_of(BackendUnreachable)
    assert [event.reason for event in unreachable] == ["status: it is down"] * 3
    assert sorted(event.clip_index for event in unreachable) == [0, 1, 2]
    reached = fakes.events_of(BackendReached)
    assert sorted((e.job_id, e.clip_index, e.backend) for e in reached) == [
        (JOB, index, "fake") for index in range(3)
    ]


async def test_patience_ends(autojump_clock: MockClock) -> None:
    """After the last answer it lasts as long as is set; the reason says for how long, and why."""
    gone = Outage(begins=5, ends=10**6)
    fakes = Fakes([FakeBackend(faults=[gone])], settings=Settings(patience=400))
    with pytest.raises(InsufficientClipsError) as caught:
        await run_job(fakes)
    assert 400 <= trio.current_time() < 430
    for failure in caught.value.clips.failures:
        start, _, end = failure.reason.partition(" for 4")
        assert start == "still open at fake (could not be reached"
        assert end[2:] == " s: cancel: it is down): a later run waits for it"
    attempts = await fakes.ledger.unsettled()
    assert {a.state for a in attempts} == {(Money.HELD, Custody.TICKETED)}
    assert len(attempts) == len(fakes.backend.submitted) == 3


async def test_clips_that_are_not_sent_yet_wait_too(autojump_clock: MockClock) -> None:
    """They are sent to the same backend when it answers again, however often it was tried."""
    first = FakeBackend("first", faults=[Outage(begins=0, ends=600)])
    fakes = Fakes([first, FakeBackend("second")])
    clips = await run_job(fakes, *"abcde")
    assert {clip.backend for clip in clips.clips} == {"first"}
    assert 600 <= trio.current_time() < 700


@pytest.mark.parametrize("call", ["prepare", "submit"])
async def test_after_that_patience_they_fall_back(autojump_clock: MockClock, call: str) -> None:
    """A backend that cannot be sent anything is left when patience ends."""
    first = FakeBackend("first", faults=[Break(call, times=10**6)])
    fakes = Fakes([first, FakeBackend("second")], settings=Settings(patience=120))
    clips = await run_job(fakes)
    assert {clip.backend for clip in clips.clips} == {"second"}
    assert first.charges == []
    assert 120 <= trio.current_time() < 180


async def test_an_attempt_over_its_limits_is_cancelled_when_it_can_be(
    autojump_clock: MockClock,
) -> None:
    """Patience is for the provider: an attempt that runs on after the outage has had its time."""
    fakes = Fakes([FakeBackend(script={"a": [Hang()]}, faults=[TEN_MINUTES])])
    await run_job(fakes)
    first, second = await fakes.ledger.attempts(JOB, 0)
    assert (first.money, second.custody) == (Money.SETTLED, Custody.STORED)
    assert fakes.backend.running == []


async def test_a_short_silence_is_not_reported(autojump_clock: MockClock) -> None:
    """A poll or two that fail are no news."""
    fakes = Fakes([FakeBackend(faults=[Outage(begins=5, ends=12)])])
    await run_job(fakes)
    assert fakes.events_of(BackendUnreachable) == []


async def test_a_download_waits_for_its_provider(autojump_clock: MockClock) -> None:
    """A clip that is paid for is downloaded after the outage, not left for a later run."""

    class Slow(FakeBackend):
        async def fetch(self, ticket: Ticket, path: Path) -> None:
            await trio.sleep(2)
            await super().fetch(ticket, path)

    slow = Slow(faults=[Outage(begins=11, ends=611)])
    fakes = Fakes([slow], settings=Settings(poll_interval=2.0))
    await run_job(fakes)
    assert len(fakes.backend.submitted) == 3
    assert len(fakes.events_of(BackendUnreachable)) == 3


async def test_a_backend_that_leaves_an_attempt_out_has_answered(autojump_clock: MockClock) -> None:
    """Patience is not for a backend that answers, and says nothing of the attempt."""

    class Silent(FakeBackend):
        async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
            answers = await super().status(tickets)
            return {} if trio.current_time() > 15 else answers

        async def cancel(self, ticket: Ticket) -> Status:
            raise GenerationError("it cannot be cancelled")

    fakes = Fakes([Silent(default=Hang(), faults=[Outage(begins=5, ends=15)])])
    with pytest.raises(InsufficientClipsError) as caught:
        await run_job(fakes)
    assert trio.current_time() < 200
    expected = "still open at fake (no word of it): a later run waits for it"
    assert {failure.reason for failure in caught.value.clips.failures} == {expected}


class Waitable(FakeBackend, WaitableBackend):
    """A backend that can wait, and whose connection breaks during the outage."""

    async def wait_finished(self, ticket: Ticket, report: Callable[[Status], None]) -> Status:
        while True:
            (status,) = (await self.status([ticket])).values()
            if status.is_final:
                return status
            report(status)
            await trio.sleep(1)


async def test_a_backend_that_waits_by_itself_is_asked_again(autojump_clock: MockClock) -> None:
    """A connection that breaks while it waits is no end of the attempt."""
    fakes = Fakes([Waitable(faults=[TEN_MINUTES])])
    await run_job(fakes)
    assert len(fakes.backend.submitted) == 3


async def test_a_lost_answer_is_looked_for_after_the_outage(autojump_clock: MockClock) -> None:
    """A submit whose answer was lost with the network is found, not given up or sent again."""
    lost = LoseAnswer(Succeed(after=10), raises=True)
    fakes = Fakes([FakeBackend(script={"a": [lost]}, faults=[Outage(begins=0.5, ends=605)])])
    await run_job(fakes)
    assert len(fakes.backend.submitted) == 3
    assert {event.clip_index for event in fakes.events_of(BackendUnreachable)} >= {0}


async def test_a_doubt_that_cannot_be_cleared_says_why(autojump_clock: MockClock) -> None:
    """The reason names why the provider has not told yet."""
    fakes = Fakes([FakeBackend(faults=[Break("find", times=10**6)])], settings=Settings(patience=0))
    await leave_open(fakes)
    await trio.sleep(LEASE)
    async with fakes.runner() as runner:
        (found,) = await runner.reconcile()
    assert found.attempt.money is Money.IN_DOUBT
    assert found.note.startswith("it may be running at fake and may be billed: not cleared yet (")
    assert found.note.endswith(" s: find: it broke)")


async def test_a_download_goes_on_when_its_provider_answers(autojump_clock: MockClock) -> None:
    """Also when the answer is an error: what has it is reached, and patience is not used up."""

    class CannotTell(FakeBackend):
        async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
            if "fetch" in repr(self.log):
                raise GenerationError("it keeps no records")
            return await super().status(tickets)

    fakes = Fakes([CannotTell(faults=[Break("fetch")])])
    await run_job(fakes)
    assert trio.current_time() < Settings().patience

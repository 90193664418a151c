"""A runner: opening, closing, polling, and errors without exception groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Stage, prompts
from vgen import DirectoryStorage, GenerationSettings, Settings, process
from vgen.abc import Status, Ticket
from vgen.drive.exception_groups import single_error
from vgen.drive.observe.observers import guarded
from vgen.errors import (
    ConfigurationError,
    GenerationError,
    InsufficientClipsError,
    LedgerError,
    NetworkError,
    RateLimitedError,
    VgenError,
)
from vgen.ports.events import Event, JobProgress
from vgen.testing import Break, Delay, FakeBackend, MemoryLedger, MemoryStorage, Refuse, Succeed


async def test_errors_of_the_block_keep_their_shape() -> None:
    """What the caller raises leaves as it was: an error stays an error, a group a group."""
    stage = Stage()
    with pytest.raises(ZeroDivisionError):
        async with stage.runner():
            raise ZeroDivisionError
    with pytest.raises(ExceptionGroup) as caught:
        async with stage.runner():
            raise ExceptionGroup("the caller's own", [ValueError("one"), ValueError("two")])
    assert caught.value.message == "the caller's own"
    assert stage.fake.closed


def test_the_gravest_of_several_errors_comes_out() -> None:
    """A request to stop goes before errors, and the others are named in its notes."""
    with pytest.raises(KeyboardInterrupt) as caught, single_error():
        raise BaseExceptionGroup("", [ValueError("late"), KeyboardInterrupt()])
    assert caught.value.__notes__ == ["and at the same time: ValueError: late"]


@pytest.mark.parametrize("names", [(), ("one", "one")])
async def test_a_route_needs_backends_of_different_names(names: Sequence[str]) -> None:
    """No backend, or one twice, is a configuration error."""
    with pytest.raises(ConfigurationError, match="backends"):
        async with Stage([FakeBackend(name) for name in names]).runner():
            pass


async def test_a_provider_that_does_not_answer_is_asked_again(autojump_clock: MockClock) -> None:
    """Questions that fail cost nothing but time; a pause that it asks for is kept."""

    class Moody(FakeBackend):
        moods: ClassVar = [NetworkError("reset"), RateLimitedError("slow", retry_after=40)]

        async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
            if self.moods:
                raise self.moods.pop(0)
            return await super().status(tickets)

    stage = Stage([Moody()])
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.total_generation_time >= 40
    assert len(stage.fake.submitted) == 3


async def test_a_broken_plug_in_fails_its_clips_and_no_more(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """An exception that is none of vgen's becomes the clip's failure, logged with its traceback."""

    class Broken(FakeBackend):
        async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
            raise TypeError("a defect")

        async def fetch(self, ticket: Ticket, path: Path) -> None:
            raise AssertionError("never reached")

    stage = Stage([Broken()])
    async with stage.runner() as runner:
        with pytest.raises(InsufficientClipsError, match="fake: TypeError: a defect"):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert "backend fake broke" in caplog.text
    assert stage.fake.running == []


async def test_an_output_that_is_gone_is_made_anew(autojump_clock: MockClock) -> None:
    """A paid clip that the provider has deleted is written down as lost, and tried again."""

    class Forgetful(FakeBackend):
        gone = 1

        async def fetch(self, ticket: Ticket, path: Path) -> None:
            if self.gone:
                self.gone -= 1
                raise GenerationError("deleted after an hour")
            await super().fetch(ticket, path)

    stage = Stage([Forgetful()])
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert len(stage.fake.submitted) == 4
    assert clips.total_cost == sum(charge.amount for charge in stage.fake.charges)


async def test_no_place_is_passed_on_when_a_job_is_past_hope(autojump_clock: MockClock) -> None:
    """The clip whose failure decides the job lets no other one take its place."""
    stage = Stage([FakeBackend(default=Refuse())], settings=Settings(concurrency=1))
    async with stage.runner() as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts(*"abcd"), budget=PLENTY)
    assert len(stage.fake.submitted) == 2


async def test_nothing_is_sent_once_the_ledger_fails(autojump_clock: MockClock) -> None:
    """A ticket that cannot be written down ends the job before another clip takes its place."""
    stage = Stage(
        [FakeBackend(latency=1.0)],
        ledger=MemoryLedger([Break("advance")]),
        settings=Settings(concurrency=1),
    )
    async with stage.runner() as runner:
        with pytest.raises(LedgerError, match="advance: it broke"):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert len(stage.fake.submitted) == 1


async def test_a_ledger_that_does_not_answer_ends_the_job(autojump_clock: MockClock) -> None:
    """A hold that takes too long to be written down is an error of the ledger's, in no group."""
    stage = Stage(ledger=MemoryLedger([Delay("reserve", seconds=90)]))
    async with stage.runner() as runner:
        with pytest.raises(LedgerError, match="did not answer in time"):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)


async def test_a_url_that_cannot_be_minted_spoils_no_job(autojump_clock: MockClock) -> None:
    """Clips that are stored keep the URL from their storing while the storage mints none."""
    stage = Stage(storage=MemoryStorage(faults=[Break("url", nth=4, times=99)]))
    async with stage.runner() as runner:
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.clips[0].video_url == f"memory:{JOB}/clip_000.mp4"


def test_a_slow_observer_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An observer that holds up the loop finds its name in the log."""
    ticks = iter([0.0, 5.0])
    tell = guarded(lambda _event: None, clock=lambda: next(ticks))
    tell(JobProgress(JOB, 50.0))
    assert "the observer took 5.0 s over JobProgress" in caplog.text


async def test_one_job_on_a_runner_of_its_own(tmp_path: Path) -> None:
    """`process` opens a runner, makes the clips and closes what it was given."""
    fake, told = FakeBackend(default=Succeed(after=0)), list[Event]()
    settings = Settings(poll_interval=0.01, generation=GenerationSettings(max_duration=0.5))
    clips = await process(
        JOB,
        prompts(*"abc"),
        backends=[fake],
        storage=DirectoryStorage(tmp_path),
        ledger=MemoryLedger(),
        settings=settings,
        observer=told.append,
        budget=PLENTY,
    )
    assert clips.successful_clips == 3
    assert fake.closed


async def test_statistics_and_reprs_tell_the_state(autojump_clock: MockClock) -> None:
    """One can see what a runner is at."""
    stage = Stage()
    async with stage.runner() as runner, trio.open_nursery() as nursery:
        nursery.start_soon(partial(runner.process, JOB, prompts(*"abcde"), budget=PLENTY))
        await trio.sleep(5)
        statistics = runner.statistics()
        assert (statistics.in_flight, statistics.waiting, statistics.fetching) == (3, 2, 0)
        assert repr(runner) == "<Runner: 3 in flight, 2 waiting>"
        nursery.cancel_scope.cancel()
    assert "cancel" in repr(stage.fake)
    assert "Settled" in repr(stage.ledger)
    assert repr(MemoryStorage()) == "<MemoryStorage: empty>"


async def test_the_fake_refuses_what_it_does_not_know() -> None:
    """An unknown job in the model ledger is an error of vgen's."""
    with pytest.raises(VgenError):
        await MemoryLedger().conclude(JOB, "done")


async def test_a_claim_outlives_a_slow_submit(autojump_clock: MockClock) -> None:
    """Whatever is cancelled meanwhile, nobody else is given a clip whose submit has not ended."""
    stage = Stage([FakeBackend(latency=200)], settings=Settings(submit_timeout=300))
    claims: list[object] = []

    async def knock() -> None:
        for seconds in (499, 2):
            await trio.sleep(seconds)
            claims.append(await stage.ledger.claim(JOB, 0, owner="other", lease=1))

    async with trio.open_nursery() as nursery, stage.runner() as runner:
        nursery.start_soon(knock)
        with trio.move_on_after(250):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert [claim is not None for claim in claims] == [False, True]

"""A job that is stopped starts no more attempts."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from tests.work import counted_calls
from vgen import Settings
from vgen.drive.limits.stop import JobStop
from vgen.drive.limits.stop_notices import StopNotices
from vgen.errors import AccountError, InsufficientClipsError, LedgerError
from vgen.testing import Break, FakeBackend, MemoryLedger, Refuse

FEW, MANY = 20, 400
"""Clips that wait."""


async def test_nothing_is_sent_once_min_clips_are_out_of_reach(autojump_clock: MockClock) -> None:
    """After the failure that puts `min_clips` out of reach, no other clip gets its slot."""
    fakes = Fakes([FakeBackend(default=Refuse())], settings=Settings(concurrency=1))
    async with fakes.runner() as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts(*"abcd"), budget=PLENTY)
    assert len(fakes.backend.submitted) == 2


async def test_nothing_is_sent_once_the_ledger_fails(autojump_clock: MockClock) -> None:
    """A ticket that cannot be written ends the job before another clip gets the slot."""
    fakes = Fakes(
        [FakeBackend(latency=1.0)],
        ledger=MemoryLedger([Break("advance")]),
        settings=Settings(concurrency=1),
    )
    async with fakes.runner() as runner:
        with pytest.raises(LedgerError, match="advance: it broke"):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert len(fakes.backend.submitted) == 1


async def test_what_waits_is_stopped_once() -> None:
    """However many clips wait, and each of them is given up then, stopping is as much for each."""
    await calls_a_clip(FEW)  # what is compiled at the first use
    assert await calls_a_clip(MANY) < 1.05 * await calls_a_clip(FEW)


async def calls_a_clip(clips: int) -> float:
    """Let clips wait for two accounts that are refused, and count the calls of functions."""
    stop = JobStop(clips, min_clips=clips)

    async def wait(clip_index: int) -> None:
        account = f"account {clip_index % 2}"
        try:
            with stop.stoppable(account):
                await trio.sleep_forever()
        except AccountError as error:
            stop.account_refused(account, error)
            stop.clip_given_up(clip_index)

    with counted_calls() as calls:
        async with trio.open_nursery() as nursery:
            for clip_index in range(clips):
                nursery.start_soon(wait, clip_index)
            await trio.testing.wait_all_tasks_blocked()
            for account in ("account 0", "account 1"):
                stop.account_refused(account, AccountError("no money"))
    return calls.count / clips


async def test_a_notice_wakes_all_that_wait(autojump_clock: MockClock) -> None:
    """One that has given up waiting takes nothing from the others."""
    notices, woken = StopNotices(), list[float]()

    async def wait(seconds: float) -> None:
        with trio.move_on_after(seconds):
            await notices.wait(JOB)
            woken.append(seconds)

    async with trio.open_nursery() as nursery:
        for seconds in (1, 9, 9):
            nursery.start_soon(wait, seconds)
        await trio.sleep(5)
        notices.post(JOB)
    assert woken == [9, 9]
    assert trio.current_time() == 5

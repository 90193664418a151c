"""Clips that wait for money of their own job."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from vgen.drive.limits.freed_money import FreedMoney


async def test_the_last_clip_at_work_does_not_wait_for_itself() -> None:
    """Nobody is left whose money could come free."""
    money = FreedMoney()
    with money.at_work():
        await money.take_turn()
        assert not await money.wait_until_freed(since=money.moves)


async def test_a_clip_waits_for_another_that_is_at_work(autojump_clock: MockClock) -> None:
    """Until money moves, or the other has ended."""
    money = FreedMoney()

    async def other() -> None:
        with money.at_work():
            await trio.sleep(5)
            money.moved()
            await trio.sleep(5)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        await trio.testing.wait_all_tasks_blocked()
        with money.at_work():
            await money.take_turn()
            assert await money.wait_until_freed(since=money.moves)
            assert trio.current_time() == 5
            await money.wait_until_freed(since=money.moves)
            assert trio.current_time() == 10


async def test_a_clip_that_another_process_has_is_not_waited_for(
    autojump_clock: MockClock,
) -> None:
    """That process may wait for this one; when the clip comes back it counts again."""
    money = FreedMoney()

    async def other() -> None:
        with money.at_work():
            with money.claimed_elsewhere():
                await trio.sleep(5)
            await trio.sleep(5)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        await trio.testing.wait_all_tasks_blocked()
        with money.at_work():
            await money.take_turn()
            assert not await money.wait_until_freed(since=money.moves)
            await trio.sleep(5)
            await trio.testing.wait_all_tasks_blocked()
            assert await money.wait_until_freed(since=money.moves)
            assert trio.current_time() == 10

"""A runner's statistics and `repr`."""

from __future__ import annotations

from functools import partial

import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen.testing import MemoryStorage


async def test_statistics_and_reprs_show_the_state(autojump_clock: MockClock) -> None:
    """They show the attempts in flight and those that wait."""
    fakes = Fakes()
    async with fakes.runner() as runner, trio.open_nursery() as nursery:
        nursery.start_soon(partial(runner.process, JOB, prompts(*"abcde"), budget=PLENTY))
        await trio.sleep(5)
        statistics = runner.statistics()
        assert (statistics.in_flight, statistics.waiting, statistics.fetching) == (3, 2, 0)
        assert repr(runner) == "<Runner: 3 in flight, 2 waiting>"
        nursery.cancel_scope.cancel()
    assert "cancel" in repr(fakes.backend)
    assert "Settled" in repr(fakes.ledger)
    assert repr(MemoryStorage()) == "<MemoryStorage: empty>"

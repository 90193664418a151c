"""A ledger that becomes read-only: one clear error, and nothing is lost or paid for twice."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from vgen.abc import Custody
from vgen.errors import LedgerError

from .desk import Desk

SUBMITS = [1, 2, 3]
MOMENTS = [2.0, 9.9, 10.5]
"""When all clips are being made, and when they are about to be fetched, in seconds."""


def refused(desk: Desk) -> str:
    """What the error says, in a line that names the file."""
    return f"{desk.path}: attempt to write a readonly database"


async def test_before_a_job(desk: Desk, autojump_clock: MockClock) -> None:
    """Nothing is sent, neither for a new file nor for a known one."""
    desk.let_write(allowed=False)
    with pytest.raises(LedgerError) as caught:
        await desk.play()
    assert str(caught.value) == refused(desk)
    desk.let_write(allowed=True)
    await desk.play()
    desk.let_write(allowed=False)
    with pytest.raises(LedgerError) as caught:
        await desk.play("a", "B", "c")
    assert str(caught.value) == refused(desk)
    assert sorted(desk.fake.submitted) == ["a", "b", "c"]
    desk.let_write(allowed=True)
    await desk.play()
    await desk.nothing_is_lost_or_paid_twice()


@pytest.mark.parametrize("nth", SUBMITS)
async def test_after_a_submit_was_accepted(
    desk: Desk, autojump_clock: MockClock, *, nth: int
) -> None:
    """The error carries the ticket; what runs is called off, or stands in the ledger."""

    def strike() -> None:
        desk.let_write(allowed=len(desk.fake.submitted) < nth)

    desk.fake.after_submit = strike
    with pytest.raises(LedgerError) as caught:
        await desk.play()
    assert str(caught.value) == refused(desk)
    assert caught.value.ticket is not None
    desk.fake.after_submit = int
    desk.let_write(allowed=True)
    await stands_in_the_ledger(desk)
    await desk.play()
    await desk.nothing_is_lost_or_paid_twice()


@pytest.mark.parametrize("moment", MOMENTS)
async def test_while_clips_are_made(
    desk: Desk, autojump_clock: MockClock, *, moment: float
) -> None:
    """Whatever is under way, the job ends with the error, and the next run finishes it."""

    async def strike() -> None:
        await trio.sleep(moment)
        desk.let_write(allowed=False)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(strike)
        with pytest.raises(LedgerError) as caught:
            await desk.play()
    assert str(caught.value) == refused(desk)
    desk.let_write(allowed=True)
    await stands_in_the_ledger(desk)
    await desk.play()
    await desk.nothing_is_lost_or_paid_twice()


async def stands_in_the_ledger(desk: Desk) -> None:
    """Whatever the provider still runs is in the ledger as sent and open."""
    standing = {a.attempt_id: a for a in await desk.attempts() if a.is_open and a.sent}
    for key in desk.fake.running:
        assert standing[key].custody in {Custody.INTENDED, Custody.TICKETED}

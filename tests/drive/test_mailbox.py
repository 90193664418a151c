"""Events on their way to a reader: ticks may be lost, nothing else may."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from vgen import ClipProgress, ClipQueued, Event, JobOpened, JobProgress
from vgen.drive.mailbox import TICKS, Mailbox

from .jobs import JOB

EVENTS = st.one_of(
    st.builds(ClipProgress, st.just(JOB), st.integers(0, 9), st.floats(0, 1)),
    st.builds(JobProgress, st.just(JOB), st.floats(50, 85)),
    st.builds(ClipQueued, st.just(JOB), st.integers(0, 9), st.just("fake")),
    st.just(JobOpened(JOB, (0,), Decimal(1))),
)


def is_tick(event: Event) -> bool:
    """Whether an event tells no more than how far things are."""
    return isinstance(event, ClipProgress | JobProgress)


@given(st.lists(st.tuples(EVENTS, st.sampled_from([0, 0, 0, 1])), min_size=100, max_size=300))
def test_only_the_oldest_ticks_are_lost(steps: list[tuple[Event, int]]) -> None:
    """What is read comes in order; missing are ticks only, each older than those that waited."""
    mailbox, waiting = Mailbox(), list[Event]()
    for event, reads in steps:
        mailbox.put(event)
        waiting.append(event)
        ticks = [position for position, each in enumerate(waiting) if is_tick(each)]
        if len(ticks) > TICKS:
            del waiting[ticks[0]]
        for _ in range(reads):
            expected = waiting.pop(0) if waiting else None
            assert mailbox.take() is expected
    assert not mailbox.ended
    mailbox.close()
    for expected in waiting:
        assert mailbox.take() is expected
    assert mailbox.take() is None
    assert mailbox.ended


def test_a_reader_is_woken_by_every_change() -> None:
    """Also by the end."""
    woken: list[str] = []
    mailbox = Mailbox()
    mailbox.wake = lambda: woken.append("woken")
    mailbox.put(ClipQueued(JOB, 0, "fake"))
    mailbox.close()
    assert woken == ["woken"] * 2

"""Events on their way to a reader: ticks may be lost, nothing else may."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.drive.jobs import JOB
from vgen import ClipProgress, ClipQueued, Event, JobOpened, JobProgress
from vgen.drive.runner.event_queue import MAX_PROGRESS, EventQueue

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
    queue, waiting = EventQueue(), list[Event]()
    for event, reads in steps:
        queue.put(event)
        waiting.append(event)
        ticks = [position for position, each in enumerate(waiting) if is_tick(each)]
        if len(ticks) > MAX_PROGRESS:
            del waiting[ticks[0]]
        for _ in range(reads):
            expected = waiting.pop(0) if waiting else None
            assert queue.take() is expected
    assert not queue.ended
    queue.close()
    for expected in waiting:
        assert queue.take() is expected
    assert queue.take() is None
    assert queue.ended


def test_a_reader_is_woken_by_every_change() -> None:
    """Also by the end."""
    woken: list[str] = []
    queue = EventQueue()
    queue.wake = lambda: woken.append("woken")
    queue.put(ClipQueued(JOB, 0, "fake"))
    queue.close()
    assert woken == ["woken"] * 2

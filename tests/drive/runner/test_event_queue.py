"""Events on their way to a reader: old progress may be dropped, nothing else."""

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


def is_progress(event: Event) -> bool:
    """Whether an event reports progress only."""
    return isinstance(event, ClipProgress | JobProgress)


@given(st.lists(st.tuples(EVENTS, st.sampled_from([0, 0, 0, 1])), min_size=100, max_size=300))
def test_only_the_oldest_progress_is_dropped(steps: list[tuple[Event, int]]) -> None:
    """Events are read in order; only progress is dropped, the oldest first."""
    queue, waiting = EventQueue(), list[Event]()
    for event, reads in steps:
        queue.put(event)
        waiting.append(event)
        progress = [position for position, each in enumerate(waiting) if is_progress(each)]
        if len(progress) > MAX_PROGRESS:
            del waiting[progress[0]]
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
    """Putting an event and closing each call `wake`."""
    woken: list[str] = []
    queue = EventQueue()
    queue.wake = lambda: woken.append("woken")
    queue.put(ClipQueued(JOB, 0, "fake"))
    queue.close()
    assert woken == ["woken"] * 2

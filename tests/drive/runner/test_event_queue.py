"""Events on their way to a reader: old progress may be dropped, nothing else."""

from __future__ import annotations

from copy import copy
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.drive.jobs import JOB
from vgen import ClipProgress, ClipQueued, Event, JobOpened
from vgen.drive.runner.event_queue import MAX_PROGRESS, EventQueue

EVENTS: tuple[Event, ...] = (
    ClipProgress(JOB, 0, 0.5, 60.0),
    ClipProgress(JOB, 1, 1.0, 70.0),
    ClipQueued(JOB, 0, "fake"),
    JobOpened(JOB, (0,), Decimal(1)),
)


def is_progress(event: Event) -> bool:
    """Whether an event reports progress only."""
    return isinstance(event, ClipProgress)


@given(st.binary(min_size=100, max_size=300))
def test_only_the_oldest_progress_is_dropped(steps: bytes) -> None:
    """Events are read in order; only progress is dropped, the oldest first."""
    queue, waiting = EventQueue(), list[Event]()
    for step in steps:
        event = copy(EVENTS[step % 4])
        queue.put(event)
        waiting.append(event)
        progress = [position for position, each in enumerate(waiting) if is_progress(each)]
        if len(progress) > MAX_PROGRESS:
            del waiting[progress[0]]
        if step // 4 % 4 == 0:
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

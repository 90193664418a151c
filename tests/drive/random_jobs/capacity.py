"""Rule 9: capacity is for work in flight."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

import trio

from vgen import Runner
from vgen.records.entry import Doubted, Line, Released, Reserved, Settled, WrittenOff
from vgen.testing import Call

from .story import Story

FOREVER = 20_000.0
"""No job may take so long, in seconds: what does has come to a standstill."""

OVER = (Released, Settled, WrittenOff)


class Gauge(trio.abc.Instrument):
    """Compares, whenever every task is at rest, the limiters with what is in flight."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._runners: list[Runner] = []
        self._ready = 0
        self._read = 0
        self._sent: set[UUID] = set()
        self._working: set[UUID] = set()
        self._fetching = 0

    @contextmanager
    def on(self, runner: Runner) -> Generator[None]:
        """Watch a runner while it works."""
        if not self._runners:
            self._working.clear()  # what earlier runs have left waits for its turn
        self._runners.append(runner)
        try:
            yield
        finally:
            self._runners.remove(runner)

    def task_scheduled(self, task: trio.lowlevel.Task) -> None:
        """Count a task that can go on."""
        self._ready += 1

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Count a task that goes on."""
        self._ready -= 1

    def before_io_wait(self, timeout: float) -> None:
        """Look at the limiters when no task can go on."""
        if not self._ready and self._runners:
            self._follow()
            self._compare()
        if trio.current_time() > FOREVER * len(self._story.chapters):
            self._complain("the job has come to a standstill")
            for order in self._story.accepted.values():
                order.cancelled = True  # whatever waits for it, shielded even, comes to its end

    def _follow(self) -> None:
        notes = self._story.call_log.entries
        for note in notes[self._read :]:
            what = note.what
            if isinstance(what, Line):
                self._follow_line(what)
            elif isinstance(what, Call):
                self._follow_call(what)
        self._read = len(notes)

    def _follow_line(self, line: Line) -> None:
        if isinstance(line.entry, Reserved):
            self._sent.add(line.attempt_id)
        elif isinstance(line.entry, OVER):
            self._sent.discard(line.attempt_id)
        if isinstance(line.entry, (*OVER, Doubted)):
            self._working.discard(line.attempt_id)

    def _follow_call(self, call: Call) -> None:
        if call.what == "reserve" and call.attempt_id:
            self._sent.add(call.attempt_id)
        elif call.what == "cannot reserve" and call.attempt_id:
            self._sent.discard(call.attempt_id)
        elif call.what == "submit" and call.attempt_id:
            self._working.add(call.attempt_id)
        elif call.what == "cancel" and call.attempt_id:
            self._working.discard(call.attempt_id)
        elif call.what in {"fetch", "download ends"}:
            self._fetching += 1 if call.what == "fetch" else -1

    def _compare(self) -> None:
        plan = self._story.plan
        places = sum(runner.statistics().in_flight for runner in self._runners)
        if self._fetching > plan.fetches * len(self._runners):
            self._complain(f"{self._fetching} downloads at once")
        if plan.ledger:
            return  # what is written does not tell what happened, and when
        if places > len(self._sent):
            self._complain(f"{places} places held, {len(self._sent)} in flight")
        if len(self._working) > plan.concurrency * len(self._runners):
            self._complain(f"{len(self._working)} in flight at once")

    def _complain(self, what: str) -> None:
        self._story.complaints.append(f"at {trio.current_time():.3f}: {what}")

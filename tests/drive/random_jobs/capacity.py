"""Rule 9: limiters are held for attempts in flight only."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

import trio

from vgen import Runner
from vgen.records.entry import Doubted, Line, Released, Reserved, Settled, WrittenOff
from vgen.testing import Call

from .played_plan import PlayedPlan

MAX_DURATION = 20_000.0
"""A run that takes longer, in seconds of virtual time, is stuck."""

ENDED = (Released, Settled, WrittenOff)


class CapacityCheck(trio.abc.Instrument):
    """Compares the limiters with the attempts in flight whenever all tasks are blocked."""

    def __init__(self, played: PlayedPlan) -> None:
        self._played = played
        self._runners: list[Runner] = []
        self._runnable = 0
        self._position = 0
        self._sent: set[UUID] = set()
        self._working: set[UUID] = set()
        self._fetching = 0

    @contextmanager
    def watch(self, runner: Runner) -> Generator[None]:
        """Check a runner's limiters within the block."""
        if not self._runners:
            self._working.clear()  # attempts left by earlier runs are not in flight now
        self._runners.append(runner)
        try:
            yield
        finally:
            self._runners.remove(runner)

    def task_scheduled(self, task: trio.lowlevel.Task) -> None:
        """Count a runnable task."""
        self._runnable += 1

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Count a task that is run."""
        self._runnable -= 1

    def before_io_wait(self, timeout: float) -> None:
        """Check the limiters when no task is runnable; end all attempts when the job is stuck."""
        if not self._runnable and self._runners:
            self._read_log()
            self._check()
        if trio.current_time() > MAX_DURATION * len(self._played.runs):
            self._report("the job is stuck")
            for accepted in self._played.accepted.values():
                accepted.cancelled = True  # ends also what waits for it in a shielded scope

    def _read_log(self) -> None:
        entries = self._played.call_log.entries
        for logged in entries[self._position :]:
            what = logged.what
            if isinstance(what, Line):
                self._read_line(what)
            elif isinstance(what, Call):
                self._read_call(what)
        self._position = len(entries)

    def _read_line(self, line: Line) -> None:
        if isinstance(line.entry, Reserved):
            self._sent.add(line.attempt_id)
        elif isinstance(line.entry, ENDED):
            self._sent.discard(line.attempt_id)
        if isinstance(line.entry, (*ENDED, Doubted)):
            self._working.discard(line.attempt_id)

    def _read_call(self, call: Call) -> None:
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

    def _check(self) -> None:
        plan = self._played.plan
        held = sum(runner.statistics().in_flight for runner in self._runners)
        if self._fetching > plan.fetches * len(self._runners):
            self._report(f"{self._fetching} downloads at once")
        if plan.ledger:
            return  # the journal may lack lines, or have them late
        if held > len(self._sent):
            self._report(f"{held} places held, {len(self._sent)} in flight")
        if len(self._working) > plan.concurrency * len(self._runners):
            self._report(f"{len(self._working)} in flight at once")

    def _report(self, what: str) -> None:
        self._played.violations.append(f"at {trio.current_time():.3f}: {what}")

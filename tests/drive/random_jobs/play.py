"""Running a plan on fakes, in virtual time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from decimal import Decimal
from functools import partial
from pathlib import Path

import trio
from attrs import evolve
from trio.testing import MockClock

from vgen import Event, Observer, Runner, open_runner
from vgen.errors import LedgerError, NotFoundError, VgenError
from vgen.testing import CallLog, Plan, Run, inline_inspector

from .capacity import MAX_DURATION, CapacityCheck
from .neighbour import PURSE, share_purse
from .played_plan import JOB, Outcome, PlayedPlan, PlayedRun

LAST_RUN = Run()
LAST_BUDGET = Decimal(1000)


def play(plan: Plan, check: Callable[[PlayedPlan], None]) -> PlayedPlan:
    """Run the plan, and then the job once more without faults; call `check` after each run."""
    call_log = CallLog()
    with tempfile.TemporaryDirectory() as folder:
        played = PlayedPlan(
            plan,
            call_log,
            plan.fake_ledger(call_log),
            plan.fake_storage(call_log),
            plan.backends(call_log),
            Path(folder) if plan.spool else None,
        )
        capacity = CapacityCheck(played)
        clock = MockClock(autojump_threshold=0)
        trio.run(_play, played, capacity, check, clock=clock, instruments=[capacity])
    return played


async def _play(
    played: PlayedPlan, capacity: CapacityCheck, check: Callable[[PlayedPlan], None]
) -> None:
    for planned in played.plan.runs:
        await _run(played, capacity, planned)
        check(played)
    _stop_faults(played)
    await _run(played, capacity, LAST_RUN, fault_free=True)
    check(played)


def _stop_faults(played: PlayedPlan) -> None:
    for backend in played.backends:
        backend.stop_faults()
    played.ledger.faults.stop()
    played.storage.faults.stop()


async def _run(
    played: PlayedPlan, capacity: CapacityCheck, planned: Run, *, fault_free: bool = False
) -> None:
    run = PlayedRun(
        planned,
        trio.current_time(),
        len(played.call_log.entries),
        played.ledger.peek(JOB),
        fault_free=fault_free,
    )
    played.runs.append(run)
    with trio.fail_after(MAX_DURATION):
        async with trio.open_nursery() as nursery:
            if played.plan.purse is not None:
                nursery.start_soon(share_purse, played.ledger, played.plan.purse)
            for _ in range(planned.runners):
                nursery.start_soon(_process, played, capacity, run)
            if planned.cancelled_elsewhere is not None:
                nursery.start_soon(
                    _cancel_elsewhere, played, capacity, run, planned.cancelled_elsewhere
                )
    run.ended = trio.current_time()
    run.last = len(played.call_log.entries)
    run.after = played.ledger.peek(JOB)
    run.running = tuple(key for fake in played.backends for key in fake.running)


async def _process(played: PlayedPlan, capacity: CapacityCheck, run: PlayedRun) -> None:
    plan, planned = played.plan, run.planned
    outcome = Outcome()
    observer = partial(_observe, played.call_log, raises=planned.observer_raises)
    with trio.move_on_after(MAX_DURATION if planned.cancel is None else planned.cancel):
        async with _opened(played, observer) as runner:
            try:
                with capacity.watch(runner):
                    clips = await runner.process(
                        JOB,
                        plan.clip_prompts(planned.edited),
                        budget=LAST_BUDGET if run.fault_free else plan.budget,
                        already_spent=plan.already_spent,
                        purses=_purses(plan.purse, fault_free=run.fault_free),
                        min_clips=plan.min_clips,
                        redo=planned.indexes_to_redo,
                        fall_back_on=plan.fall_back_on,
                    )
                outcome = Outcome(clips=clips)
            except VgenError as error:
                outcome = Outcome(error=error)
    run.outcomes.append(evolve(outcome, at=trio.current_time()))


def _purses(limit: Decimal | None, *, fault_free: bool) -> dict[str, Decimal]:
    """Return the job's purses; in the last run there is money enough."""
    return {} if limit is None else {PURSE: LAST_BUDGET if fault_free else limit}


async def _cancel_elsewhere(
    played: PlayedPlan, capacity: CapacityCheck, run: PlayedRun, after: float
) -> None:
    await trio.sleep(after)
    async with _opened(played) as runner:
        with capacity.watch(runner), suppress(LedgerError, NotFoundError):
            await runner.cancel(JOB)
            run.cancelled_elsewhere = True


def _opened(
    played: PlayedPlan, observer: Observer | None = None
) -> AbstractAsyncContextManager[Runner]:
    return open_runner(
        backends=played.backends,
        storage=played.storage,
        ledger=played.ledger,
        settings=played.plan.settings,
        observer=observer,
        inspector=inline_inspector(),
        spool=played.spool,
    )


def _observe(call_log: CallLog, event: Event, *, raises: bool) -> None:
    call_log.add(event)
    if raises:
        raise ZeroDivisionError

"""Playing a plan on fakes, in virtual time."""

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

from .capacity import FOREVER, Gauge
from .story import JOB, Chapter, Outcome, Story

CALM = Run()
FULL = Decimal(1000)


def played(plan: Plan, check: Callable[[Story], None]) -> Story:
    """Play the plan's runs and a calm one after them, and check the story after each."""
    call_log = CallLog()
    with tempfile.TemporaryDirectory() as folder:
        story = Story(
            plan,
            call_log,
            plan.fake_ledger(call_log),
            plan.fake_storage(call_log),
            plan.backends(call_log),
            Path(folder) if plan.spool else None,
        )
        gauge = Gauge(story)
        clock = MockClock(autojump_threshold=0)
        trio.run(_play, story, gauge, check, clock=clock, instruments=[gauge])
    return story


async def _play(story: Story, gauge: Gauge, check: Callable[[Story], None]) -> None:
    for run in story.plan.runs:
        await _run(story, gauge, run)
        check(story)
    _calm(story)
    await _run(story, gauge, CALM, calm=True)
    check(story)


def _calm(story: Story) -> None:
    """Mend all that goes wrong by itself, so that the job can be finished."""
    for backend in story.backends:
        backend.calm()
    story.ledger.faults.end()
    story.storage.faults.end()


async def _run(story: Story, gauge: Gauge, run: Run, *, calm: bool = False) -> None:
    chapter = Chapter(
        run,
        trio.current_time(),
        len(story.call_log.entries),
        story.ledger.books(JOB),
        calm=calm,
    )
    story.chapters.append(chapter)
    with trio.fail_after(FOREVER):
        async with trio.open_nursery() as nursery:
            for _ in range(run.runners):
                nursery.start_soon(_process, story, gauge, chapter)
            if run.called_off is not None:
                nursery.start_soon(_call_off, story, gauge, chapter, run.called_off)
    chapter.ended = trio.current_time()
    chapter.last = len(story.call_log.entries)
    chapter.after = story.ledger.books(JOB)
    chapter.running = tuple(key for fake in story.backends for key in fake.running)


async def _process(story: Story, gauge: Gauge, chapter: Chapter) -> None:
    plan, run = story.plan, chapter.run
    outcome = Outcome()
    with trio.move_on_after(FOREVER if run.cancel is None else run.cancel):
        async with _opened(story, partial(_hear, story.call_log, heckled=run.heckled)) as runner:
            try:
                with gauge.on(runner):
                    clips = await runner.process(
                        JOB,
                        plan.clip_prompts(run.edited),
                        budget=FULL if chapter.calm else plan.budget,
                        already_spent=plan.already_spent,
                        min_clips=plan.min_clips,
                        redo=run.indexes_to_redo,
                    )
                outcome = Outcome(clips=clips)
            except VgenError as error:
                outcome = Outcome(error=error)
    chapter.outcomes.append(evolve(outcome, at=trio.current_time()))


async def _call_off(story: Story, gauge: Gauge, chapter: Chapter, after: float) -> None:
    await trio.sleep(after)
    async with _opened(story) as runner:
        with gauge.on(runner), suppress(LedgerError, NotFoundError):
            await runner.cancel(JOB)
            chapter.called_off = True


def _opened(story: Story, observer: Observer | None = None) -> AbstractAsyncContextManager[Runner]:
    return open_runner(
        backends=story.backends,
        storage=story.storage,
        ledger=story.ledger,
        settings=story.plan.settings,
        observer=observer,
        inspector=inline_inspector(),
        spool=story.spool,
    )


def _hear(call_log: CallLog, event: Event, *, heckled: bool) -> None:
    call_log.add(event)
    if heckled:
        raise ZeroDivisionError

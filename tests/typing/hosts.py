"""A user's program on every door, for the type checkers: it is never run."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import assert_never, assert_type
from uuid import UUID, uuid4

import vgen
import vgen.aio
import vgen.blocking
from vgen import (
    AccountUse,
    AttemptSubmitted,
    BackendReached,
    BackendUnreachable,
    Clip,
    ClipFailure,
    ClipFate,
    ClipGivenUp,
    ClipPlan,
    ClipProgress,
    ClipPrompt,
    ClipPrompts,
    ClipQueued,
    Clips,
    ClipStored,
    DirectoryStorage,
    Estimate,
    Event,
    FailedAttempt,
    FallBackReason,
    FellBack,
    Forecast,
    GenerationSettings,
    JobFinished,
    JobOpened,
    JobPlan,
    JobQuery,
    JobState,
    JobSummary,
    MoneyCorrected,
    MoneyHeld,
    MoneySettled,
    Observer,
    PromptsFile,
    Range,
    Reconciled,
    RetryScheduled,
    Settings,
    Source,
    Spending,
    SpendingKey,
    SQLiteLedger,
    Statistics,
    Take,
)
from vgen.abc import Attempt, CostLedger, Job, Manifest, Storage, VideoBackend
from vgen.errors import InsufficientClipsError
from vgen.webhooks import Receiver, webhook_app

FILE: PromptsFile = vgen.read_prompts("{}", source="prompts.json")
PROMPTS: ClipPrompts = FILE.prompts()
SETTINGS = Settings(generation=GenerationSettings(fps=30), concurrency=5)
STORAGE: Storage = DirectoryStorage("clips")
LEDGER: CostLedger = SQLiteLedger("vgen.db")
JOB: UUID = uuid4()
BUDGET = Decimal("2.50")
PURSES = {"us/2026-11": Decimal(5)}
QUERY = JobQuery(states=[JobState.OPEN])
WHEN_DOWN = [FallBackReason.UNAVAILABLE]


def hear(event: Event) -> None:  # noqa: C901 - a case for each event
    """Every event has its own fields, and there is no other."""
    match event:
        case JobOpened():
            assert_type(event.expected, Decimal)
        case ClipQueued() | FellBack() | BackendReached() | BackendUnreachable():
            assert_type(event.backend, str)
        case MoneyHeld():
            assert_type(event.held, Decimal)
        case MoneySettled():
            assert_type(event.spent, Decimal)
        case MoneyCorrected():
            assert_type(event.change, Decimal)
        case AttemptSubmitted():
            assert_type(event.number, int)
        case ClipProgress():
            assert_type(event.fraction, float)
            assert_type(event.percent, float)
            assert_type(event.seconds_left, float | None)
        case RetryScheduled():
            assert_type(event.delay, float)
        case ClipStored():
            assert_type(event.clip, Clip)
        case ClipGivenUp():
            assert_type(event.failure, ClipFailure)
        case JobFinished():
            assert_type(event.clips, Clips | None)
        case _:
            assert_never(event)


OBSERVER: Observer = hear


def keywords() -> vgen.JobKeywords:
    """The options of a job, kept in one place."""
    return vgen.JobKeywords(budget=BUDGET, purses=PURSES)


async def on_trio(backends: list[VideoBackend]) -> None:
    """Natively."""
    async with vgen.open_runner(
        backends=backends,
        storage=STORAGE,
        ledger=LEDGER,
        settings=SETTINGS,
        observer=OBSERVER,
        spool="spool",
    ) as runner:
        assert_type(runner, vgen.Runner)
        assert_type(
            await runner.process(JOB, PROMPTS, budget=BUDGET, redo=[1], fall_back_on=WHEN_DOWN),
            Clips,
        )
        async with runner.start(JOB, PROMPTS, budget=BUDGET, observer=hear) as job:
            assert_type(job, vgen.StartedJob)
            assert_type(job.events, vgen.EventStream)
            async for event in job.events:
                hear(event)
            assert_type(await job.result(), Clips)
        assert_type(await runner.open_job(JOB, PROMPTS, min_clips=3), Manifest)
        assert_type(await runner.run_clip(JOB, 0), Clip | ClipFailure)
        assert_type(await runner.conclude(JOB), Clips)
        assert_type(await runner.job(JOB), Job | None)
        assert_type(await runner.unsettled(), tuple[Attempt, ...])
        assert_type(await runner.reconcile(JOB), tuple[Reconciled, ...])
        assert_type(await runner.resolve(JOB, "paid"), Attempt)
        assert_type(await runner.takes(JOB), tuple[Take, ...])
        assert_type(await runner.choose(JOB, 1, 2), Take)
        assert_type(await runner.receive_webhook({}, b""), bool)
        receiver: Receiver = runner
        webhook_app(receiver)
        assert_type(await runner.cancel(JOB), tuple[Reconciled, ...])
        assert_type(await runner.plan(PROMPTS, purses=PURSES), JobPlan)
        assert_type(await runner.jobs(QUERY), tuple[JobSummary, ...])
        assert_type(await runner.spending(by=[SpendingKey.DAY]), tuple[Spending, ...])
        assert_type(runner.statistics(), Statistics)
        assert_type(runner.statistics().accounts, Mapping[str, AccountUse])
    clips = await vgen.process(JOB, PROMPTS, backends=backends, storage=STORAGE, ledger=LEDGER)
    assert_type(clips, Clips)
    planned = await vgen.plan(PROMPTS, backends=backends, storage=STORAGE, ledger=LEDGER)
    assert_type(planned, JobPlan)


async def on_asyncio(backends: list[VideoBackend]) -> None:
    """In a service."""
    async with vgen.aio.open_runner(
        backends=backends,
        storage=STORAGE,
        ledger=LEDGER,
        settings=SETTINGS,
        observer=OBSERVER,
        spool="spool",
    ) as runner:
        assert_type(runner, vgen.aio.Runner)
        assert_type(
            await runner.process(JOB, PROMPTS, budget=BUDGET, redo=[1], fall_back_on=WHEN_DOWN),
            Clips,
        )
        async with runner.start(JOB, PROMPTS, budget=BUDGET, observer=hear) as job:
            assert_type(job, vgen.aio.StartedJob)
            assert_type(job.events, vgen.aio.EventStream)
            async for event in job.events:
                hear(event)
            assert_type(await job.result(), Clips)
        assert_type(await runner.open_job(JOB, PROMPTS, min_clips=3), Manifest)
        assert_type(await runner.run_clip(JOB, 0), Clip | ClipFailure)
        assert_type(await runner.conclude(JOB), Clips)
        assert_type(await runner.job(JOB), Job | None)
        assert_type(await runner.unsettled(), tuple[Attempt, ...])
        assert_type(await runner.reconcile(JOB), tuple[Reconciled, ...])
        assert_type(await runner.resolve(JOB, "paid"), Attempt)
        assert_type(await runner.takes(JOB), tuple[Take, ...])
        assert_type(await runner.choose(JOB, 1, 2), Take)
        assert_type(await runner.receive_webhook({}, b""), bool)
        receiver: Receiver = runner
        webhook_app(receiver)
        assert_type(await runner.cancel(JOB), tuple[Reconciled, ...])
        assert_type(await runner.plan(PROMPTS, purses=PURSES), JobPlan)
        assert_type(await runner.jobs(QUERY), tuple[JobSummary, ...])
        assert_type(await runner.spending(by=[SpendingKey.DAY]), tuple[Spending, ...])
        assert_type(runner.statistics(), Statistics)
    clips = await vgen.aio.process(JOB, PROMPTS, backends=backends, storage=STORAGE, ledger=LEDGER)
    assert_type(clips, Clips)
    planned = await vgen.aio.plan(PROMPTS, backends=backends, storage=STORAGE, ledger=LEDGER)
    assert_type(planned, JobPlan)


def on_nothing(backends: list[VideoBackend]) -> None:
    """In a worker."""
    with vgen.blocking.open_runner(
        backends=backends,
        storage=STORAGE,
        ledger=LEDGER,
        settings=SETTINGS,
        observer=OBSERVER,
        spool="spool",
    ) as runner:
        assert_type(runner, vgen.blocking.Runner)
        assert_type(
            runner.process(JOB, PROMPTS, budget=BUDGET, redo=[1], fall_back_on=WHEN_DOWN),
            Clips,
        )
        with runner.start(JOB, PROMPTS, budget=BUDGET, observer=hear) as job:
            assert_type(job, vgen.blocking.StartedJob)
            assert_type(job.events, vgen.blocking.EventStream)
            for event in job.events:
                hear(event)
            assert_type(job.result(), Clips)
        assert_type(runner.open_job(JOB, PROMPTS, min_clips=3), Manifest)
        assert_type(runner.run_clip(JOB, 0), Clip | ClipFailure)
        assert_type(runner.conclude(JOB), Clips)
        assert_type(runner.job(JOB), Job | None)
        assert_type(runner.unsettled(), tuple[Attempt, ...])
        assert_type(runner.reconcile(JOB), tuple[Reconciled, ...])
        assert_type(runner.resolve(JOB, "paid"), Attempt)
        assert_type(runner.takes(JOB), tuple[Take, ...])
        assert_type(runner.choose(JOB, 1, 2), Take)
        assert_type(runner.receive_webhook({}, b""), bool)
        assert_type(runner.cancel(JOB), tuple[Reconciled, ...])
        assert_type(runner.plan(PROMPTS, purses=PURSES), JobPlan)
        assert_type(runner.jobs(QUERY), tuple[JobSummary, ...])
        assert_type(runner.spending(by=[SpendingKey.DAY]), tuple[Spending, ...])
        assert_type(runner.statistics(), Statistics)
    clips = vgen.blocking.process(JOB, PROMPTS, backends=backends, storage=STORAGE, ledger=LEDGER)
    assert_type(clips, Clips)
    planned = vgen.blocking.plan(PROMPTS, backends=backends, storage=STORAGE, ledger=LEDGER)
    assert_type(planned, JobPlan)


def read(plan: JobPlan, job: JobSummary, spending: Spending) -> None:
    """What a plan and the books tell."""
    clip: ClipPlan = plan.clips[0]
    assert_type(clip.fate, ClipFate)
    estimate: Estimate = clip.estimate
    assert_type(estimate.source, Source)
    forecast: Forecast = plan.forecast
    assert_type(forecast.cost, Range[Decimal])
    assert_type(job.state, JobState)
    assert_type(spending.spent, Decimal)


def failed(error: vgen.VgenError) -> list[str]:
    """What came of it can be told, and written down."""
    if not isinstance(error, InsufficientClipsError):
        return [str(error)]
    failure = error.clips.failures[0]
    assert_type(failure.tried, tuple[FailedAttempt, ...])
    text = vgen.to_json(error.clips)
    assert_type(vgen.from_json(text, Clips), Clips)
    assert_type(vgen.from_json("{}", ClipPrompt), ClipPrompt)
    return [tried.reason for tried in failure.tried]


def wrong(runner: vgen.blocking.Runner) -> None:
    """What is wrong on one door is wrong on all; an ignore that is not needed is an error."""
    runner.process(JOB, PROMPTS, budget=2.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a float is no money
    runner.process(JOB, PROMPTS, wishes=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # there is no such argument

"""What sends a clip on to the next backend of its route, and what does not."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import Clips, FallBackReason, FellBack
from vgen.abc import Generator, Price
from vgen.errors import (
    AccountError,
    AccountRefusedError,
    GenerationError,
    InsufficientClipsError,
    InvalidPromptsError,
    ModelUnavailableError,
)
from vgen.records.fallback import ANY_REASON
from vgen.records.settings import Settings
from vgen.testing import (
    CAPABILITIES,
    Delay,
    Fail,
    FakeBackend,
    Hang,
    LoseAnswer,
    MemoryLedger,
    RateLimit,
    Refuse,
    Spoil,
    Succeed,
)
from vgen.testing.behaviours import Behaviour

NO_CREDIT = Refuse(AccountError("no credit"))

LAST_FAILURES: dict[FallBackReason, Sequence[tuple[Behaviour, int]]] = {
    FallBackReason.UNAVAILABLE: [
        (Refuse(ModelUnavailableError("down")), 1),
        (Fail(error=ModelUnavailableError("gone")), 1),
    ],
    FallBackReason.ACCOUNT: [(NO_CREDIT, 1)],
    FallBackReason.REFUSED: [
        (Refuse(GenerationError("content policy")), 1),
        (Fail(error=GenerationError("flagged")), 1),
    ],
    FallBackReason.RATE_LIMITED: [(RateLimit(retry_after=60), 0)],
    FallBackReason.ATTEMPTS: [(Fail(), 3), (Spoil("black"), 3), (Hang(), 3), (LoseAnswer(), 3)],
}
"""What ends a backend's attempts at a clip, and after how many; 0 where that is not counted."""

EVERY_FAILURE = [
    pytest.param(reason, behaviour, submits, id=f"{reason}-{behaviour!r}")
    for reason, failures in LAST_FAILURES.items()
    for behaviour, submits in failures
]


async def run_job(
    fakes: Fakes,
    *texts: str,
    budget: Decimal = PLENTY,
    min_clips: int = 1,
    on: Sequence[FallBackReason] = ANY_REASON,
) -> Clips:
    """Run the job once."""
    async with fakes.runner() as runner:
        return await runner.process(
            JOB, prompts(*texts), budget=budget, min_clips=min_clips, fall_back_on=on
        )


@pytest.mark.parametrize(("reason", "behaviour", "submits"), EVERY_FAILURE)
async def test_a_clip_that_one_backend_cannot_make_goes_on_to_the_next(
    autojump_clock: MockClock, reason: FallBackReason, behaviour: Behaviour, submits: int
) -> None:
    """Whatever ends the attempts at one backend, the next one of the route makes the clip."""
    fakes = Fakes([FakeBackend("a", default=behaviour), FakeBackend("b")])
    clips = await run_job(fakes, "x", on=[reason])
    first, second = fakes.backends
    assert isinstance(first, FakeBackend)
    assert isinstance(second, FakeBackend)
    assert len(first.submitted) == submits or not submits
    assert second.submitted == ["x"]
    (clip,) = clips.clips
    assert clip.backend == "b"
    (note,) = clip.notes
    assert note.startswith("a could not make it: ")
    (event,) = fakes.events_of(FellBack)
    assert (event.backend, note.removeprefix("a could not make it: ")) == ("b", event.reason)
    assert clips.total_cost == sum(c.amount for b in (first, second) for c in b.charges)


@pytest.mark.parametrize(("reason", "behaviour", "submits"), EVERY_FAILURE)
async def test_the_user_narrows_what_sends_a_clip_on(
    autojump_clock: MockClock, reason: FallBackReason, behaviour: Behaviour, submits: int
) -> None:
    """For a reason that is not named, the clip is given up, and the next backend gets nothing."""
    second = FakeBackend("b")
    fakes = Fakes([FakeBackend("a", default=behaviour), second])
    with pytest.raises(InsufficientClipsError):
        await run_job(fakes, "x", on=[each for each in FallBackReason if each is not reason])
    assert second.submitted == []


async def test_all_backends_of_a_route_are_tried_in_turn(autojump_clock: MockClock) -> None:
    """Each backend has all its attempts, and the clip is given up with what the last one said."""
    fakes = Fakes(
        [FakeBackend(name, default=Fail()) for name in "ab"] + [FakeBackend("c", default=Refuse())]
    )
    with pytest.raises(InsufficientClipsError) as caught:
        await run_job(fakes, "x")
    (failure,) = caught.value.clips.failures
    assert [tried.backend for tried in failure.tried] == [*"aaabbbc"]
    assert failure.reason == "refused"


async def test_patience_with_a_backend_begins_anew(autojump_clock: MockClock) -> None:
    """After half an hour of rate limits at one backend, the next one has half an hour too."""
    limited = RateLimit(retry_after=60)
    second = FakeBackend("b", script={"x": [limited] * 3})
    fakes = Fakes([FakeBackend("a", default=limited), second])
    clips = await run_job(fakes, "x")
    assert clips.successful_clips == 1
    assert len(second.submitted) == 4


async def test_a_refused_account_gets_nothing_more_from_any_clip(
    autojump_clock: MockClock,
) -> None:
    """One refusal sends all clips on, past other backends of that account, which get nothing."""
    poor = [FakeBackend("a", default=NO_CREDIT), FakeBackend("b")]
    for backend in poor:
        backend.account = "poor"
    rich = FakeBackend("c")
    fakes = Fakes([*poor, rich], settings=Settings(concurrency=1))
    clips = await run_job(fakes, *"xyz")
    assert [len(backend.submitted) for backend in (*poor, rich)] == [1, 0, 3]
    assert [clip.notes for clip in clips.clips] == [("a could not make it: no credit",)] * 3


async def test_a_verdict_that_refuses_the_account_counts_before_the_slot_is_free(
    autojump_clock: MockClock,
) -> None:
    """The clip that waits for the slot does not send to that account, on a slow ledger either."""
    first = FakeBackend("a", default=Fail(error=AccountError("no credit")))
    fakes = Fakes(
        [first, FakeBackend("b")],
        ledger=MemoryLedger([Delay("advance", seconds=5, times=9)]),
        settings=Settings(concurrency=1),
    )
    await run_job(fakes, *"xy")
    assert len(first.submitted) == 1


async def test_clips_that_pause_leave_a_refused_account_at_once(
    autojump_clock: MockClock,
) -> None:
    """A clip that was to wait for ten minutes goes on as soon as another one is refused."""
    refused = Fail(after=5, error=AccountError("no credit"))
    first = FakeBackend("a", script={"x": [Fail(after=1)], "y": [refused]})
    fakes = Fakes([first, FakeBackend("b")], settings=Settings(backoff=600))
    clips = await run_job(fakes, *"xy")
    assert {clip.backend for clip in clips.clips} == {"b"}
    assert trio.current_time() < 60


@pytest.mark.parametrize("on", [ANY_REASON, [FallBackReason.ATTEMPTS]])
async def test_a_job_without_another_account_ends_with_the_refusal(
    autojump_clock: MockClock, on: Sequence[FallBackReason]
) -> None:
    """`AccountRefusedError` is for clips that have no other backend left, or may go to none."""
    fakes = Fakes([FakeBackend(name, default=NO_CREDIT) for name in "ab"])
    with pytest.raises(AccountRefusedError, match="no credit") as caught:
        await run_job(fakes, *"xyz", on=on)
    assert {failure.reason for failure in caught.value.clips.failures} == {"no credit"}


@pytest.mark.parametrize(
    "doubtful",
    [LoseAnswer(Succeed(), findable_after=9999), Hang()],
    ids=["unanswered", "cannot be cancelled"],
)
async def test_an_attempt_that_may_cost_money_comes_first(
    autojump_clock: MockClock, doubtful: Behaviour
) -> None:
    """While an attempt is in doubt, or runs on, nothing is sent to the next backend."""
    stubborn = evolve(CAPABILITIES, can_cancel=False)
    first, second = FakeBackend("a", default=doubtful, capabilities=stubborn), FakeBackend("b")
    fakes = Fakes([first, second], settings=Settings(attempts=1))
    with pytest.raises(InsufficientClipsError):
        await run_job(fakes, "x")
    assert (first.submitted, second.submitted) == (["x"], [])
    (attempt,) = await fakes.ledger.attempts(JOB, 0)
    assert attempt.is_open


async def test_a_fallback_is_paid_for_within_the_budget(autojump_clock: MockClock) -> None:
    """The next backend's own price must fit; else the clip waits for money, or is given up."""
    expensive = Price(Decimal("0.30"))
    second = FakeBackend("b", price=expensive)
    cheap = Succeed(after=30, billed=Decimal("0.05"))
    fakes = Fakes([FakeBackend("a", script={"x": [Refuse()], "y": [cheap]}), second])
    clips = await run_job(fakes, *"xy", budget=Decimal("0.40"))
    assert [clip.backend for clip in clips.clips] == [*"ba"]
    assert clips.total_cost == Decimal("0.35")

    second = FakeBackend("b", price=expensive)
    fakes = Fakes([FakeBackend("a", default=Refuse()), second])
    with pytest.raises(InsufficientClipsError, match=r"over budget.* \$0.30 more"):
        await run_job(fakes, "x", budget=Decimal("0.29"))
    assert second.submitted == []


async def test_a_drawn_clip_says_that_it_was_not_generated(autojump_clock: MockClock) -> None:
    """A procedural backend stands in for a model only where it is in the route, and is marked."""
    drawing = evolve(CAPABILITIES, generator=Generator.PROCEDURAL, paid=False)
    model = FakeBackend("model", default=Fail(billed=Decimal("0.02")))
    fakes = Fakes([model, FakeBackend("drawing", capabilities=drawing, price=Price())])
    (clip,) = (await run_job(fakes, "x")).clips
    assert (clip.backend, clip.generator) == ("drawing", Generator.PROCEDURAL)
    assert clip.notes == ("model could not make it: the model failed",)
    assert clip.cost == Decimal("0.06")


async def test_each_process_keeps_to_the_reasons_of_the_job(autojump_clock: MockClock) -> None:
    """The reasons are written down with the job, for whoever makes its clips."""
    second = FakeBackend("b")
    fakes = Fakes([FakeBackend("a", default=Refuse()), second])
    async with fakes.runner() as runner:
        await runner.open_job(JOB, prompts("x"), budget=PLENTY, min_clips=1, fall_back_on=[])
    async with fakes.runner() as runner:
        await runner.run_clip(JOB, 0)
    assert second.submitted == []


async def test_an_unknown_reason_is_refused(autojump_clock: MockClock) -> None:
    """A reason that there is not raises `InvalidPromptsError`, before anything is written."""
    fakes, wrong = Fakes(), cast("list[FallBackReason]", ["x"])
    async with fakes.runner() as runner:
        with pytest.raises(InvalidPromptsError, match=r"fall_back_on: must be of unavail.*'x'"):
            await runner.process(JOB, prompts("x"), min_clips=1, fall_back_on=wrong)
    assert await fakes.ledger.job(JOB) is None


async def test_nothing_that_was_about_to_leave_goes_to_a_refused_account(
    autojump_clock: MockClock,
) -> None:
    """What was being written down when the first answer came is not sent there any more."""
    first = FakeBackend("first", default=NO_CREDIT)
    ledger = MemoryLedger(faults=[Delay("reserve", nth=2, times=2)])
    clips = await run_job(Fakes([first, FakeBackend("second")], ledger=ledger), *"abc")
    assert len(first.submitted) == 1
    assert {clip.backend for clip in clips.clips} == {"second"}

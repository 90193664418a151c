"""The status and the cost of a prediction."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from vgen.abc import State
from vgen.errors import GenerationError, OutputRefusedError, RetryableError
from vgen_replicate.prediction import Prediction
from vgen_replicate.status import METRICS_WAIT, StatusReader

STARTED, COMPLETED = "2026-11-23T10:00:00Z", "2026-11-23T10:00:20Z"


def status_reader() -> StatusReader:
    """A metered reader at $0.01 per second."""
    return StatusReader(Decimal("0.01"), metered=True)


def prediction(status: str, **fields: Any) -> Prediction:
    """A prediction with these fields."""
    return Prediction.parse({"id": "one", "status": status, **fields})


@pytest.mark.parametrize(
    ("answer", "bill"),
    [
        (prediction("succeeded", metrics={"predict_time": 3.5}), "0.035"),
        (prediction("succeeded", started_at=STARTED, completed_at=COMPLETED), "0.2"),
        (prediction("failed", started_at=STARTED, completed_at=COMPLETED), "0.2"),
        (prediction("canceled", completed_at=COMPLETED), "0"),
        (prediction("canceled", started_at=STARTED, completed_at=COMPLETED), "0.2"),
        (prediction("aborted"), "0"),
    ],
)
async def test_what_has_run_is_billed_by_its_time(answer: Prediction, bill: str) -> None:
    """By `predict_time`, else from start to end; a prediction that never ran costs nothing."""
    assert status_reader().status(answer).billed == Decimal(bill)


@pytest.mark.parametrize("status", ["succeeded", "failed", "canceled"])
@pytest.mark.parametrize(
    "fields", [{}, {"started_at": STARTED}, {"metrics": {"predict_time": None}}], ids=str
)
async def test_an_end_that_is_not_measured_yet_is_waited_for(
    autojump_clock: MockClock, status: str, fields: dict[str, Any]
) -> None:
    """It counts as running for some seconds; then its bill is unknown: its whole hold counts."""
    reader, answer = status_reader(), prediction(status, **fields)
    assert reader.status(answer).state is State.RUNNING
    await trio.sleep(METRICS_WAIT / 2)
    assert not reader.status(answer).is_final
    await trio.sleep(METRICS_WAIT / 2)
    assert reader.status(answer).is_final
    assert (reader.status(answer).billed, reader.status(answer).bill_unknown) == (None, True)
    assert (reader.status(answer).failure is None) == (status == "succeeded")


async def test_a_success_has_run(autojump_clock: MockClock) -> None:
    """A success without a running time is not booked as free."""
    assert not status_reader().status(prediction("succeeded", completed_at=COMPLETED)).is_final


async def test_an_end_that_is_measured_late_costs_what_it_did(autojump_clock: MockClock) -> None:
    """A running time that is reported late is the one that counts."""
    reader = status_reader()
    assert not reader.status(prediction("canceled")).is_final
    measured = reader.status(prediction("canceled", metrics={"predict_time": 7}))
    assert (measured.state, measured.billed) == (State.CANCELLED, Decimal("0.07"))


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1, "x", [1]])
async def test_an_invalid_running_time(autojump_clock: MockClock, seconds: object) -> None:
    """An invalid running time is not billed."""
    answer = prediction("succeeded", metrics={"predict_time": seconds})
    assert not status_reader().status(answer).is_final


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("NSFW content detected. Try running it again, or another prompt.", OutputRefusedError),
        ("Potential NSFW content was detected in one or more images.", OutputRefusedError),
        ("The input or output was flagged as sensitive. (E005)", OutputRefusedError),
        ("The generated video was blocked by the safety filter", OutputRefusedError),
        ("NSFW content detected in the prompt", GenerationError),
        ("Content was flagged by the safety system. Try different prompts", GenerationError),
        ("your prompt violates our content policy", GenerationError),
        ("cannot identify image file <_io.BytesIO>", GenerationError),
        ("CUDA error: invalid device ordinal", RetryableError),
        ("malloc(): corrupted top size", RetryableError),
        ("unsupported GPU architecture", RetryableError),
        ("", RetryableError),
    ],
)
async def test_only_failures_of_the_request_are_final(error: str, kind: type[Exception]) -> None:
    """A machine's failure is retryable, a refused request is not, and a refused output may be."""
    answer = prediction("failed", error=error, metrics={"predict_time": 1})
    assert type(status_reader().status(answer).failure) is kind


@pytest.mark.parametrize(
    ("fields", "state"), [({}, State.QUEUED), ({"started_at": STARTED}, State.RUNNING)], ids=str
)
async def test_an_unknown_status_ends_nothing(fields: dict[str, Any], state: State) -> None:
    """A status that the service has newly named counts as queued until it has started."""
    assert status_reader().status(prediction("paused", **fields)).state is state

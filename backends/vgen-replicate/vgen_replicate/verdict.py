"""A prediction's state as vgen's, and what it has cost."""

from __future__ import annotations

import re
from decimal import Decimal

from vgen.abc import State, Status
from vgen.errors import AttemptError, AttemptTimeoutError, GenerationError, RetryableError
from vgen_replicate.prediction import FREE, Prediction

STATES = {
    "starting": State.QUEUED,
    "processing": State.RUNNING,
    "succeeded": State.SUCCEEDED,
    "failed": State.FAILED,
    "canceled": State.CANCELLED,
    "aborted": State.CANCELLED,
}
"""A status that is not known today is waited on, until the deadline."""

PERCENT = re.compile(r"(\d{1,3})%\|")
"""How the progress bars that models print in their logs begin."""

FOR_GOOD = re.compile(
    r"nsfw|sensitive|safety|content policy|invalid|unsupported|corrupt", re.IGNORECASE
)


def status_of(prediction: Prediction, *, per_run_second: Decimal, metered: bool) -> Status:
    """Say where a prediction stands.

    The service bills for the time that a prediction ran, also when it failed or was cancelled. A
    success is billed that way where it is `metered`; else its price follows from its length.
    """
    state = STATES.get(prediction.status)
    if state is None:
        state = State.RUNNING if prediction.started_at else State.QUEUED
    if not state.is_verdict:
        return Status(state, progress=_progress(prediction))
    if state is State.SUCCEEDED:
        return Status(state, billed=_bill(prediction, per_run_second) if metered else None)
    return Status(state, billed=_bill(prediction, per_run_second), failure=_failure(prediction))


def _bill(prediction: Prediction, per_run_second: Decimal) -> Decimal:
    if prediction.status == "aborted":
        return FREE
    return per_run_second * Decimal(str(prediction.ran()))


def _progress(prediction: Prediction) -> float | None:
    told = PERCENT.findall(prediction.logs)
    return min(1.0, int(told[-1]) / 100) if told else None


def _failure(prediction: Prediction) -> AttemptError:
    said = " ".join(prediction.error.split())[:300]
    if prediction.status == "aborted":
        return AttemptTimeoutError(said or "it did not start before its deadline")
    if prediction.status == "canceled":
        return RetryableError(said or "it was cancelled at the provider")
    return GenerationError(said) if FOR_GOOD.search(said) else RetryableError(said or "it failed")

"""A prediction's state as vgen's, and what it has cost."""

from __future__ import annotations

import re
from decimal import Decimal

import trio
from attrs import define, field

from vgen.abc import State, Status
from vgen.errors import AttemptError, AttemptTimeoutError, GenerationError, RetryableError
from vgen_replicate.prediction import Prediction

STATES = {
    "starting": State.QUEUED,
    "processing": State.RUNNING,
    "succeeded": State.SUCCEEDED,
    "failed": State.FAILED,
    "canceled": State.CANCELLED,
    "aborted": State.CANCELLED,
}
"""A status that is not known today is waited on, until the deadline."""

MEASURING = 5.0
"""Seconds for which an end that does not tell its running time yet is asked after again: less than
an attempt that is stopped is given to end."""

PERCENT = re.compile(r"(\d{1,3})%\|")
"""How the progress bars that models print in their logs begin."""

FOR_GOOD = re.compile(
    r"nsfw|flagged|content polic|safety (?:check|filter|system)|cannot identify image"
    r"|(?:invalid|unsupported|corrupt(?:ed)?) (?:input|image|file|format)",
    re.IGNORECASE,
)


@define
class Verdicts:
    """Where predictions stand, and what they are billed.

    The service bills for the time that a prediction ran, also when it failed or was cancelled, at
    `per_run_second` US dollars. A success is billed that way where it is `metered`; else its price
    follows from its length. Where the service does not tell the time, it is the longest that there
    can be, which comes to `most`: an attempt is never booked for less than it may have cost.
    """

    per_run_second: Decimal
    most: Decimal
    metered: bool
    _asked: dict[str, float] = field(factory=dict[str, float])

    def status(self, prediction: Prediction) -> Status:
        """Say where a prediction stands: an end that has yet to be measured is none."""
        state = STATES.get(prediction.status)
        if state is None:
            state = State.RUNNING if prediction.started_at else State.QUEUED
        if not state.is_verdict:
            return Status(state, progress=_progress(prediction))
        if state is State.SUCCEEDED and not self.metered:
            return Status(state)
        bill = self._bill(prediction)
        if bill is None:
            return Status(State.RUNNING)
        failure = None if state is State.SUCCEEDED else _failure(prediction)
        return Status(state, billed=bill, failure=failure)

    def _bill(self, prediction: Prediction) -> Decimal | None:
        ran = 0.0 if prediction.status == "aborted" else prediction.ran()
        if ran is not None:
            self._asked.pop(prediction.id, None)
            return self.per_run_second * Decimal(str(ran))
        now = trio.current_time()
        if now < self._asked.setdefault(prediction.id, now) + MEASURING:
            return None
        return self.most


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

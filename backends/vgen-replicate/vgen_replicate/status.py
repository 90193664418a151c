"""Predictions as vgen's statuses, with their costs."""

from __future__ import annotations

import re
from decimal import Decimal

import trio
from attrs import define, field

from vgen.abc import State, Status
from vgen.errors import (
    AttemptError,
    AttemptTimeoutError,
    GenerationError,
    OutputRefusedError,
    RetryableError,
)
from vgen_replicate.prediction import Prediction

STATES = {
    "starting": State.QUEUED,
    "processing": State.RUNNING,
    "succeeded": State.SUCCEEDED,
    "failed": State.FAILED,
    "canceled": State.CANCELLED,
    "aborted": State.CANCELLED,
}
"""The service's statuses; one that is not listed counts as queued or running."""

RUNNING = Status(State.RUNNING)

METRICS_WAIT = 5.0
"""Seconds to wait for the running time of a prediction that has ended: less than vgen waits for an
attempt that it has cancelled."""

PERCENT = re.compile(r"(\d{1,3})%\|")
"""The percentage of a tqdm progress bar in a model's logs."""

REFUSED_OUTPUT = re.compile(
    r"nsfw content(?!.* in (?:the |your )?(?:prompt|input))"
    r"|\b(?:output|generated (?:image|video|content))s?\b.*\b(?:flagged|blocked|rejected)",
    re.IGNORECASE,
)
"""Error messages of filters that have looked, or may have looked, at what was made: most models'
"NSFW content detected. Try running it again", and the service's "input or output was flagged"."""

PERMANENT_FAILURE = re.compile(
    r"nsfw|flagged|content polic|safety (?:check|filter|system)|cannot identify image"
    r"|(?:invalid|unsupported|corrupt(?:ed)?) (?:input|image|file|format)",
    re.IGNORECASE,
)
"""Error messages of failures that another attempt with the same request would repeat."""


@define
class StatusReader:
    """Converts predictions to vgen's statuses, and computes their costs.

    The service bills the running time of a prediction, also when it failed or was cancelled, at
    `per_run_second` US dollars. A success costs that only if `metered`; else vgen derives its price
    from its length. If the service does not report the time within `METRICS_WAIT` seconds, the
    bill is unknown, and the most that it can be counts.
    """

    per_run_second: Decimal
    metered: bool
    _ended_at: dict[str, float] = field(factory=dict[str, float])

    def status(self, prediction: Prediction) -> Status:
        """Return the prediction's status: still running until its running time is known."""
        state = STATES.get(prediction.status)
        if state is None:
            state = State.RUNNING if prediction.started_at else State.QUEUED
        if not state.is_final:
            queued = prediction.queued_seconds()
            return Status(state, progress=_progress(prediction), queued=queued)
        if state is State.SUCCEEDED and not self.metered:
            return Status(state)
        failure = None if state is State.SUCCEEDED else _failure(prediction)
        seconds = 0.0 if prediction.status == "aborted" else prediction.run_seconds()
        if seconds is None:
            waited = self._waited(prediction)
            return Status(state, failure=failure, bill_unknown=True) if waited else RUNNING
        self._ended_at.pop(prediction.id, None)
        bill = self.per_run_second * Decimal(str(seconds))
        return Status(state, billed=bill, failure=failure)

    def _waited(self, prediction: Prediction) -> bool:
        """Whether its running time has been waited for long enough."""
        now = trio.current_time()
        return now >= self._ended_at.setdefault(prediction.id, now) + METRICS_WAIT


def _progress(prediction: Prediction) -> float | None:
    percentages = PERCENT.findall(prediction.logs)
    return min(1.0, int(percentages[-1]) / 100) if percentages else None


def _failure(prediction: Prediction) -> AttemptError:
    message = " ".join(prediction.error.split())[:300]
    if prediction.status == "aborted":
        return AttemptTimeoutError(message or "it did not start before its deadline")
    if prediction.status == "canceled":
        return RetryableError(message or "it was cancelled at the provider")
    if REFUSED_OUTPUT.search(message):
        return OutputRefusedError(message)
    if PERMANENT_FAILURE.search(message):
        return GenerationError(message)
    return RetryableError(message or "it failed")

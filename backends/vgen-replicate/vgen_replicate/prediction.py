"""A prediction as the service returns it; only its id and its status are required."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from attrs import field, frozen

from vgen_replicate.parsing import as_datetime, as_object, as_seconds, as_text


class InvalidResponseError(ValueError):
    """The response is not a prediction."""


@frozen
class Prediction:
    """The fields of a prediction that are used; `predict_time` is the running time in seconds."""

    id: str
    status: str
    version: str = ""
    input: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)
    output: object = field(default=None, repr=False)
    error: str = ""
    logs: str = field(default="", repr=False)
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    predict_time: float | None = None
    data_removed: bool = False

    @classmethod
    def parse(cls, response: object) -> Self:
        """Parse the JSON of a response.

        Raises:
            InvalidResponseError: it has no id or no status.
        """
        body = as_object(response)
        if not all(isinstance(body.get(name), str) and body[name] for name in ("id", "status")):
            raise InvalidResponseError("the answer is no prediction")
        return cls(
            id=body["id"],
            status=body["status"],
            version=as_text(body.get("version")),
            input=as_object(body.get("input")),
            output=body.get("output"),
            error=as_text(body.get("error")),
            logs=as_text(body.get("logs")),
            created_at=as_datetime(body.get("created_at")),
            started_at=as_datetime(body.get("started_at")),
            completed_at=as_datetime(body.get("completed_at")),
            predict_time=as_seconds(as_object(body.get("metrics")).get("predict_time")),
            data_removed=body.get("data_removed") is True,
        )

    def queued_seconds(self) -> float | None:
        """Return how long it waited before it ran, in seconds; `None` where that is not known."""
        if self.created_at is None or self.started_at is None:
            return None
        return max(0.0, (self.started_at - self.created_at).total_seconds())

    def run_seconds(self) -> float | None:
        """Return how long it ran, in seconds; `None` where the service has not reported it."""
        if self.predict_time is not None:
            return self.predict_time
        if self.completed_at is None:
            return None
        if self.started_at is None:
            return None if self.status == "succeeded" else 0.0
        return max(0.0, (self.completed_at - self.started_at).total_seconds())

"""A prediction as the service tells it: whatever may be missing is optional here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from attrs import field, frozen

from vgen_replicate.reading import mapping, moment, seconds, text


class BrokenAnswerError(ValueError):
    """The answer is no prediction."""


@frozen
class Prediction:
    """What is used of a prediction; `predict_time` is in seconds, its queueing left out."""

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
    def read(cls, answer: object) -> Self:
        """Read an answer.

        Raises:
            BrokenAnswerError: it has no id or no status.
        """
        told = mapping(answer)
        if not all(isinstance(told.get(name), str) and told[name] for name in ("id", "status")):
            raise BrokenAnswerError("the answer is no prediction")
        return cls(
            id=told["id"],
            status=told["status"],
            version=text(told.get("version")),
            input=mapping(told.get("input")),
            output=told.get("output"),
            error=text(told.get("error")),
            logs=text(told.get("logs")),
            created_at=moment(told.get("created_at")),
            started_at=moment(told.get("started_at")),
            completed_at=moment(told.get("completed_at")),
            predict_time=seconds(mapping(told.get("metrics")).get("predict_time")),
            data_removed=told.get("data_removed") is True,
        )

    def ran(self) -> float | None:
        """Give the seconds that it ran; `None` where the service does not tell, or not yet."""
        if self.predict_time is not None:
            return self.predict_time
        if self.completed_at is None:
            return None
        if self.started_at is None:
            return None if self.status == "succeeded" else 0.0
        return max(0.0, (self.completed_at - self.started_at).total_seconds())

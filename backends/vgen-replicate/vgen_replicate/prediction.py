"""A prediction as the service tells it: whatever may be missing is optional here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Self, cast

from attrs import field, frozen

FREE = Decimal(0)


class BrokenAnswerError(ValueError):
    """The answer is no prediction."""


@frozen
class Prediction:
    """What is used of a prediction; `predict_time` is in seconds, its queueing left out."""

    id: str
    status: str
    model: str = ""
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
        told = _mapping(answer)
        if not all(isinstance(told.get(name), str) and told[name] for name in ("id", "status")):
            raise BrokenAnswerError("the answer is no prediction")
        return cls(
            id=told["id"],
            status=told["status"],
            model=_text(told.get("model")),
            version=_text(told.get("version")),
            input=_mapping(told.get("input")),
            output=told.get("output"),
            error=_text(told.get("error")),
            logs=_text(told.get("logs")),
            created_at=_time(told.get("created_at")),
            started_at=_time(told.get("started_at")),
            completed_at=_time(told.get("completed_at")),
            predict_time=_seconds(_mapping(told.get("metrics")).get("predict_time")),
            data_removed=told.get("data_removed") is True,
        )

    def ran(self) -> float:
        """Give the seconds that it ran, as far as the service tells."""
        if self.predict_time is not None:
            return self.predict_time
        if self.started_at is None or self.completed_at is None:
            return 0.0
        return max(0.0, (self.completed_at - self.started_at).total_seconds())


def _mapping(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value >= 0 else None


def _time(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None

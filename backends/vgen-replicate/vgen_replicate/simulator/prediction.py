"""A prediction, from its creation to the removal of its data, and the bill for it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Literal

import trio
from attrs import define, field, frozen

from vgen_replicate.simulator.model import Model, Shot

Status = Literal["starting", "processing", "succeeded", "failed", "canceled", "aborted"]

FINAL = frozenset({"succeeded", "failed", "canceled", "aborted"})

RETENTION_SECONDS = 3600.0
"""How long the service keeps a finished prediction's input, output, logs and files."""


@frozen
class Plan:
    """What was decided of a prediction at its creation: seconds of queue, and how the run goes."""

    queue_seconds: float
    pace: float
    """Run time as a multiple of the shot's seconds."""
    fails_at: float | None
    """The share of the run after which it fails; None where it does not."""
    stuck: bool
    expires: bool
    is_measured_late: bool

    def run_seconds(self, shot: Shot) -> float:
        """How long the run goes on, if nobody stops it."""
        if self.stuck:
            return math.inf
        return self.pace * shot.seconds * (1 if self.fails_at is None else self.fails_at)


@frozen
class Bill:
    """What one prediction cost: its run time times the price of its hardware, in US dollars."""

    prediction: str
    model: str
    seconds: float
    amount: Decimal
    status: Status


@define(eq=False)
class Prediction:
    """The state of one prediction; moments are in the service's seconds."""

    id: str
    number: int
    model: Model
    input: dict[str, Any]
    base: str
    """The server's address as the client wrote it, for the URLs that it is given."""
    created: float
    deadline: float | None
    plan: Plan
    status: Status = "starting"
    started: float | None = None
    completed: float | None = None
    error: str | None = None
    logs: str = ""
    shot: Shot | None = None
    picture: bytes | None = None
    outputs: list[str] = field(factory=list[str])
    """The last part of the URLs of its files."""
    measured: bool = False
    """Whether it has been told as final, and so its end and its run time with the next answer."""
    expired: bool = False
    """Whether a first, dead address of its output has been told."""
    removed: bool = False
    settled: trio.Event = field(factory=trio.Event)

    @property
    def final(self) -> bool:
        """Whether its status is one that does not change any more."""
        return self.status in FINAL

    @property
    def run_seconds(self) -> float:
        """Seconds it has run; 0 before it is final."""
        if self.started is None or self.completed is None:
            return 0.0
        return round(self.completed - self.started, 6)

    def bill(self) -> Bill | None:
        """What a final prediction costs; None where it never ran."""
        if self.started is None:
            return None
        seconds = self.run_seconds
        amount = Decimal(str(seconds)) * self.model.hardware.price
        return Bill(self.id, self.model.path, seconds, amount, self.status)

    def remove_data(self) -> None:
        """Forget what the service does not keep."""
        self.input, self.outputs, self.logs = {}, [], ""
        self.picture = None
        self.removed = True

"""The state of a prediction, and its bill."""

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
    """What the random streams decided at a prediction's creation: its queueing and its run."""

    queue_seconds: float
    pace: float
    """The run time as a multiple of the shot's seconds."""
    fails_at: float | None
    """The fraction of the run after which it fails; `None`: it does not fail."""
    stuck: bool
    expires: bool
    is_measured_late: bool

    def run_seconds(self, shot: Shot) -> float:
        """Return how long the run takes, in seconds, unless it is cancelled."""
        if self.stuck:
            return math.inf
        return self.pace * shot.seconds * (1 if self.fails_at is None else self.fails_at)


@frozen
class Bill:
    """The cost of one prediction in US dollars: its run time times its hardware's price."""

    prediction: str
    model: str
    seconds: float
    amount: Decimal
    status: Status


@define(eq=False)
class Prediction:
    """The state of one prediction; times are in the service's seconds."""

    id: str
    number: int
    model: Model
    input: dict[str, Any]
    base: str
    """The server's base URL in the client's request, for the URLs in responses."""
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
    """The tokens in its files' URLs."""
    measured: bool = False
    """Whether a response has had its final status: the next one includes its end and run time."""
    expired: bool = False
    """Whether a dead URL of its output has been returned."""
    removed: bool = False
    settled: trio.Event = field(factory=trio.Event)

    @property
    def final(self) -> bool:
        """Whether its status will not change any more."""
        return self.status in FINAL

    @property
    def run_seconds(self) -> float:
        """How long it ran, in seconds; 0 before it is final."""
        if self.started is None or self.completed is None:
            return 0.0
        return round(self.completed - self.started, 6)

    def bill(self) -> Bill | None:
        """Return a final prediction's bill; `None` if it never ran."""
        if self.started is None:
            return None
        seconds = self.run_seconds
        amount = Decimal(str(seconds)) * self.model.hardware.price
        return Bill(self.id, self.model.path, seconds, amount, self.status)

    def remove_data(self) -> None:
        """Remove the data that the service does not retain."""
        self.input, self.outputs, self.logs = {}, [], ""
        self.picture = None
        self.removed = True

"""The service's state: predictions, files and bills. It has no clock: callers pass the time."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from attrs import define, field

from vgen_replicate.simulator import errors
from vgen_replicate.simulator.faults import Faults, RandomStreams
from vgen_replicate.simulator.files import FileStore
from vgen_replicate.simulator.model import Model
from vgen_replicate.simulator.prediction import (
    RETENTION_SECONDS,
    Bill,
    Plan,
    Prediction,
    Status,
)
from vgen_replicate.simulator.schema import problems

VERSION = re.compile(r"(?:(?P<path>[^/:]+/[^/:]+):)?(?P<id>[0-9a-f]{64})")
ID_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
FAILURE = "CUDA out of memory. Tried to allocate 2.25 GiB (GPU 0; 79.15 GiB total capacity)"


@define(eq=False)
class Service:
    """The service's state and rules; invalid requests raise `ApiError`."""

    models: Sequence[Model]
    faults: Faults
    streams: RandomStreams
    files: FileStore
    webhook_secret: str
    predictions: dict[str, Prediction] = field(factory=dict[str, Prediction])
    bills: list[Bill] = field(factory=list[Bill])
    fetched: set[str] = field(factory=set[str])
    _outputs: dict[str, Prediction] = field(factory=dict[str, Prediction])
    _undelivered: dict[str, set[str]] = field(factory=dict[str, set[str]])
    _retained: deque[Prediction] = field(factory=deque[Prediction])

    @property
    def billed(self) -> Decimal:
        """US dollars billed so far."""
        return sum((bill.amount for bill in self.bills), Decimal(0))

    @property
    def credit_left(self) -> Decimal | None:
        """US dollars that may still be spent; `None` for no limit."""
        return None if self.faults.credit is None else self.faults.credit - self.billed

    def model(self, path: str) -> Model:
        """Return the model of that `owner/name`."""
        for model in self.models:
            if model.path == path:
                return model
        raise errors.not_found()

    def version(self, version: str) -> Model:
        """Return the model of a create's `version`; a name alone is for official ones only."""
        found = VERSION.fullmatch(version)
        for model in self.models:
            by_name = model.official and version == model.path
            by_id = found and found["id"] == model.version and found["path"] in (None, model.path)
            if by_name or by_id:
                return model
        raise errors.invalid_version()

    def create(
        self,
        model: Model,
        inputs: Mapping[str, Any],
        *,
        base: str,
        now: float,
        cancel_after: float | None,
    ) -> Prediction:
        """Validate and add a prediction."""
        self.check_create(model, inputs)
        deadline = None if cancel_after is None else now + cancel_after
        prediction = Prediction(
            id=self._new_id(),
            number=len(self.predictions),
            model=model,
            input=dict(inputs),
            base=base,
            created=now,
            deadline=deadline,
            plan=self._plan(model, len(self.predictions)),
        )
        self.predictions[prediction.id] = prediction
        return prediction

    def check_create(self, model: Model, inputs: Mapping[str, Any]) -> None:
        """Raise an `ApiError` for a disabled model, a lack of credit or invalid inputs."""
        if model.path in self.faults.down:
            raise errors.disabled_version()
        if self.credit_left is not None and self.credit_left <= 0:
            raise errors.no_credit()
        if wrong := problems(model, inputs):
            raise errors.invalid(wrong)

    def start(self, prediction: Prediction, now: float) -> None:
        """Record that the prediction starts to run; one that was just cancelled stays as it is."""
        if prediction.final:
            return
        prediction.status, prediction.started = "processing", now
        prediction.logs = "Using seed: 42\n"

    def end(
        self, prediction: Prediction, status: Status, now: float, *, error: str | None = None
    ) -> None:
        """Record the end of a prediction, and bill it; a final one is left unchanged."""
        if prediction.final:
            return
        prediction.status, prediction.completed, prediction.error = status, now, error
        if status == "succeeded":
            self._add_outputs(prediction)
        if bill := prediction.bill():
            self.bills.append(bill)
        self._retained.append(prediction)
        prediction.settled.set()

    def _add_outputs(self, prediction: Prediction) -> None:
        clips = prediction.shot.clips if prediction.shot else 0
        prediction.outputs = [self._token() for _ in range(clips)]
        for token in prediction.outputs:
            self._outputs[token] = prediction
        self._undelivered[prediction.id] = set(prediction.outputs)

    def output_tokens(self, prediction: Prediction) -> list[str]:
        """Return the tokens for its outputs' URLs; the first call may get expired ones."""
        if prediction.plan.expires and not prediction.expired:
            prediction.expired = True
            return [self._token() for _ in prediction.outputs]
        return prediction.outputs

    def output(self, token: str, now: float) -> tuple[Prediction, int]:
        """Return the prediction of an output's token, and the output's index."""
        self.drop_old_data(now)
        prediction = self._outputs.get(token)
        if prediction is None:
            raise errors.not_found()
        return prediction, prediction.outputs.index(token)

    def note_fetched(self, prediction: Prediction, token: str) -> None:
        """Record that one output was downloaded completely."""
        left = self._undelivered[prediction.id]
        left.discard(token)
        if not left:
            self.fetched.add(prediction.id)

    def drop_old_data(self, now: float) -> None:
        """Remove the data of predictions that ended an hour ago or earlier."""
        while self._retained and (self._retained[0].completed or 0) + RETENTION_SECONDS <= now:
            prediction = self._retained.popleft()
            for token in prediction.outputs:
                del self._outputs[token]
            prediction.remove_data()

    def _plan(self, model: Model, number: int) -> Plan:
        # A stream for each prediction: its plan does not depend on the others.
        random = Random(f"{self.streams.seed}/plan/{number}")  # noqa: S311 (no secret)
        cold = model.cold_seconds if random.random() < model.cold_chance else 0.0
        faults = self.streams.choose_faults(
            self.faults, ("failed", "stuck", "expired", "unmeasured")
        )
        return Plan(
            queue_seconds=random.expovariate(1) * model.queue_seconds + cold,
            pace=random.uniform(1 - model.spread, 1 + model.spread),
            fails_at=random.random() if "failed" in faults else None,
            stuck="stuck" in faults,
            expires="expired" in faults,
            is_measured_late="unmeasured" in faults,
        )

    def _new_id(self) -> str:
        random = self.streams.stream("id")
        return "".join(random.choices(ID_LETTERS, k=26))

    def _token(self) -> str:
        random = self.streams.stream("output")
        return "".join(random.choices(ID_LETTERS, k=40))

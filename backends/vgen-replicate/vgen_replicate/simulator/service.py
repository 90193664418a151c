"""The service's state: predictions, files and bills, with every moment handed in."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from attrs import define, field

from vgen_replicate.simulator import refusal
from vgen_replicate.simulator.faults import Dice, Faults
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
FAILURE = "CUDA out of memory. FailedAttempt to allocate 2.25 GiB (GPU 0; 79.15 GiB total capacity)"


@define(eq=False)
class Service:
    """What the service knows. It raises a `Refusal` for what it will not do."""

    models: Sequence[Model]
    faults: Faults
    dice: Dice
    files: FileStore
    predictions: dict[str, Prediction] = field(factory=dict[str, Prediction])
    bills: list[Bill] = field(factory=list[Bill])
    fetched: set[str] = field(factory=set[str])
    _outputs: dict[str, Prediction] = field(factory=dict[str, Prediction])
    _unfetched: dict[str, set[str]] = field(factory=dict[str, set[str]])
    _kept: deque[Prediction] = field(factory=deque[Prediction])

    @property
    def billed(self) -> Decimal:
        """US dollars billed up to now."""
        return sum((bill.amount for bill in self.bills), Decimal(0))

    @property
    def credit_left(self) -> Decimal | None:
        """US dollars that may still be spent; None for no limit."""
        return None if self.faults.credit is None else self.faults.credit - self.billed

    def model(self, path: str) -> Model:
        """The model of that `owner/name`."""
        for model in self.models:
            if model.path == path:
                return model
        raise refusal.not_found()

    def version(self, version: str) -> Model:
        """The model that a create's `version` names; only official ones go by their name alone."""
        found = VERSION.fullmatch(version)
        for model in self.models:
            by_name = model.official and version == model.path
            by_id = found and found["id"] == model.version and found["path"] in (None, model.path)
            if by_name or by_id:
                return model
        raise refusal.invalid_version()

    def create(
        self,
        model: Model,
        inputs: Mapping[str, Any],
        *,
        base: str,
        now: float,
        cancel_after: float | None,
    ) -> Prediction:
        """Accept a prediction, or refuse it."""
        self.admit(model, inputs)
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

    def admit(self, model: Model, inputs: Mapping[str, Any]) -> None:
        """Refuse what the account or the model does not allow."""
        if model.path in self.faults.down:
            raise refusal.disabled_version()
        if self.credit_left is not None and self.credit_left <= 0:
            raise refusal.no_credit()
        if wrong := problems(model, inputs):
            raise refusal.invalid(wrong)

    def start(self, prediction: Prediction, now: float) -> None:
        """A machine takes the prediction up."""
        prediction.status, prediction.started = "processing", now
        prediction.logs = "Using seed: 42\n"

    def end(
        self, prediction: Prediction, status: Status, now: float, *, error: str | None = None
    ) -> None:
        """The prediction becomes final, unless it is, and is billed for the time it ran."""
        if prediction.final:
            return
        prediction.status, prediction.completed, prediction.error = status, now, error
        if status == "succeeded":
            self._deliver(prediction)
        if bill := prediction.bill():
            self.bills.append(bill)
        self._kept.append(prediction)
        prediction.settled.set()

    def _deliver(self, prediction: Prediction) -> None:
        clips = prediction.shot.clips if prediction.shot else 0
        prediction.outputs = [self._token() for _ in range(clips)]
        for token in prediction.outputs:
            self._outputs[token] = prediction
        self._unfetched[prediction.id] = set(prediction.outputs)

    def addresses(self, prediction: Prediction) -> list[str]:
        """The last parts of its output's URLs, for an answer; dead ones where one expires early."""
        if prediction.plan.expires and not prediction.expired:
            prediction.expired = True
            return [self._token() for _ in prediction.outputs]
        return prediction.outputs

    def output(self, token: str, now: float) -> tuple[Prediction, int]:
        """The prediction behind a delivery URL, and which of its files that is."""
        self.drop_old_data(now)
        prediction = self._outputs.get(token)
        if prediction is None:
            raise refusal.not_found()
        return prediction, prediction.outputs.index(token)

    def note_fetched(self, prediction: Prediction, token: str) -> None:
        """One output was sent to its end."""
        left = self._unfetched[prediction.id]
        left.discard(token)
        if not left:
            self.fetched.add(prediction.id)

    def drop_old_data(self, now: float) -> None:
        """Remove the data of predictions that ended an hour ago."""
        while self._kept and (self._kept[0].completed or 0) + RETENTION_SECONDS <= now:
            prediction = self._kept.popleft()
            for token in prediction.outputs:
                del self._outputs[token]
            prediction.remove_data()

    def _plan(self, model: Model, number: int) -> Plan:
        # A stream for each prediction: what happens to one does not hang on the others.
        random = Random(f"{self.dice.seed}/plan/{number}")  # noqa: S311 (a game)
        cold = model.cold_seconds if random.random() < model.cold_chance else 0.0
        fate = self.dice.thrown(self.faults, ("failed", "stuck", "expired", "unmeasured"))
        return Plan(
            queue_seconds=random.expovariate(1) * model.queue_seconds + cold,
            pace=random.uniform(1 - model.spread, 1 + model.spread),
            fails_at=random.random() if "failed" in fate else None,
            stuck="stuck" in fate,
            expires="expired" in fate,
            is_measured_late="unmeasured" in fate,
        )

    def _new_id(self) -> str:
        random = self.dice.stream("id")
        return "".join(random.choices(ID_LETTERS, k=26))

    def _token(self) -> str:
        random = self.dice.stream("output")
        return "".join(random.choices(ID_LETTERS, k=40))

"""The tasks that run predictions."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from functools import partial

import trio
from attrs import define, field

from vgen.video import check_image
from vgen_replicate.simulator.clock import Clock
from vgen_replicate.simulator.model import Model, Shot
from vgen_replicate.simulator.pictures import picture_bytes
from vgen_replicate.simulator.prediction import Prediction, Status
from vgen_replicate.simulator.service import FAILURE, Service
from vgen_replicate.simulator.threads import in_thread

MAX_RUN_SECONDS = 1800.0
"""The service fails every run after half an hour."""

SETUP_SECONDS = 1.0
"""The run time, in seconds, of a run that fails because its inputs cannot be read."""


@define(eq=False)
class Runs:
    """Runs each prediction in a task of its own in `nursery`, which is set while it is open."""

    service: Service
    clock: Clock
    nursery: trio.Nursery | None = None
    _scopes: dict[str, trio.CancelScope] = field(factory=dict[str, trio.CancelScope])
    _machines: dict[str, trio.Semaphore] = field(factory=dict[str, trio.Semaphore])

    def launch(self, prediction: Prediction, *beside: Callable[[], Awaitable[None]]) -> None:
        """Start the task of a new prediction, and others beside it.

        Raises:
            RuntimeError: there is no nursery.
        """
        if self.nursery is None:
            raise RuntimeError("the simulator is not open")
        by = prediction.deadline
        scope = trio.CancelScope(deadline=math.inf if by is None else self.clock.deadline(by))
        self._scopes[prediction.id] = scope
        self.nursery.start_soon(self._execute, prediction, scope)
        for each in beside:
            self.nursery.start_soon(each)

    def cancel(self, prediction: Prediction) -> None:
        """Cancel a prediction and its task; a final one is left unchanged."""
        self.service.end(prediction, "canceled", self.clock.now())
        if prediction.id in self._scopes:
            self._scopes[prediction.id].cancel()

    async def _execute(self, prediction: Prediction, scope: trio.CancelScope) -> None:
        with scope:
            await self.clock.sleep(prediction.plan.queue_seconds)
            async with self._machine(prediction.model):
                self.service.start(prediction, self.clock.now())
                await self._run(prediction)
        del self._scopes[prediction.id]
        late: Status = "aborted" if prediction.started is None else "canceled"
        self.service.end(prediction, late, self.clock.now())

    async def _run(self, prediction: Prediction) -> None:
        try:
            prediction.shot = await self._prepare(prediction)
        except ValueError as error:
            await self.clock.sleep(SETUP_SECONDS)
            self.service.end(prediction, "failed", self.clock.now(), error=str(error))
            return
        seconds = prediction.plan.run_seconds(prediction.shot)
        ran = min(seconds, MAX_RUN_SECONDS)
        await self.clock.sleep(ran)
        # What it ran is what was planned, however late this task is woken.
        ended = (prediction.started or 0.0) + ran
        if seconds > MAX_RUN_SECONDS:
            self.service.end(prediction, "failed", ended, error="Prediction timed out")
        elif prediction.plan.fails_at is not None:
            self.service.end(prediction, "failed", ended, error=FAILURE)
        else:
            self.service.end(prediction, "succeeded", ended)

    async def _prepare(self, prediction: Prediction) -> Shot:
        data = picture_bytes(prediction, self.service.files, self.clock.now())
        size = None
        if data is not None:
            info = await in_thread(partial(check_image, data))
            size = (info.width, info.height)
        prediction.picture = data
        model = prediction.model
        return model.shot(model.filled(prediction.input), size)

    def _machine(self, model: Model) -> trio.Semaphore:
        return self._machines.setdefault(model.path, trio.Semaphore(model.workers))

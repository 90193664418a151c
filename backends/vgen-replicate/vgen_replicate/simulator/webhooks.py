"""Webhooks that the service sends when predictions end."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
from attrs import define, field, frozen

from vgen.testing import webhook_headers
from vgen_replicate.simulator.clock import Clock
from vgen_replicate.simulator.faults import RandomStreams
from vgen_replicate.simulator.prediction import Prediction
from vgen_replicate.simulator.serializer import Serializer
from vgen_replicate.simulator.service import Service

TRIES = 4
RETRY_SECONDS = 5.0
"""The pause after the first failed delivery; each further one doubles. The service documents only
that it repeats them a few times."""

DELAY_SECONDS = 30.0
"""How late a delayed webhook is, at most."""

FAULTS = ("webhook_lost", "webhook_delayed", "webhook_repeated", "webhook_forged")
FORGED_SECRET = "whsec_" + "Zm9yZ2Vk"


@frozen
class Delivery:
    """One request to a host: the prediction that it was about, and what was answered.

    `status` is 0 where there was no answer.
    """

    prediction: str
    forged: bool
    status: int


@define(eq=False)
class Webhooks:
    """Sends each prediction's webhook in a task of its own, dated by the machine's clock."""

    service: Service
    serializer: Serializer
    streams: RandomStreams
    clock: Clock
    deliveries: list[Delivery] = field(factory=list[Delivery])

    async def send(self, prediction: Prediction, url: str) -> None:
        """Send what a host is told of a prediction's end."""
        faults = self.streams.choose_faults(self.service.faults, FAULTS)
        async with httpx.AsyncClient(timeout=10) as client:
            if "webhook_forged" in faults:
                claim = {**self._body(prediction), "status": "succeeded"}
                await self._post(client, url, prediction, claim, forged=True)
            await prediction.settled.wait()
            if "webhook_delayed" in faults:
                delay = self.streams.stream("webhook_delay").uniform(0, DELAY_SECONDS)
                await self.clock.sleep(delay)
            for _ in range(0 if "webhook_lost" in faults else 1 + ("webhook_repeated" in faults)):
                await self._deliver(client, url, prediction)

    async def _deliver(self, client: httpx.AsyncClient, url: str, prediction: Prediction) -> None:
        for number in range(TRIES):
            if await self._post(client, url, prediction, self._body(prediction)):
                return
            await self.clock.sleep(RETRY_SECONDS * 2**number)

    async def _post(
        self,
        client: httpx.AsyncClient,
        url: str,
        prediction: Prediction,
        claim: Mapping[str, Any],
        *,
        forged: bool = False,
    ) -> bool:
        body = json.dumps(claim).encode()
        secret = FORGED_SECRET if forged else self.service.webhook_secret
        headers = webhook_headers(f"msg_{prediction.id}", body, time.time(), secret=secret)
        try:
            answer = await client.post(url, content=body, headers=headers)
        except httpx.HTTPError:
            self.deliveries.append(Delivery(prediction.id, forged, 0))
            return False
        self.deliveries.append(Delivery(prediction.id, forged, answer.status_code))
        return answer.is_success

    def _body(self, prediction: Prediction) -> dict[str, Any]:
        # Not a response: what a client is told late, or wrongly, stays as it is.
        told, expired = prediction.measured, prediction.expired
        body = self.serializer.prediction(prediction)
        prediction.measured, prediction.expired = told, expired
        return body

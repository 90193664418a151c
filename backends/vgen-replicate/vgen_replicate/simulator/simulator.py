"""The simulator: the service, its tasks and its HTTP server in one object."""

from __future__ import annotations

import base64
import socket
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Self, cast

import hypercorn.trio
import trio
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework

from vgen_replicate.simulator.catalogue import MODELS
from vgen_replicate.simulator.clips import ClipMaker
from vgen_replicate.simulator.clock import EPOCH, Clock
from vgen_replicate.simulator.faults import Faults, RandomStreams
from vgen_replicate.simulator.files import FileStore
from vgen_replicate.simulator.limits import Limits
from vgen_replicate.simulator.model import Model
from vgen_replicate.simulator.prediction import Bill, Prediction
from vgen_replicate.simulator.runs import Runs
from vgen_replicate.simulator.serializer import Serializer
from vgen_replicate.simulator.service import Service
from vgen_replicate.simulator.web.application import application
from vgen_replicate.simulator.web.context import Context
from vgen_replicate.simulator.web.disconnect import close_on_drop
from vgen_replicate.simulator.web.middleware import Middleware
from vgen_replicate.simulator.webhooks import Delivery, Webhooks

TOKEN = "r8_simulator"  # noqa: S105 (it opens nothing)

KEEP_ALIVE_SECONDS = 60
"""Longer than clients keep idle connections: the server closes none while a request is sent."""


class Simulator:
    """A simulated Replicate with one account, whose token is `token`.

    The service's clock is Trio's, `speed` times as fast, starting at `epoch`: queues, runs,
    `Cancel-After`, `Prefer: wait`, retention and rate limits follow it; `retry_after` is in the
    client's seconds. Equal seeds give equal ids, queues, run times and faults, for equal requests
    in the same order.

    Clips have `scale` times the width and height of the models', and are rendered when they are
    first downloaded.

    `serve` runs an HTTP server; `opened` is enough for a client in the same process, such as
    `httpx.AsyncClient(transport=httpx.ASGITransport(simulator.app))`.
    """

    def __init__(
        self,
        *,
        models: Sequence[Model] = MODELS,
        token: str = TOKEN,
        speed: float = 1.0,
        seed: int = 0,
        scale: float = 1.0,
        faults: Faults = Faults(),  # noqa: B008 (frozen)
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        epoch: datetime = EPOCH,
    ) -> None:
        streams = RandomStreams(seed)
        clock = Clock(speed, epoch)
        self.token = token
        secret = base64.b64encode(streams.stream("webhook_secret").randbytes(24)).decode()
        files = FileStore(streams.stream("file"))
        self._service = Service(models, faults, streams, files, f"whsec_{secret}")
        self._runs = Runs(self._service, clock)
        serializer = Serializer(self._service, clock)
        self._webhooks = Webhooks(self._service, serializer, streams, clock)
        context = Context(
            self._service, clock, self._runs, serializer, ClipMaker(scale), self._webhooks, token
        )
        self._middleware = application(context, token=token, limits=limits)

    def __repr__(self) -> str:
        known, running = len(self.predictions), len(self.running())
        return f"<Simulator {known} predictions, {running} running, ${self.billed} billed>"

    @property
    def app(self) -> Middleware:
        """The ASGI application, for clients in the same process."""
        return self._middleware

    @property
    def faults(self) -> Faults:
        """The injected faults; may be replaced at any time."""
        return self._service.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._service.faults = faults

    @property
    def predictions(self) -> Mapping[str, Prediction]:
        """All accepted predictions by id, the oldest first."""
        return self._service.predictions

    def running(self) -> list[Prediction]:
        """Return the predictions that are not final, including queued ones."""
        return [each for each in self.predictions.values() if not each.final]

    @property
    def bills(self) -> Sequence[Bill]:
        """All bills, in the order in which the predictions ended."""
        return self._service.bills

    @property
    def billed(self) -> Decimal:
        """The sum of all bills, in US dollars."""
        return self._service.billed

    @property
    def fetched(self) -> frozenset[str]:
        """Ids of the predictions of which all output files were downloaded completely."""
        return frozenset(self._service.fetched)

    @property
    def webhook_secret(self) -> str:
        """The key that webhooks are signed with; may be replaced at any time."""
        return self._service.webhook_secret

    @webhook_secret.setter
    def webhook_secret(self, secret: str) -> None:
        self._service.webhook_secret = secret

    @property
    def webhooks(self) -> Sequence[Delivery]:
        """The webhooks that were sent, each try for itself, and what was answered."""
        return self._webhooks.deliveries

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        """The number of requests, including refused ones, by method and route.

        Routes are templates such as `/v1/predictions/{id}`; the route of an unknown path is "".
        """
        return self._middleware.requests

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[Self]:
        """Run predictions until the block ends; those still running are then cancelled.

        Exceptions of the block are not wrapped in an exception group.
        """
        if self._runs.nursery is not None:
            yield self
            return
        failure: Exception | None = None
        async with trio.open_nursery() as nursery:
            self._runs.nursery = nursery
            try:
                yield self
            except Exception as error:  # noqa: BLE001 (raised again, outside the nursery)
                failure = error
            finally:
                self._runs.nursery = None
                nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def serve(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve at `host`, a name or an IPv4 address, until cancelled; port 0 is any free port.

        Started with `nursery.start`, it returns the base URL, such as
        `http://127.0.0.1:49152/v1`, once the server accepts connections.

        Raises:
            OSError: the address is not available; not in an exception group.
        """
        listener = socket.create_server((host, port))
        address, port = listener.getsockname()
        config = Config()
        config.bind = [f"fd://{listener.detach()}"]
        config.loglevel = "WARNING"
        config.keep_alive_timeout = KEEP_ALIVE_SECONDS
        config.graceful_timeout = 0
        async with self.opened(), trio.open_nursery() as nursery:
            # Starlette's types for ASGI are wider than Hypercorn's.
            app = cast("ASGIFramework", close_on_drop(self.app))
            serve = hypercorn.trio.serve  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - its WSGI is untyped
            await nursery.start(partial(serve, app, config, mode="asgi"))
            task_status.started(f"http://{address}:{port}/v1")

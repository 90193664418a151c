"""The objects that every route needs, and helpers to read requests."""

from __future__ import annotations

import json
from typing import Any

from attrs import frozen
from starlette.requests import Request

from vgen_replicate.simulator.clips import ClipMaker
from vgen_replicate.simulator.clock import Clock
from vgen_replicate.simulator.errors import malformed
from vgen_replicate.simulator.runs import Runs
from vgen_replicate.simulator.serializer import Serializer
from vgen_replicate.simulator.service import Service
from vgen_replicate.simulator.webhooks import Webhooks


@frozen(eq=False)
class Context:
    """The service with its clock, tasks, serializer and clips."""

    service: Service
    clock: Clock
    runs: Runs
    serializer: Serializer
    clips: ClipMaker
    webhooks: Webhooks
    secret: str
    """The key that download URLs are signed with."""


def base_url(request: Request) -> str:
    """Return the server's base URL as the client wrote it, without a trailing slash."""
    return str(request.base_url).rstrip("/")


async def json_object(request: Request) -> dict[str, Any]:
    """Return the request's body.

    Raises:
        ApiError: it is not a JSON object.
    """
    try:
        body: Any = json.loads(await request.body())
    except ValueError as error:
        raise malformed("The request body is not valid JSON") from error
    if not isinstance(body, dict):
        raise malformed("The request body is not a JSON object")
    return body  # pyright: ignore[reportUnknownVariableType] - JSON's keys are strings

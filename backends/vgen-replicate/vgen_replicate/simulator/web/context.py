"""What every route works on, and how a request's parts are read."""

from __future__ import annotations

import json
from typing import Any

from attrs import frozen
from starlette.requests import Request

from vgen_replicate.simulator.answers import Answers
from vgen_replicate.simulator.clips import ClipMaker
from vgen_replicate.simulator.clock import Clock
from vgen_replicate.simulator.refusal import malformed
from vgen_replicate.simulator.runs import Runs
from vgen_replicate.simulator.service import Service


@frozen(eq=False)
class Context:
    """The service and what brings it to life."""

    service: Service
    clock: Clock
    runs: Runs
    answers: Answers
    clips: ClipMaker
    secret: str
    """What download URLs are signed with."""


def base(request: Request) -> str:
    """The server's address as the client wrote it, without a slash at its end."""
    return str(request.base_url).rstrip("/")


async def json_object(request: Request) -> dict[str, Any]:
    """The request's body; refuses what is no JSON object."""
    try:
        body: Any = json.loads(await request.body())
    except ValueError as error:
        raise malformed("The request body is not valid JSON") from error
    if not isinstance(body, dict):
        raise malformed("The request body is not a JSON object")
    return body  # pyright: ignore[reportUnknownVariableType] - JSON's keys are strings

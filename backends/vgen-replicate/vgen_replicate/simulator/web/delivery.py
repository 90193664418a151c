"""The route for finished clips; the real service has it on another host."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attrs import frozen
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from vgen_replicate.simulator.errors import ApiError
from vgen_replicate.simulator.web.context import Context
from vgen_replicate.simulator.web.disconnect import ConnectionDroppedError


@frozen
class DeliveryRoute:
    """The route's handler; it needs no API token."""

    context: Context

    def routes(self) -> list[Route]:
        """Return the only route."""
        return [Route("/delivery/{token}/output.mp4", self.deliver)]

    async def deliver(self, request: Request) -> Response:
        """GET /delivery/{token}/output.mp4; 404 for an expired URL."""
        service, token = self.context.service, request.path_params["token"]
        try:
            prediction, index = service.output(token, self.context.clock.now())
        except ApiError:
            return PlainTextResponse("Not found", 404)
        clip = await self.context.clips.clip(prediction, index)
        if request.method == "GET" and service.streams.choose_faults(
            service.faults, ("truncated",)
        ):
            return _TruncatedResponse(clip, media_type="video/mp4")
        return _CompleteResponse(clip, partial(service.note_fetched, prediction, token))


class _CompleteResponse(Response):
    def __init__(self, clip: bytes, sent: Callable[[], None]) -> None:
        super().__init__(clip, media_type="video/mp4")
        self._sent = sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            await super().__call__(scope, receive, send)
            return
        clip = bytes(self.body)
        await send(_start(self))
        await send({"type": "http.response.body", "body": clip[:-1], "more_body": True})
        # Before the last byte: a client that has the whole clip can rely on `fetched`.
        self._sent()
        await send({"type": "http.response.body", "body": clip[-1:]})


class _TruncatedResponse(Response):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (ASGI's own)
        half = bytes(self.body)[: len(self.body) // 2]
        await send(_start(self))
        await send({"type": "http.response.body", "body": half, "more_body": True})
        raise ConnectionDroppedError


def _start(response: Response) -> Message:
    return {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": response.raw_headers,
    }

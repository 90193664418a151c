"""The route for finished clips, which the service keeps on another host."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attrs import frozen
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from vgen_replicate.simulator.refusal import Refusal
from vgen_replicate.simulator.web.context import Context
from vgen_replicate.simulator.web.dropped import Dropped


@frozen
class DeliveryRoute:
    """The route's handler; whoever knows an address may fetch it, with a token or without."""

    context: Context

    def routes(self) -> list[Route]:
        """The only one."""
        return [Route("/delivery/{token}/output.mp4", self.deliver)]

    async def deliver(self, request: Request) -> Response:
        """GET /delivery/{token}/output.mp4; an address that has expired is not found."""
        service, token = self.context.service, request.path_params["token"]
        try:
            prediction, index = service.output(token, self.context.clock.now())
        except Refusal:
            return PlainTextResponse("Not found", 404)
        clip = await self.context.clips.clip(prediction, index)
        if request.method == "GET" and service.dice.thrown(service.faults, ("truncated",)):
            return _CutShort(clip, media_type="video/mp4")
        return _Whole(clip, partial(service.note_fetched, prediction, token))


class _Whole(Response):
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
        # Before the last byte: whoever has the whole clip finds it counted.
        self._sent()
        await send({"type": "http.response.body", "body": clip[-1:]})


class _CutShort(Response):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (ASGI's own)
        half = bytes(self.body)[: len(self.body) // 2]
        await send(_start(self))
        await send({"type": "http.response.body", "body": half, "more_body": True})
        raise Dropped


def _start(response: Response) -> Message:
    return {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": response.raw_headers,
    }

"""A small fake of Replicate without a socket, whose responses tests can replace."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from attrs import define, field

NEWEST = "a" * 64
"""The version of every model."""


@define(eq=False)
class ScriptedService:
    """The fake service.

    `predictions` are by id, the newest last. `handler` sees every request first; where it returns
    `None`, the default response is sent. `clock_offset` is added to creation times. `next_page` is
    the `next` URL of its listings.
    """

    predictions: dict[str, dict[str, Any]] = field(factory=dict[str, dict[str, Any]])
    handler: Callable[[httpx.Request], Awaitable[httpx.Response | None]] | None = None
    clock_offset: timedelta = timedelta()
    next_page: str | None = None
    token: str = field(factory=lambda: f"r8_{uuid4().hex}")

    @property
    def access(self) -> dict[str, Any]:
        """Arguments for a backend at this service, with an account of its own."""
        return {"token": self.token, "transport": httpx.MockTransport(self._respond)}

    def respond_with(self, path: str, *answers: httpx.Response) -> None:
        """Respond to requests whose path ends with `path` by these, repeating the last one."""
        left = list(answers)

        async def handler(request: httpx.Request) -> httpx.Response | None:
            if not request.url.path.endswith(path):
                return None
            return left.pop(0) if len(left) > 1 else left[0]

        self.handler = handler

    def lose_answers(self) -> None:
        """Accept creates, and break the connection before the response."""

        async def handler(request: httpx.Request) -> httpx.Response | None:
            if request.method == "POST" and request.url.path.endswith("/predictions"):
                self.make(json.loads(request.content))
                raise httpx.ReadError("reset", request=request)
            return None

        self.handler = handler

    def make(self, body: dict[str, Any]) -> dict[str, Any]:
        """Add a prediction."""
        prediction_id = uuid4().hex
        made = {
            "id": prediction_id,
            "status": "processing",
            "model": "owner/name",
            "version": body["version"],
            "input": body["input"],
            "output": None,
            "created_at": (datetime.now(UTC) + self.clock_offset).isoformat(),
        }
        self.predictions[prediction_id] = made
        return made

    def remove_data(self) -> None:
        """Remove the data that the service does not retain."""
        for made in self.predictions.values():
            made.update(input={}, data_removed=True)

    async def _respond(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        response = await self.handler(request) if self.handler else None
        return response or self._default_response(request)

    def _default_response(self, request: httpx.Request) -> httpx.Response:
        *_, kind, last = request.url.path.split("/")
        if (request.method, last) == ("POST", "predictions"):
            return httpx.Response(201, json=self.make(json.loads(request.content)))
        if (request.method, last) == ("GET", "predictions"):
            return httpx.Response(200, json=self._list(request.url.params))
        if (request.method, last) == ("POST", "files"):
            url = f"https://api.replicate.com/v1/files/{uuid4()}"
            return httpx.Response(201, json={"urls": {"get": url}, "expires_at": None})
        if "/models/" in request.url.path:
            return httpx.Response(200, json={"latest_version": {"id": NEWEST}})
        made = self.predictions.get(kind if last == "cancel" else last)
        if made is None:
            return httpx.Response(404, json={"detail": "Not found.", "status": 404})
        return httpx.Response(200, json=made)

    def _list(self, query: httpx.QueryParams) -> dict[str, Any]:
        since, until = query["created_after"], query.get("created_before", "9999-01-01T00:00Z")
        listed = [
            made
            for made in self.predictions.values()
            if date(since) <= date(made["created_at"]) < date(until)
        ]
        return {"next": self.next_page, "previous": None, "results": listed[::-1]}


def date(text: str) -> datetime:
    """Parse a date of a prediction or a query."""
    return datetime.fromisoformat(text)

"""A small Replicate without a socket, on Trio's clock, any answer of which a test can replace."""

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
class Scripted:
    """The service: its predictions by id, the newest last, and its own clock.

    `answer` comes before it: what it returns is the answer, `None` lets the service give its own.
    `next_page` is what its lists say of a next one.
    """

    predictions: dict[str, dict[str, Any]] = field(factory=dict[str, dict[str, Any]])
    answer: Callable[[httpx.Request], Awaitable[httpx.Response | None]] | None = None
    ahead: timedelta = timedelta()
    next_page: str | None = None
    token: str = field(factory=lambda: f"r8_{uuid4().hex}")

    @property
    def access(self) -> dict[str, Any]:
        """What a backend is made with to reach it, an account of its own."""
        return {"token": self.token, "transport": httpx.MockTransport(self._answer)}

    def always(self, path: str, *answers: httpx.Response) -> None:
        """Answer requests whose path ends so with these, the last one again and again."""
        left = list(answers)

        async def answer(request: httpx.Request) -> httpx.Response | None:
            if not request.url.path.endswith(path):
                return None
            return left.pop(0) if len(left) > 1 else left[0]

        self.answer = answer

    def lose_answers(self) -> None:
        """Take creates, and break the connection before they are answered."""

        async def answer(request: httpx.Request) -> httpx.Response | None:
            if request.method == "POST" and request.url.path.endswith("/predictions"):
                self.make(json.loads(request.content))
                raise httpx.ReadError("reset", request=request)
            return None

        self.answer = answer

    def make(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take a prediction."""
        prediction_id = uuid4().hex
        made = {
            "id": prediction_id,
            "status": "processing",
            "model": "owner/name",
            "version": body["version"],
            "input": body["input"],
            "output": None,
            "created_at": (datetime.now(UTC) + self.ahead).isoformat(),
        }
        self.predictions[prediction_id] = made
        return made

    def remove_data(self) -> None:
        """Forget what the service does not keep."""
        for made in self.predictions.values():
            made.update(input={}, data_removed=True)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        told = await self.answer(request) if self.answer else None
        return told or self._own(request)

    def _own(self, request: httpx.Request) -> httpx.Response:
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
    """Read a date of the service's, or of a question to it."""
    return datetime.fromisoformat(text)

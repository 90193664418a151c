"""A correct plug-in over HTTP, cut up so that one mistake is one method, and its provider."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import trio

from vgen import abc, errors
from vgen.testing import HttpWire, tiny_clip

PRICE = abc.Price(per_second=Decimal("0.05"))
STATES = {"working": abc.State.RUNNING, "done": abc.State.SUCCEEDED, "off": abc.State.CANCELLED}
TAKES = 0.05
"""How many seconds a job works."""


class Provider:
    """Jobs, which are there for any process; `wire` leads to it."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.wire = HttpWire(httpx.MockTransport(self.answer), submits="/jobs")

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as over a network: the request and the answer are each on their way."""
        await trio.lowlevel.checkpoint()
        answer = self.route(request.method, request.url.path.split("/")[2:], request.content)
        await trio.lowlevel.checkpoint()
        return answer

    def route(self, method: str, path: Sequence[str], content: bytes) -> httpx.Response:
        """POST /jobs, GET /jobs, GET /jobs/ID, POST /jobs/ID/cancel, GET /jobs/ID/clip."""
        if not path and method == "GET":
            return httpx.Response(200, json=[self.shown(job) for job in self.jobs.values()])
        if not path:
            job = json.loads(content) | {"id": f"job-{len(self.jobs)}", "off": False}
            job["ready"] = trio.current_time() + TAKES
            self.jobs[job["id"]] = job
            return httpx.Response(201, json=self.shown(job))
        if path[0] not in self.jobs:
            return httpx.Response(404, text="no such job")
        job = self.jobs[path[0]]
        if path[-1] == "clip" and self.shown(job)["state"] == "done":
            return httpx.Response(200, content=tiny_clip(job["seconds"]))
        if path[-1] == "cancel":
            job["off"] = self.shown(job)["state"] != "done"
        return httpx.Response(404 if path[-1] == "clip" else 200, json=self.shown(job))

    def shown(self, job: dict[str, Any]) -> dict[str, Any]:
        """Show a job as it stands."""
        done = trio.current_time() >= job["ready"]
        state = "off" if job["off"] else "done" if done else "working"
        return {"id": job["id"], "tag": job["tag"], "state": state}


class Plugin(abc.VideoBackend):
    """Makes no mistake. Methods without a docstring are where the mistakes are made."""

    name, account = "plugin", "account"
    capabilities = abc.Capabilities(
        text=True,
        image=False,
        durations=(1.0, 2.0),
        paid=True,
        durable_tickets=True,
        can_cancel=True,
        can_find=True,
        run_limit=60.0,
    )
    timeout: float | None = 30.0

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.http = httpx.AsyncClient(
            base_url="http://provider", transport=transport, timeout=self.timeout
        )

    def quote(self, request: abc.ClipRequest) -> abc.Quote:
        """Price the nearest length."""
        seconds = self.capabilities.nearest_duration(request.duration)
        return abc.Quote(seconds, hold=PRICE.cost(seconds), price=PRICE)

    async def submit(self, prepared: abc.Prepared, attempt_id: UUID) -> abc.Ticket:
        """Send the job, once."""
        seconds = self.quote(prepared.request).duration
        try:
            answer = await self.send({"tag": str(attempt_id), "seconds": seconds})
        except httpx.HTTPError as error:
            raise self.unanswered(error) from error
        if answer.status_code == 429:
            raise self.limited()
        if not answer.is_success:
            raise self.no_success(answer)
        try:
            return self.ticket(answer.json())
        except (ValueError, LookupError) as error:
            raise self.unreadable() from error

    async def send(self, job: dict[str, Any]) -> httpx.Response:
        return await self.http.post("/jobs", json=job)

    def unanswered(self, error: httpx.HTTPError) -> Exception:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return errors.NetworkError("not sent")
        return errors.SubmitInDoubtError("no answer")

    def limited(self) -> Exception:
        return errors.RateLimitedError("too fast", retry_after=1.0)

    def no_success(self, answer: httpx.Response) -> Exception:
        refused = answer.is_client_error
        return errors.GenerationError("no") if refused else errors.SubmitInDoubtError("what?")

    def unreadable(self) -> Exception:
        return errors.SubmitInDoubtError("an answer that says nothing")

    def ticket(self, job: Mapping[str, Any]) -> abc.Ticket:
        return abc.Ticket(self.name, job["id"], account=self.account)

    async def status(self, tickets: Sequence[abc.Ticket]) -> Mapping[abc.Ticket, abc.Status]:
        """Ask after each."""
        return {ticket: await self.one_status(ticket) for ticket in tickets}

    async def one_status(self, ticket: abc.Ticket) -> abc.Status:
        return await self.ask("GET", f"/jobs/{ticket.provider_id}")

    async def ask(self, method: str, path: str) -> abc.Status:
        """Ask about a job."""
        try:
            answer = await self.http.request(method, path)
            if answer.status_code == 404:
                return self.missing()
            return abc.Status(STATES[answer.raise_for_status().json()["state"]])
        except (httpx.HTTPError, ValueError, LookupError) as error:
            raise errors.NetworkError("no answer") from error

    def missing(self) -> abc.Status:
        failure = errors.NetworkError("the provider does not know it")
        return abc.Status(abc.State.NOT_FOUND, failure=failure)

    async def fetch(self, ticket: abc.Ticket, path: Path) -> None:
        """Download the clip, under another name until it is whole."""
        part = path.with_name(f".{path.name}.part")
        try:
            await self.download(ticket, part)
            part.replace(path)
        except (httpx.HTTPError, OSError) as error:
            raise errors.NetworkError("it broke") from error
        finally:
            part.unlink(missing_ok=True)

    async def download(self, ticket: abc.Ticket, path: Path) -> None:
        """Write the clip to the path as it comes."""
        async with self.http.stream("GET", f"/jobs/{ticket.provider_id}/clip") as answer:
            if not answer.is_success:
                raise errors.GenerationError("there is no clip")
            with path.open("wb") as file:
                async for piece in answer.aiter_bytes():
                    file.write(piece)

    async def cancel(self, ticket: abc.Ticket) -> abc.Status:
        """Ask the provider to stop."""
        return await self.ask("POST", f"/jobs/{ticket.provider_id}/cancel")

    async def find(self, attempt: abc.Attempt) -> abc.Finding:
        """Look for the attempt's tag."""
        try:
            jobs = (await self.http.get("/jobs")).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise errors.NetworkError("no list") from error
        found = [job for job in jobs if job["tag"] == str(attempt.attempt_id)]
        return self.ticket(found[0]) if found else abc.Absent()

    async def aclose(self) -> None:
        """Close the connections."""
        with trio.CancelScope(shield=True):
            await self.http.aclose()

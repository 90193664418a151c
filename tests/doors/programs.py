"""The examples as real processes, with a simulated Replicate as their provider."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from uuid import UUID, uuid4

import httpx
import trio
from attrs import frozen
from httpx_sse import aconnect_sse

from vgen import SQLiteLedger
from vgen.abc import Job
from vgen_replicate.simulator import Faults, Simulator

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
TIMEOUT = 60.0
"""How long to wait for anything, in seconds."""

POLL_INTERVAL = 0.02
FAST: Mapping[str, Any] = {"speed": 100.0}
"""Options of a simulator whose predictions take less than a second, and expire after 30 s."""

SLOWER: Mapping[str, Any] = {"speed": 20.0}
"""Options of one whose predictions take some seconds, and expire after three minutes."""

STUCK: Mapping[str, Any] = {"faults": Faults(stuck=1.0), **SLOWER}
"""Options of one whose predictions run for more than a minute, unless cancelled."""

EXCLUDED = ("REPLICATE", "VIDEO_GENERATOR", "VGEN", "ENVIRONMENT", "SVD", "COGVIDEOX")
"""Prefixes of variables that programs must not inherit: credentials would be real."""

State = dict[str, Any]
"""How a job stands, as the service tells it."""


def environment(**more: str) -> dict[str, str]:
    """Return a program's environment: with short delays, and without real credentials."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(EXCLUDED)}
    delays = {"CONCURRENCY": "30", "POLL_INTERVAL": "0.05", "BACKOFF": "0.05"}
    return {**kept, **{f"VIDEO_GENERATOR_{name}": text for name, text in delays.items()}, **more}


@frozen
class Provider:
    """A simulated Replicate, and the environment variables that lead a program to it."""

    simulator: Simulator
    variables: Mapping[str, str]

    def cancels(self) -> int:
        """Return the number of cancel requests."""
        return self.simulator.requests["POST", "/v1/predictions/{id}/cancel"]


@contextmanager
def simulated(**options: Any) -> Generator[Provider]:
    """Serve a simulator in a new thread until the block ends."""
    simulator = Simulator(scale=0.125, epoch=datetime.now(UTC), **options)
    events: SimpleQueue[tuple[str, trio.lowlevel.TrioToken, trio.CancelScope]] = SimpleQueue()

    async def serve() -> None:
        async with trio.open_nursery() as nursery:
            url = await nursery.start(simulator.serve)
            events.put((url, trio.lowlevel.current_trio_token(), nursery.cancel_scope))

    thread = threading.Thread(target=trio.run, args=(serve,))
    thread.start()
    url, token, scope = events.get(timeout=TIMEOUT)
    access = {"REPLICATE_API_TOKEN": simulator.token, "REPLICATE_BASE_URL": url}
    try:
        yield Provider(simulator, {**access, "REPLICATE_PRICING": "metered"})
    finally:
        token.run_sync_soon(scope.cancel)
        thread.join()


@frozen
class Client:
    """A client of the service."""

    http: httpx.AsyncClient

    async def post(self, job: Mapping[str, Any]) -> State:
        """Send a job, and return how it stands."""
        asked = {"budget": "100", "min_clips": "1"}
        answer = await self.http.post("/jobs", params=asked, json=job)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def state(self, job_id: UUID | str) -> State:
        """Ask how a job stands."""
        answer = await self.http.get(f"/jobs/{job_id}")
        answer.raise_for_status()
        return dict(answer.json())

    async def until(self, job_id: UUID | str, holds: Callable[[State], object]) -> State:
        """Ask until a condition holds, for at most `TIMEOUT` seconds, and return the state."""
        with trio.fail_after(TIMEOUT):
            while not holds(state := await self.state(job_id)):
                pass
        return state

    async def done(self, job_id: UUID | str) -> State:
        """Ask until nobody is at work on a job."""
        return await self.until(job_id, lambda state: not state["at_work"])

    async def follow(
        self, job_id: UUID | str, states: list[State] | None = None
    ) -> Sequence[State]:
        """Return what the job's followers are told to its end, added to `states` as it comes."""
        states = [] if states is None else states
        async with aconnect_sse(self.http, "GET", f"/jobs/{job_id}/events") as source:
            async for event in source.aiter_sse():
                states.append(event.json())
        return states


@frozen
class Service:
    """The service as a process; its clips and its ledger are in `folder`."""

    process: subprocess.Popen[str]
    url: str
    folder: Path

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[Client]:
        """Open an HTTP client for it."""
        async with httpx.AsyncClient(base_url=self.url, timeout=TIMEOUT) as http:
            yield Client(http)

    def stop(self, number: signal.Signals) -> str:
        """Send it a signal, wait until it exits, and return its whole stderr."""
        self.process.send_signal(number)
        _, stderr = self.process.communicate(timeout=TIMEOUT)
        return stderr


@contextmanager
def service(folder: Path, variables: Mapping[str, str]) -> Generator[Service]:
    """Serve the example service until the block ends."""
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "service:app"]
    options = ["--port", "0", "--no-access-log", "--timeout-graceful-shutdown", "1"]
    with subprocess.Popen(
        [*command, *options],
        env=environment(VGEN_FOLDER=str(folder), **variables),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Service(process, _address(process), folder)
        finally:
            process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    output = ""
    for line in process.stderr:
        output += line
        if "running on" in line:
            return line.split(" on ")[1].split()[0]
    raise AssertionError(output)


@contextmanager
def worker(folder: Path, variables: Mapping[str, str]) -> Generator[subprocess.Popen[str]]:
    """Start the example worker, with clips and ledger in `folder`; killed at the block's end."""
    command = [sys.executable, str(EXAMPLES / "worker.py"), "--folder", str(folder)]
    with subprocess.Popen(
        [*command, "--budget", "100"],
        env=environment(**variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def prompts(job_id: UUID | None = None, *, clips: int = 3) -> dict[str, Any]:
    """Return a job of short clips, as JSON."""
    items = [
        {"clip_index": index, "prompt": f"Rain, take {index}", "duration": 0.2}
        for index in range(clips)
    ]
    return {"job_id": str(job_id or uuid4()), "clip_prompts": items}


@contextmanager
def on_replicate(folder: Path, options: Mapping[str, Any]) -> Generator[tuple[Service, Provider]]:
    """Serve the example service, with a simulator as its provider."""
    with simulated(**options) as provider, service(folder, provider.variables) as served:
        yield served, provider


async def until(holds: Callable[[], object]) -> None:
    """Wait until a condition holds, for at most `TIMEOUT` seconds."""
    with trio.fail_after(TIMEOUT):
        while not holds():  # noqa: ASYNC110 - what happens in another process sets no event here
            await trio.sleep(POLL_INTERVAL)


async def job_in(folder: Path, job_id: UUID) -> Job | None:
    """Return a job from the ledger."""
    ledger = SQLiteLedger(folder / "vgen.db")
    try:
        return await ledger.job(job_id)
    finally:
        await ledger.aclose()


async def spent(folder: Path, job_id: UUID) -> Decimal:
    """Return what a job has cost, in US dollars; asserts that nothing of it is open or held."""
    job = await job_in(folder, job_id)
    assert job is not None
    assert not [attempt for attempt in job.attempts if attempt.is_open]
    assert (job.account.held, job.account.in_doubt) == (Decimal(0), Decimal(0))
    return job.account.spent

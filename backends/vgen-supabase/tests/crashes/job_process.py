"""A process that runs jobs in child processes, which may be killed.

Each line of standard input describes a run, as JSON. When its child has ended, a line is printed:
the number of steps that it took, or `null` if it was killed.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import trio

from vgen import ClipPrompt, DirectoryStorage, Settings, SQLiteLedger, open_runner
from vgen.abc import CostLedger, Storage, VideoBackend
from vgen_replicate import CogVideoX, StableVideoDiffusion
from vgen_supabase import PostgresLedger

SPEED = 200.0
BUDGET = Decimal(6)
CLIPS = 3

SETTINGS = Settings(poll_interval=0.02, backoff=0.1, attempts=5, submit_timeout=2.0)

WRITES = ("open_job", "claim", "reserve", "advance", "conclude", "release", "renew")


class StepCounter:
    """Counts steps, and kills this process at step `crash_at`; never, where that is 0."""

    def __init__(self, crash_at: int) -> None:
        self.count = 0
        self._crash_at = crash_at

    def step(self) -> None:
        """Count a step, and crash if it is the one to crash at."""
        self.count += 1
        if self.count == self._crash_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Wrap a call in two steps: one before it, one after."""

        async def stepping(*arguments: Any, **keywords: Any) -> Any:
            self.step()
            result = await call(*arguments, **keywords)
            self.step()
            return result

        return stepping

    def watch(self, ledger: CostLedger, storage: Storage, *backends: VideoBackend) -> None:
        """Count a step before and after each write to the ledger and each write of a file."""
        watched: list[tuple[object, str]] = [(ledger, name) for name in WRITES]
        watched += [(storage, "write"), *((backend, "fetch") for backend in backends)]
        for port, name in watched:
            setattr(port, name, self.around(getattr(port, name)))


class SteppingTransport(httpx.AsyncBaseTransport):
    """Sends requests, with a step before each and another after its response."""

    def __init__(self, counter: StepCounter) -> None:
        self._counter = counter
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        self._counter.step()
        response = await self._inner.handle_async_request(request)
        self._counter.step()
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def ledger_at(address: str) -> CostLedger:
    """Return the ledger at a Postgres address or in an SQLite file."""
    return PostgresLedger(address) if address.startswith("postgresql:") else SQLiteLedger(address)


def prompts() -> list[ClipPrompt]:
    """Two clips from an image, and one from text alone."""
    return [
        ClipPrompt(
            n, f"take {n}", 4.0, scene_reference_url="picture.png" if n < CLIPS - 1 else None
        )
        for n in range(CLIPS)
    ]


async def run_job(job: UUID, out: Path, address: str, crash_at: int, access: dict[str, Any]) -> int:
    """Run a job to its end or to the step to crash at; return how many steps it took."""
    counter = StepCounter(crash_at)
    options: dict[str, Any] = {"metered": True, "quiet": 0.2, **access}
    backends = [
        kind(**options, transport=SteppingTransport(counter))
        for kind in (StableVideoDiffusion, CogVideoX)
    ]
    storage, ledger = DirectoryStorage(out), ledger_at(address)
    counter.watch(ledger, storage, *backends)
    async with open_runner(
        backends=backends, storage=storage, ledger=ledger, settings=SETTINGS
    ) as runner:
        clips = await runner.process(job, prompts(), budget=BUDGET)
    assert clips.successful_clips == CLIPS, clips.failures
    return counter.count


def child(options: dict[str, Any], pipe: int) -> None:
    """Run a job in this child process, and write the number of its steps to a pipe."""
    code = 1
    try:
        job, out = UUID(options["job"]), Path(options["out"])
        ledger, crash_at, access = options["ledger"], options["crash_at"], options["access"]
        count = trio.run(run_job, job, out, ledger, crash_at, access)
        os.write(pipe, str(count).encode())
        code = 0
    except BaseException:  # noqa: BLE001 (of any kind: the parent prints it)
        traceback.print_exc()
    finally:
        os._exit(code)


def run_once(options: dict[str, Any]) -> int | None:
    """Run a job in a child process, and kill it after `kill_after` seconds, if that is not `None`.

    Returns its number of steps, -1 if it failed, or `None` if it was killed.
    """
    reading, writing = os.pipe()
    number = os.fork()
    if number == 0:
        child(options, writing)
    os.close(writing)
    with os.fdopen(reading) as read:
        ended, _, _ = select.select([read], [], [], options["kill_after"])
        if not ended:
            os.kill(number, signal.SIGKILL)
        count = read.read()
    _, status = os.waitpid(number, 0)
    return None if os.WIFSIGNALED(status) else int(count or -1)


def main() -> None:
    """Run the jobs that standard input names."""
    for line in sys.stdin:
        print(json.dumps(run_once(json.loads(line))), flush=True)  # noqa: T201 (the answer)


if __name__ == "__main__":
    main()

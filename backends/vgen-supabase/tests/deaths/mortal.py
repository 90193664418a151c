"""A process that plays jobs in children of its own, which may die.

Standard input gives a play to a line, as JSON; when its child has ended, its end is printed: the
steps that it took, or `null` if it was killed.
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


class Steps:
    """Counts steps, and dies at step `fatal`; at none, where it is 0."""

    def __init__(self, fatal: int) -> None:
        self.count = 0
        self._fatal = fatal

    def step(self) -> None:
        """Take a step, or die of it."""
        self.count += 1
        if self.count == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Have a call begin and end with a step."""

        async def stepping(*arguments: Any, **keywords: Any) -> Any:
            self.step()
            result = await call(*arguments, **keywords)
            self.step()
            return result

        return stepping

    def watch(self, ledger: CostLedger, storage: Storage, *backends: VideoBackend) -> None:
        """Have every writing of the ledger and of a file begin and end with a step."""
        watched: list[tuple[object, str]] = [(ledger, name) for name in WRITES]
        watched += [(storage, "write"), *((backend, "fetch") for backend in backends)]
        for port, name in watched:
            setattr(port, name, self.around(getattr(port, name)))


class SteppingTransport(httpx.AsyncBaseTransport):
    """Sends requests, with a step before each and another after its answer."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        self._steps.step()
        response = await self._inner.handle_async_request(request)
        self._steps.step()
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def ledger_at(address: str) -> CostLedger:
    """Give the ledger at an address or in a file."""
    return PostgresLedger(address) if address.startswith("postgresql:") else SQLiteLedger(address)


def prompts() -> list[ClipPrompt]:
    """Two clips from an image, and one from text alone."""
    return [
        ClipPrompt(
            n, f"take {n}", 4.0, scene_reference_url="picture.png" if n < CLIPS - 1 else None
        )
        for n in range(CLIPS)
    ]


async def play(job: UUID, out: Path, ledger: str, fatal: int, access: dict[str, Any]) -> int:
    """Play a job to its end or to its fatal step, and give how many steps it took."""
    steps = Steps(fatal)
    options: dict[str, Any] = {"metered": True, "quiet": 0.2, **access}
    backends = [
        kind(**options, transport=SteppingTransport(steps))
        for kind in (StableVideoDiffusion, CogVideoX)
    ]
    storage, book = DirectoryStorage(out), ledger_at(ledger)
    steps.watch(book, storage, *backends)
    async with open_runner(
        backends=backends, storage=storage, ledger=book, settings=SETTINGS
    ) as runner:
        clips = await runner.process(job, prompts(), budget=BUDGET)
    assert clips.successful_clips == CLIPS, clips.failures
    return steps.count


def child(told: dict[str, Any], answer: int) -> None:
    """Play in a process of its own, and write the number of steps to a pipe."""
    code = 1
    try:
        job, out = UUID(told["job"]), Path(told["out"])
        count = trio.run(play, job, out, told["ledger"], told["fatal"], told["access"])
        os.write(answer, str(count).encode())
        code = 0
    except BaseException:  # noqa: BLE001 (whatever it is, the parent is to hear of it)
        traceback.print_exc()
    finally:
        os._exit(code)


def play_once(told: dict[str, Any]) -> int | None:
    """Play in a child, killed after some seconds if it is told so; its steps if it was not."""
    answer, writing = os.pipe()
    number = os.fork()
    if number == 0:
        child(told, writing)
    os.close(writing)
    with os.fdopen(answer) as read:
        ended, _, _ = select.select([read], [], [], told["kill_after"])
        if not ended:
            os.kill(number, signal.SIGKILL)
        steps = read.read()
    _, status = os.waitpid(number, 0)
    return None if os.WIFSIGNALED(status) else int(steps or -1)


def main() -> None:
    """Play what standard input names."""
    for line in sys.stdin:
        print(json.dumps(play_once(json.loads(line))), flush=True)  # noqa: T201 (the answer)


if __name__ == "__main__":
    main()

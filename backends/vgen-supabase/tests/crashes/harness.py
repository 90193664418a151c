"""A simulated Replicate with its bills, and a process whose children run jobs at it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from uuid import UUID

import trio
from attrs import define, frozen
from PIL import Image

from vgen.video import probe
from vgen_replicate.simulator import Simulator

from .job_process import CLIPS, SPEED, ledger_at

CANCELLED = frozenset({"canceled", "aborted"})


@frozen
class Service:
    """The simulated service and its URL."""

    simulator: Simulator
    url: str


@contextmanager
def service() -> Generator[Service]:
    """Serve a simulator, in a thread, until the block ends."""
    simulator = Simulator(speed=SPEED, scale=0.125, epoch=datetime.now(UTC))
    started: SimpleQueue[tuple[str, trio.lowlevel.TrioToken, trio.CancelScope]] = SimpleQueue()

    async def serve() -> None:
        async with trio.open_nursery() as nursery:
            url = await nursery.start(simulator.serve)
            started.put((url, trio.lowlevel.current_trio_token(), nursery.cancel_scope))

    thread = threading.Thread(target=trio.run, args=(serve,), daemon=True)
    thread.start()
    url, token, scope = started.get(timeout=30)
    try:
        yield Service(simulator, url)
    finally:
        token.run_sync_soon(scope.cancel)
        thread.join(10)


@define
class JobProcess:
    """A process that runs jobs in children which may be killed, all on one ledger."""

    service: Service
    ledger: str
    process: subprocess.Popen[str]

    def run(
        self, job: UUID, out: Path, *, crash_at: int = 0, kill_after: float | None = None
    ) -> int | None:
        """Run a job, killed at the step `crash_at` or after `kill_after` seconds.

        Returns how many steps it took, or `None` if it was killed.
        """
        out.mkdir(exist_ok=True)
        written = out / f"{self.process.pid}.png"
        written.write_bytes(a_picture())
        written.replace(out / "picture.png")  # another process may be reading it
        options = {
            "job": str(job),
            "out": str(out),
            "ledger": self.ledger,
            "crash_at": crash_at,
            "kill_after": kill_after,
            "access": {"token": self.service.simulator.token, "base_url": self.service.url},
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(options) + "\n")
        self.process.stdin.flush()
        steps: int | None = json.loads(self.process.stdout.readline())
        assert steps is None or steps > 0, "it failed: see its standard error"
        return steps


@contextmanager
def job_process(at: Service, ledger: str) -> Generator[JobProcess]:
    """Start the process whose children run jobs; it ends with the block."""
    command = [sys.executable, str(Path(__file__).with_name("job_process.py"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield JobProcess(at, ledger, process)
        assert process.stdin is not None
        process.stdin.close()


def check(at: Service, ledger: str, job: UUID, out: Path, *, known: set[str]) -> None:
    """Compare the job in the ledger with the service's bills, without the `known` predictions.

    Each clip must be stored in full and paid for once, apart from attempts that were cancelled.
    """
    simulator = at.simulator
    ours = {p.id: p for p in simulator.predictions.values() if p.id not in known}
    assert not [p.id for p in ours.values() if not p.final], "something is still running"
    found = trio.run(_read, ledger, job)
    made = {identity for identity, p in ours.items() if p.status == "succeeded"}
    stored = {a.ticket.provider_id for a in found.attempts if a.clip is not None and a.ticket}
    assert made == stored, "a clip was paid for twice, or none was made of it"
    assert len(made) == CLIPS
    assert {p.status for p in ours.values()} <= {"succeeded", *CANCELLED}
    billed = sum((bill.amount for bill in simulator.bills if bill.prediction in ours), Decimal(0))
    assert found.account.spent == billed
    assert (found.account.held, found.account.in_doubt) == (0, 0)
    for clip in range(CLIPS):
        assert probe(out / f"{job}/clip_{clip:03d}.mp4").frames > 0


async def _read(address: str, job: UUID) -> Any:
    ledger = ledger_at(address)
    found = await ledger.job(job)
    await ledger.aclose()
    return found


def a_picture() -> bytes:
    """A small picture with something to see on it."""
    encoded = BytesIO()
    Image.radial_gradient("L").resize((64, 64)).convert("RGB").save(encoded, "PNG")
    return encoded.getvalue()

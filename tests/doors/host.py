"""A host program of the kind given as argument, with a job whose third clip never ends.

On SIGTERM it stops as such a program does: by a cancelled scope or task, or by `SystemExit`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from decimal import Decimal
from types import FrameType
from typing import Any
from uuid import UUID

import trio

import vgen.aio
import vgen.blocking
from vgen import ClipPrompt, ClipStored, Event, Settings
from vgen.abc import Status, Ticket
from vgen.testing import (
    Delay,
    FakeBackend,
    Hang,
    MemoryLedger,
    MemoryStorage,
    Succeed,
    inline_inspector,
)

JOB = UUID(int=7)
PROMPTS = [ClipPrompt(number, text, 1.0) for number, text in enumerate("abc")]
BUDGET = Decimal(100)


def print_line(line: str) -> None:
    """Print a line and flush."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class PrintsCancels(FakeBackend):
    """Prints "cancelling" at each `cancel`, by calling `write`."""

    write: Callable[[str], object] = staticmethod(print_line)

    async def cancel(self, ticket: Ticket) -> Status:
        self.write("cancelling")
        return await super().cancel(ticket)


def print_stored(event: Event) -> None:
    """Print the index of each stored clip."""
    if isinstance(event, ClipStored):
        print_line(f"stored {event.clip.clip_index}")


FAKE = PrintsCancels(
    script={"c": [Hang()]},
    default=Succeed(after=0.05),
    faults=[Delay("cancel", seconds=float(os.environ["CANCELLING"]), times=9)],
)
LEDGER = MemoryLedger()
PARTS: dict[str, Any] = {
    "backends": [FAKE],
    "storage": MemoryStorage(),
    "ledger": LEDGER,
    "settings": Settings(poll_interval=0.01, grace=float(os.environ["GRACE"])),
    "inspector": inline_inspector(),
    "observer": print_stored,
}


def print_open_work() -> None:
    """Print what still runs at the provider and what the ledger holds."""
    job = LEDGER.peek(JOB)
    assert job is not None
    print_line(f"running {len(FAKE.running)}, held {job.account.held + job.account.in_doubt}")


async def stop_at_sigterm(scope: trio.CancelScope) -> None:
    """Cancel a scope on SIGTERM."""
    with trio.open_signal_receiver(signal.SIGTERM) as arrivals:
        async for _ in arrivals:
            scope.cancel()


async def run_in_trio() -> None:
    """Make the clips."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stop_at_sigterm, nursery.cancel_scope)
        async with vgen.open_runner(**PARTS) as runner:
            await runner.process(JOB, PROMPTS, budget=BUDGET)


async def run_in_asyncio(*, idle: bool = False) -> None:
    """Make the clips in a task that SIGTERM cancels; with `idle`, print from the loop."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    if idle:
        FAKE.write = lambda line: loop.call_soon_threadsafe(print_line, line)
    async with vgen.aio.open_runner(**PARTS) as runner:
        await runner.process(JOB, PROMPTS, budget=BUDGET)


async def run_in_subtask() -> None:
    """Follow the job in a second task, which only the end of the loop cancels."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await asyncio.wait([asyncio.create_task(follow())])


async def follow() -> None:
    """Start the job, and wait for its result."""
    async with (
        vgen.aio.open_runner(**PARTS) as runner,
        runner.start(JOB, PROMPTS, budget=BUDGET) as job,
    ):
        await job.result()


async def read_events() -> None:
    """Read the job's events in the main task, which SIGTERM cancels."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with (
        vgen.aio.open_runner(**PARTS) as runner,
        runner.start(JOB, PROMPTS, budget=BUDGET) as job,
    ):
        async for _ in job.events:
            pass


def exit_at_sigterm(_number: int, _frame: FrameType | None) -> None:
    """Raise `SystemExit`."""
    sys.exit(143)


def run_blocking() -> None:
    """Make the clips in this thread."""
    signal.signal(signal.SIGTERM, exit_at_sigterm)
    with vgen.blocking.open_runner(**PARTS) as runner:
        runner.process(JOB, PROMPTS, budget=BUDGET)


def main(kind: str) -> None:
    """Run a host of that kind; it handles Ctrl-C also where it is started in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if kind == "trio":
            trio.run(run_in_trio, strict_exception_groups=False)
        elif kind == "asyncio":
            asyncio.run(run_in_asyncio())
        elif kind == "idle asyncio":
            asyncio.run(run_in_asyncio(idle=True))
        elif kind == "events":
            asyncio.run(read_events())
        elif kind == "tasks":
            asyncio.run(run_in_subtask())
        else:
            run_blocking()
    finally:
        print_open_work()


if __name__ == "__main__":
    main(*sys.argv[1:])

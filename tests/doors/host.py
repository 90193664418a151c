"""A host of the kind that its argument names, with a job whose third clip never ends.

It turns SIGTERM into what its kind of program takes for a request to stop.
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


def say(line: str) -> None:
    """Tell whoever has started this process."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Telling(FakeBackend):
    """Says when it is asked to cancel, by way of `told`."""

    told: Callable[[str], object] = staticmethod(say)

    async def cancel(self, ticket: Ticket) -> Status:
        self.told("cancelling")
        return await super().cancel(ticket)


def hear(event: Event) -> None:
    """Say which clips are there."""
    if isinstance(event, ClipStored):
        say(f"stored {event.clip.clip_index}")


FAKE = Telling(
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
    "observer": hear,
}


def say_what_is_left() -> None:
    """Say what is open at the provider and in the ledger."""
    book = LEDGER.peek(JOB)
    assert book is not None
    say(f"running {len(FAKE.running)}, held {book.account.held + book.account.in_doubt}")


async def stop_at_sigterm(scope: trio.CancelScope) -> None:
    """Cancel what a Trio program does, when it is told to stop."""
    with trio.open_signal_receiver(signal.SIGTERM) as arrivals:
        async for _ in arrivals:
            scope.cancel()


async def on_trio() -> None:
    """Make the clips."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stop_at_sigterm, nursery.cancel_scope)
        async with vgen.open_runner(**PARTS) as runner:
            await runner.process(JOB, PROMPTS, budget=BUDGET)


async def on_asyncio(*, idle: bool = False) -> None:
    """Make the clips, in a task that SIGTERM cancels; speak, if so told, when the loop is idle."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    if idle:
        FAKE.told = lambda line: loop.call_soon_threadsafe(say, line)
    async with vgen.aio.open_runner(**PARTS) as runner:
        await runner.process(JOB, PROMPTS, budget=BUDGET)


async def in_tasks() -> None:
    """Follow the job in a task that is left to the end of the loop."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await asyncio.wait([asyncio.create_task(follow())])


async def follow() -> None:
    """Make the clips in a job that is followed."""
    async with (
        vgen.aio.open_runner(**PARTS) as runner,
        runner.start(JOB, PROMPTS, budget=BUDGET) as job,
    ):
        await job.result()


async def by_events() -> None:
    """Follow the job's events in the main task, which SIGTERM cancels."""
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
    """Raise what ends a program."""
    sys.exit(143)


def on_nothing() -> None:
    """Make the clips in this thread."""
    signal.signal(signal.SIGTERM, exit_at_sigterm)
    with vgen.blocking.open_runner(**PARTS) as runner:
        runner.process(JOB, PROMPTS, budget=BUDGET)


def main(kind: str) -> None:
    """Be a host of that kind, which hears Ctrl-C though it may be started in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if kind == "trio":
            trio.run(on_trio, strict_exception_groups=False)
        elif kind == "asyncio":
            asyncio.run(on_asyncio())
        elif kind == "idle asyncio":
            asyncio.run(on_asyncio(idle=True))
        elif kind == "events":
            asyncio.run(by_events())
        elif kind == "tasks":
            asyncio.run(in_tasks())
        else:
            on_nothing()
    finally:
        say_what_is_left()


if __name__ == "__main__":
    main(*sys.argv[1:])

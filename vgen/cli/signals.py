"""SIGINT and SIGTERM: exit at once before a job runs, cancel it while it runs."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

    import trio

INTERRUPTED = 130
"""The exit code of a program that Ctrl-C has ended, as in shells: 128 + SIGINT."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)

SHOW_CURSOR = b"\x1b[?25h"


def exit_on_signal() -> None:
    """From now on, exit at once on SIGINT or SIGTERM."""
    for number in SIGNALS:
        signal.signal(number, _exit)


def _exit(_number: int, _frame: FrameType | None) -> None:
    # No exception: one raised during an import may be printed or swallowed.
    with suppress(OSError):
        if os.isatty(2):
            os.write(2, SHOW_CURSOR)
        os.write(2, b"vgen: interrupted\n")
    os._exit(INTERRUPTED)


@asynccontextmanager
async def interruptible(on_signal: Callable[[], None]) -> AsyncGenerator[trio.CancelScope]:
    """Call `on_signal` and cancel the block at the first signal; exit at once at the second."""
    import trio  # noqa: PLC0415 (at start-up this module must load fast)

    from vgen.drive.exception_groups import single_error  # noqa: PLC0415 (likewise)

    with trio.open_signal_receiver(*SIGNALS) as arrivals, single_error():
        async with trio.open_nursery() as nursery:
            with trio.CancelScope() as scope:
                nursery.start_soon(_cancel_on_signal, arrivals, scope, on_signal)
                yield scope
            nursery.cancel_scope.cancel()


async def _cancel_on_signal(
    arrivals: AsyncIterable[int], scope: trio.CancelScope, on_signal: Callable[[], None]
) -> None:
    async for number in arrivals:
        if scope.cancel_called:
            _exit(number, None)
        on_signal()
        scope.cancel()

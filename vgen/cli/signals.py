"""Ctrl-C and SIGTERM: at once while nothing is at stake, in good order while a job runs."""

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
"""What shells give for a program that Ctrl-C has ended: 128 + SIGINT."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)

SHOW_CURSOR = b"\x1b[?25h"


def leave_at_once() -> None:
    """From here on, let either signal end the process on the spot."""
    for number in SIGNALS:
        signal.signal(number, _leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    # No exception: wherever one is raised during an import, it may be printed or swallowed.
    with suppress(OSError):
        if os.isatty(2):
            os.write(2, SHOW_CURSOR)
        os.write(2, b"vgen: interrupted\n")
    os._exit(INTERRUPTED)


@asynccontextmanager
async def interruptible(told: Callable[[], None]) -> AsyncGenerator[trio.CancelScope]:
    """Cancel the block at the first signal, once `told` was called; leave at once at the second."""
    import trio  # noqa: PLC0415 (at start-up this module must load fast)

    from vgen.drive.exception_groups import single_error  # noqa: PLC0415 (likewise)

    with trio.open_signal_receiver(*SIGNALS) as arrivals, single_error():
        async with trio.open_nursery() as nursery:
            with trio.CancelScope() as scope:
                nursery.start_soon(_obey, arrivals, scope, told)
                yield scope
            nursery.cancel_scope.cancel()


async def _obey(
    arrivals: AsyncIterable[int], scope: trio.CancelScope, told: Callable[[], None]
) -> None:
    async for number in arrivals:
        if scope.cancel_called:
            _leave(number, None)
        told()
        scope.cancel()

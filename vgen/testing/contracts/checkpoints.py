"""Cancelling a call at each of its checkpoints in turn."""

from __future__ import annotations

from collections.abc import Coroutine, Generator, Iterator
from itertools import count
from types import coroutine
from typing import Any

import trio

ALL_UP_TO = 16
"""Up to here every checkpoint is tried; after it, steps grow by a quarter."""


async def cancel_at(checkpoint: int, work: Coroutine[Any, Any, object]) -> bool:
    """Run `work`, cancelled at this checkpoint; return whether it had so many.

    Either way it must leave no task and no thread running. Used as

    ```python
    for checkpoint in checkpoints():
        if not await cancel_at(checkpoint, work()):
            break
        ...  # check what is left
    ```
    """
    running = _running()
    with trio.CancelScope() as scope:
        await _run_cancelled_at(checkpoint, work, scope)
    assert _running() == running, f"cancelled at checkpoint {checkpoint}, it left something running"
    return scope.cancel_called


def checkpoints() -> Iterator[int]:
    """Yield the numbers of the checkpoints to cancel at, without end."""
    checkpoint = 0
    while True:
        yield checkpoint
        checkpoint += 1 if checkpoint < ALL_UP_TO else checkpoint // 4


def _running() -> tuple[int, int]:
    threads = trio.to_thread.current_default_thread_limiter().borrowed_tokens
    return trio.lowlevel.current_statistics().tasks_living, threads


@coroutine
def _run_cancelled_at(
    checkpoint: int, work: Coroutine[Any, Any, object], scope: trio.CancelScope
) -> Generator[Any, Any, None]:
    """Run `work`, and cancel the scope right before it yields to Trio at this checkpoint."""
    answer: Any = None
    for number in count():
        try:
            trap = work.send(answer)
        except StopIteration:
            return
        if number == checkpoint:
            scope.cancel()
        answer = yield trap

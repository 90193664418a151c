"""Cancelling a call at each of its checkpoints in turn."""

from __future__ import annotations

from collections.abc import Coroutine, Generator, Iterator
from itertools import count
from types import coroutine
from typing import Any

import trio

EACH = 16
"""So many checkpoints are tried one by one; after them, every fourth part of the way."""


async def cut_at(checkpoint: int, work: Coroutine[Any, Any, object]) -> bool:
    """Run `work`, cancelled at this checkpoint; whether it had so many.

    Either way it may leave no task and no thread running. Used as

    ```python
    for checkpoint in checkpoints():
        if not await cut_at(checkpoint, work()):
            break
        ...  # look at what is left
    ```
    """
    living = _living()
    with trio.CancelScope() as scope:
        await _cancelled_at(checkpoint, work, scope)
    assert _living() == living, f"cancelled at checkpoint {checkpoint}, it left something running"
    return scope.cancel_called


def checkpoints() -> Iterator[int]:
    """Give the numbers of the checkpoints to cancel at, without end."""
    checkpoint = 0
    while True:
        yield checkpoint
        checkpoint += 1 if checkpoint < EACH else checkpoint // 4


def _living() -> tuple[int, int]:
    threads = trio.to_thread.current_default_thread_limiter().borrowed_tokens
    return trio.lowlevel.current_statistics().tasks_living, threads


@coroutine
def _cancelled_at(
    checkpoint: int, work: Coroutine[Any, Any, object], scope: trio.CancelScope
) -> Generator[Any, Any, None]:
    """Step through `work`; the scope is cancelled just before Trio hears of the checkpoint."""
    answer: Any = None
    for number in count():
        try:
            trap = work.send(answer)
        except StopIteration:
            return
        if number == checkpoint:
            scope.cancel()
        answer = yield trap

"""Calls of one file: those that wait at the same time are run together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import trio
from attrs import define, field

T = TypeVar("T")

RETRY_INTERVAL = 0.05
"""The pause between two tries at a locked file, in seconds."""


@define(eq=False)
class Call(Generic[T]):
    """One call, which gives up on a locked file at `last` on Trio's clock.

    `writes` says whether it needs the lock that only one process has at a time, `make` whether it
    makes a file that is not there, `after_loss` whether it goes on when the file was lost.
    """

    work: Callable[[Any], T]
    last: float
    writes: bool = False
    make: bool = False
    after_loss: bool = False
    results: list[T] = field(factory=list[T])
    error: BaseException | None = None
    locked: Exception | None = None
    task: trio.lowlevel.Task | None = None

    @property
    def ended(self) -> bool:
        """Whether it has a result or an error."""
        return bool(self.results) or self.error is not None

    def result(self) -> T:
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.results[0]


@define(eq=False)
class Groups:
    """The calls that wait, and the one of them whose task runs them all.

    `run` runs a group in a thread. It leaves a call that found the file locked without an end: that
    one is run again, until its time is over. Whoever has `turn` is alone with the file.
    """

    run: Callable[[Sequence[Call[Any]]], None]
    turn: trio.Lock = field(factory=trio.Lock)
    _waiting: dict[Call[Any], None] = field(factory=dict[Call[Any], None])
    _leader: Call[Any] | None = None

    @trio.lowlevel.enable_ki_protection
    async def do(self, call: Call[T]) -> T:
        """Run a call, with all those that wait then.

        It can be cancelled until it is run, and is not run then; once begun it is finished.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        self._waiting[call] = None
        while not call.ended:
            if self._leader not in {None, call}:
                await self._wait(call)
                continue
            self._leader = call
            try:
                await self._run_group()
                if not call.ended:
                    await trio.sleep(RETRY_INTERVAL)
            except BaseException:
                self._waiting.pop(call, None)
                raise
            finally:
                self._hand_on()
        return call.result()

    async def _wait(self, call: Call[Any]) -> None:
        def abort(_raise_cancel: object) -> trio.lowlevel.Abort:
            if call not in self._waiting:
                return trio.lowlevel.Abort.FAILED
            del self._waiting[call]
            call.task = None
            return trio.lowlevel.Abort.SUCCEEDED

        call.task = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(abort)

    async def _run_group(self) -> None:
        async with self.turn:
            group, self._waiting = list(self._waiting), {}
            try:
                await trio.to_thread.run_sync(self.run, group)
            finally:
                left = [call for call in group if not call.ended]
                for call in left:
                    if call.locked is not None and trio.current_time() >= call.last:
                        call.error = call.locked
                again = dict.fromkeys(call for call in left if not call.ended)
                self._waiting = again | self._waiting
                _wake(group)

    def _hand_on(self) -> None:
        self._leader = next(iter(self._waiting), None)
        if self._leader is not None:
            _wake([self._leader])


def _wake(calls: Iterable[Call[Any]]) -> None:
    for call in calls:
        task, call.task = call.task, None
        if task is not None:
            trio.lowlevel.reschedule(task)

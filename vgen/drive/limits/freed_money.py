"""Waiting until other attempts of a job free money."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import trio
from attrs import define, field


@define
class FreedMoney:
    """Lets the clips of a job wait for money that other clips of it still hold.

    Knows how many clips are at work, so that the last one does not wait for itself.
    """

    _at_work: int = 0
    _waiting: int = 0
    _moves: int = 0
    _changed: trio.Event = field(factory=trio.Event)

    @contextmanager
    def at_work(self) -> Generator[None]:
        """Count a clip as one whose money may still move."""
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1
            self.moved()

    @contextmanager
    def claimed_elsewhere(self) -> Generator[None]:
        """Do not count a clip while another process has it: that process may wait for this one."""
        self._at_work -= 1
        self._wake()
        try:
            yield
        finally:
            self._at_work += 1

    def moved(self) -> None:
        """Wake those that wait: money of the job has moved."""
        self._moves += 1
        self._wake()

    async def wait_until_freed(self) -> bool:
        """Wait until money of the job has moved; false if nothing is left that could move it."""
        before = self._moves
        self._waiting += 1
        self._wake()
        try:
            while self._moves == before:
                if self._waiting >= self._at_work:
                    return False
                await self._changed.wait()
        finally:
            self._waiting -= 1
        return True

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

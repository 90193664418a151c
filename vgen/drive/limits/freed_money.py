"""Waiting until other attempts free money."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import trio
from attrs import define, field


@define
class FreedMoney:
    """Lets the clips of a job wait for money that other clips of it still hold.

    They try again one after the other, in the order in which they were refused: the dearer is not
    passed for ever. Knows how many clips are at work, so that the last one does not wait for
    itself. `moves` counts how often money of the job has moved.
    """

    moves: int = 0
    _at_work: int = 0
    _waiting: int = 0
    _changed: trio.Event = field(factory=trio.Event)
    _turn: trio.Lock = field(factory=trio.Lock)

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
        self.moves += 1
        self._wake()

    async def take_turn(self) -> None:
        """Wait until all that were refused before this clip have got money or given up."""
        self._waiting += 1
        self._wake()
        try:
            await self._turn.acquire()
        except BaseException:
            self._waiting -= 1
            self._wake()
            raise

    def end_turn(self) -> None:
        """Let the next one try."""
        self._waiting -= 1
        self._turn.release()
        self._wake()

    async def until_nobody_waits(self) -> None:
        """Wait until no clip waits for money: another would only stand behind it."""
        while self._waiting:
            await self._changed.wait()

    async def wait_until_freed(self, *, since: int) -> bool:
        """Wait, with the turn, until money has moved `since` so many moves.

        Returns false if nothing of this job in this process is left that could move it.
        """
        while self.moves == since:
            if self._waiting >= self._at_work:
                return False
            await self._changed.wait()
        return True

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

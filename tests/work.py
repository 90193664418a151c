"""How much work something is, in numbers that are the same on every machine."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from cProfile import Profile
from typing import Any

from attrs import define


@define
class Calls:
    """How many functions were called, those written in C among them."""

    count: int = 0


@contextmanager
def counted_calls() -> Generator[Calls]:
    """Count the calls of functions in the block, in this thread."""
    calls, profile = Calls(), Profile()
    with profile:
        yield calls
    calls.count = sum(entry.callcount for entry in profile.getstats())


class Counted(tuple[Any, ...]):  # noqa: SLOT001 (a subclass of tuple has no slots)
    """A tuple that counts how often its parts are gone through."""

    times = 0

    def __iter__(self) -> Iterator[Any]:
        self.times += 1
        return super().__iter__()

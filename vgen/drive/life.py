"""A runner from its opening to its end: the calls that are at work on it, and who may make them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import trio

P = ParamSpec("P")
T = TypeVar("T")

CLOSED = "the runner is closed"
ELSEWHERE = (
    "the runner was opened in another Trio run: from asyncio use vgen.aio, from threads and "
    "programs without an event loop vgen.blocking"
)


class Life:
    """Counts the calls of one runner, and ends them with it."""

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._scopes: set[trio.CancelScope] = set()
        self._idle = trio.lowlevel.ParkingLot()
        self._closed = False

    @contextmanager
    def call(self) -> Generator[None]:
        """Let a call be made, and know of it while it works.

        Raises:
            RuntimeError: the runner is closed, was closed under the call, or is another Trio run's.
        """
        if not _is_current(self._token):
            raise RuntimeError(ELSEWHERE)
        if self._closed:
            raise RuntimeError(CLOSED)
        with trio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)
                self._idle.unpark_all()
        if scope.cancelled_caught:
            raise RuntimeError(f"{CLOSED}: this call was cancelled with it")

    @asynccontextmanager
    async def lived(self, *, patience: float) -> AsyncGenerator[None]:
        """Let no call outlive the block: its end waits for those that are at work.

        When the block raises or is cancelled they are cancelled first, and waited for at most
        `patience` seconds, shielded.
        """
        try:
            try:
                yield
            finally:
                self._closed = True
            await self._wait_idle()
        except BaseException:
            for scope in self._scopes:
                scope.cancel()
            with trio.move_on_after(patience, shield=True):
                await self._wait_idle()
            raise

    async def _wait_idle(self) -> None:
        while self._scopes:
            await self._idle.park()


class Living(Protocol):
    """What has a life."""

    @property
    def life(self) -> Life:
        """Its calls."""
        ...


L = TypeVar("L", bound=Living)


def counted(
    method: Callable[Concatenate[L, P], Awaitable[T]],
) -> Callable[Concatenate[L, P], Coroutine[Any, Any, T]]:
    """Have a method's calls counted among those of its runner."""

    @wraps(method)
    async def call(runner: L, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with runner.life.call():
            return await method(runner, *args, **kwargs)

    return call


def _is_current(token: trio.lowlevel.TrioToken) -> bool:
    try:
        return trio.lowlevel.current_trio_token() is token
    except RuntimeError:
        return False

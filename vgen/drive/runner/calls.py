"""The calls at work on a runner, from its opening to its end."""

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


ENDING = 20.0
"""How long a call that was cancelled with its runner waits for what has ended that, in seconds."""


class CallTracker:
    """Tracks the calls of one runner, and ends them with it."""

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._scopes: set[trio.CancelScope] = set()
        self._call_ended = trio.Event()
        self._closed = False
        self._runner_ended = trio.Event()
        self._cause: Exception | None = None

    @contextmanager
    def whole_runner(self) -> Generator[None]:
        """Note what ends the runner, which is open within the block."""
        try:
            yield
        except Exception as error:
            self._cause = error
            raise
        finally:
            self._runner_ended.set()

    @asynccontextmanager
    async def track(self) -> AsyncGenerator[None]:
        """Track the call made in the block.

        Raises:
            RuntimeError: the runner is closed, was closed under the call, or is another Trio run's;
                its cause is the error that the runner has ended with, if there is one.
        """
        if not _is_current(self._token):
            raise RuntimeError(ELSEWHERE)
        if self._closed:
            raise self._closed_error(CLOSED)
        with trio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)
                self._call_ended.set()
        if scope.cancelled_caught:
            with trio.move_on_after(ENDING):
                await self._runner_ended.wait()
            raise self._closed_error(f"{CLOSED}: this call was cancelled with it")

    def _closed_error(self, message: str) -> RuntimeError:
        cause = self._cause
        if cause is not None:
            said = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
            message = f"{message} ({said})"
        error = RuntimeError(message)
        error.__cause__ = cause
        return error

    @asynccontextmanager
    async def closing(self, *, cleanup_timeout: float) -> AsyncGenerator[None]:
        """On exit, wait for running calls; on error, cancel them first.

        Those that were cancelled are waited for at most `cleanup_timeout` seconds, shielded.
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
            with trio.move_on_after(cleanup_timeout, shield=True):
                await self._wait_idle()
            raise

    async def _wait_idle(self) -> None:
        while self._scopes:
            self._call_ended = trio.Event()
            await self._call_ended.wait()


class HasCalls(Protocol):
    """An object whose calls are tracked."""

    @property
    def calls(self) -> CallTracker:
        """Its tracker."""
        ...


H = TypeVar("H", bound=HasCalls)


def tracked(
    method: Callable[Concatenate[H, P], Awaitable[T]],
) -> Callable[Concatenate[H, P], Coroutine[Any, Any, T]]:
    """Decorator: track calls of this method."""

    @wraps(method)
    async def call(owner: H, /, *args: P.args, **kwargs: P.kwargs) -> T:
        async with owner.calls.track():
            return await method(owner, *args, **kwargs)

    return call


def _is_current(token: trio.lowlevel.TrioToken) -> bool:
    try:
        return trio.lowlevel.current_trio_token() is token
    except RuntimeError:
        return False

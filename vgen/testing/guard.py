"""A guard against paid submits in tests that were not meant to spend money."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from functools import wraps
from typing import Any, cast

import pytest

from vgen.errors import ConfigurationError
from vgen.ports.backend import VideoBackend
from vgen.testing.stand_ins import is_stand_in

Method = Callable[..., Coroutine[Any, Any, Any]]

GUARDED = ("prepare", "submit")
"""What leads to a bill: a test fails before a provider is asked for anything."""


class Guard:
    """Wraps `prepare` and `submit` of every backend class, those defined later included.

    A refusal is an error of the backend's call, so that its job ends with it, in whichever thread
    or task that runs; and it fails the test, whatever the service makes of that error.
    """

    def __init__(self) -> None:
        self._test = ""
        self._refusal = ""
        self._installed = False
        self._guarded: set[Method] = set()

    @contextmanager
    def active(self, test: str, *, live: bool) -> Generator[None]:
        """Refuse paid submits within the block, unless the test is `live`."""
        if not self._installed:
            self._install()
        before, self._test = self._test, "" if live else test
        try:
            yield
        finally:
            self._test = before

    @contextmanager
    def failing(self) -> Generator[None]:
        """Fail the test if a submit was refused within the block, which is a phase of it."""
        self._refusal = ""
        try:
            yield
        except Exception as error:
            if self._refusal:
                raise pytest.fail.Exception(self._refusal) from error
            raise
        if self._refusal:
            pytest.fail(self._refusal)

    def check(self, backend: VideoBackend) -> None:
        """Refuse the call if the backend would spend money.

        Raises:
            ConfigurationError: it would.
        """
        if self._test and backend.capabilities.paid and not is_stand_in(backend):
            self._refusal = (
                f"{self._test} would submit to the paid backend {backend.name!r}: use a fake, "
                "hand a backend without a real provider through vgen.testing.stand_in, or mark "
                "the test vgen_live"
            )
            raise ConfigurationError(self._refusal)

    def _install(self) -> None:
        """Wrap the methods of `VideoBackend` and of all its present and future subclasses."""
        self._installed = True
        pending: list[type[Any]] = [VideoBackend]
        while pending:
            kind = pending.pop()
            pending += kind.__subclasses__()
            self._wrap(kind)

        def init_subclass(kind: type[Any], /, **arguments: object) -> None:
            super(VideoBackend, cast("type[VideoBackend]", kind)).__init_subclass__(**arguments)
            self._wrap(kind)

        type.__setattr__(VideoBackend, "__init_subclass__", classmethod(init_subclass))

    def _wrap(self, kind: type[Any]) -> None:
        for name in GUARDED:
            method: Method | None = vars(kind).get(name)
            if method is not None and method not in self._guarded:
                self._guarded.add(guarded := self._guarding(method))
                type.__setattr__(kind, name, guarded)

    def _guarding(self, method: Method) -> Method:
        @wraps(method)
        async def guarded(backend: VideoBackend, *arguments: Any) -> Any:
            self.check(backend)
            return await method(backend, *arguments)

        return guarded


GUARD = Guard()
"""The guard of this process: pytest runs one test at a time."""

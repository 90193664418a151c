"""A guard against paid submits in tests that were not meant to spend money."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import wraps
from typing import Any, cast
from uuid import UUID

import pytest

from vgen.ports.backend import VideoBackend
from vgen.records.request import Prepared
from vgen.records.status import Ticket
from vgen.testing.stand_ins import is_stand_in

Submit = Callable[[Any, Prepared, UUID], Awaitable[Ticket]]


class Guard:
    """Wraps the `submit` of every backend class, those defined later included.

    A refusal fails the test at once: an ordinary exception might be handled by the service.
    """

    def __init__(self) -> None:
        self._test = ""
        self._installed = False
        self._guarded: set[Submit] = set()

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

    def check(self, backend: VideoBackend) -> None:
        """Fail the running test if the backend would spend money."""
        if self._test and backend.capabilities.paid and not is_stand_in(backend):
            pytest.fail(
                f"{self._test} would submit to the paid backend {backend.name!r}: use a fake, "
                "hand a backend without a real provider through vgen.testing.stand_in, or mark "
                "the test vgen_live"
            )

    def _install(self) -> None:
        """Wrap `submit` of all present and future subclasses of `VideoBackend`."""
        self._installed = True
        pending = VideoBackend.__subclasses__()
        while pending:
            kind = pending.pop()
            pending += kind.__subclasses__()
            self._wrap(kind)

        def init_subclass(kind: type[Any], /, **arguments: object) -> None:
            super(VideoBackend, cast("type[VideoBackend]", kind)).__init_subclass__(**arguments)
            self._wrap(kind)

        type.__setattr__(VideoBackend, "__init_subclass__", classmethod(init_subclass))

    def _wrap(self, kind: type[Any]) -> None:
        submit: Submit | None = vars(kind).get("submit")
        if submit is None or submit in self._guarded:
            return

        @wraps(submit)
        async def guarded(backend: VideoBackend, prepared: Prepared, attempt_id: UUID) -> Ticket:
            self.check(backend)
            return await submit(backend, prepared, attempt_id)

        self._guarded.add(guarded)
        type.__setattr__(kind, "submit", guarded)


GUARD = Guard()
"""The guard of this process: pytest runs one test at a time."""

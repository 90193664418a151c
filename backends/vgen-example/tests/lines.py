"""A line to the provider that can break. Over httpx, `vgen.testing.HttpWire` is all it takes."""

from __future__ import annotations

from typing import Any

import trio

from vgen.abc import ClipRequest
from vgen.testing import Breakage, Wire
from vgen_example import Example

ERRORS = {
    Breakage.REFUSED: ConnectionRefusedError("connection refused"),
    Breakage.RESET: ConnectionResetError("connection reset"),
    Breakage.LOST: ConnectionAbortedError("closed without an answer"),
}


class Line(Wire):
    """What becomes of the next submit."""

    def __init__(self) -> None:
        self.next: Breakage | None = None

    def break_submit(self, how: Breakage) -> None:
        if how not in {*ERRORS, Breakage.SILENCE}:
            raise NotImplementedError(how)  # the example has no HTTP, and so no status 500
        self.next = how


class OnALine(Example):
    """The example, whose requests go over a line."""

    def __init__(self, line: Line, **options: Any) -> None:
        super().__init__(**options)
        self._line = line

    async def _send(self, attempt_id: str, request: ClipRequest) -> None:
        how, self._line.next = self._line.next, None
        if how is Breakage.REFUSED:
            raise ERRORS[how]
        self._line.accepted += 1
        await super()._send(attempt_id, request)
        if how is Breakage.SILENCE:
            await trio.sleep_forever()
        if how is not None:
            raise ERRORS[how]

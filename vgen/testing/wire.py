"""What stands between a backend and the stand-in for its provider, and can be made to break."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum


class Breakage(StrEnum):
    """What becomes of one request.

    A submit: `REFUSED` and `RATE_LIMITED` prove that nothing was accepted. With `LOST`, `RESET`,
    `SILENCE`, `SERVER_ERROR`, `GATEWAY_TIMEOUT`, `PAGE` and `EMPTY` the provider has accepted it,
    which the backend cannot know. A question: `NOT_FOUND` says that the provider knows no such
    attempt; `RESET`, `SERVER_ERROR` and `PAGE` say nothing; `CUT` breaks the download in the
    middle.
    """

    REFUSED = "the connection is refused: nothing is sent"
    RATE_LIMITED = "status 429"
    LOST = "the connection is closed without an answer"
    RESET = "the connection is reset"
    SILENCE = "no answer comes"
    SERVER_ERROR = "status 500"
    GATEWAY_TIMEOUT = "status 504"
    PAGE = "status 200 and an HTML page"
    EMPTY = "status 200 and an empty JSON object"
    NOT_FOUND = "status 404"
    CUT = "the connection breaks in the middle of the file"


class Wire(ABC):
    """What stands between a backend and the stand-in for its provider; see `HttpWire`.

    For a plug-in that does not use httpx, write one. What it has no means to break raises
    `NotImplementedError`, and the contract leaves that out.
    """

    accepted: int = 0
    """How many submits the provider has been given and has not refused."""

    @abstractmethod
    def break_submit(self, how: Breakage) -> None:
        """Break the next submit, and only that one."""

    def break_question(self, how: Breakage) -> None:
        """Break the next request that is no submit, and only that one; a `CUT` the next clip."""
        raise NotImplementedError(how)

"""Errors leave vgen bare: a nursery that is vgen's own affair wraps nothing."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import trio

from vgen.errors import LedgerError
from vgen.records.status import Ticket


@contextmanager
def bare_errors() -> Generator[None]:
    """Take the wrapping off that one nursery has put round an error.

    Of several errors the gravest is raised and names the others in its notes: a request to stop,
    such as `KeyboardInterrupt`, before an error, one that carries a ticket before one that does
    not, and the earliest before those after it. Groups that the block itself has raised stay as
    they are.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        errors = [e for e in group.exceptions if not isinstance(e, trio.Cancelled)]
        errors.sort(key=lambda error: (isinstance(error, Exception), _ticket(error) is None))
        first, *others = errors or group.exceptions
        for other in others:
            beside(first, other)
        raise first from first.__cause__


def beside(first: BaseException, other: BaseException) -> None:
    """Name in an error's notes another one, which it hides, with the ticket that it carries."""
    about = f" ({_ticket(other)})" if _ticket(other) else ""
    first.add_note(f"and at the same time: {type(other).__name__}: {other}{about}")


def _ticket(error: BaseException) -> Ticket | None:
    return error.ticket if isinstance(error, LedgerError) else None

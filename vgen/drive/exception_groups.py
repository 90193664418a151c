"""Errors that leave vgen's own nurseries without the exception group around them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import trio

from vgen.errors import LedgerError
from vgen.records.status import Ticket


@contextmanager
def single_error() -> Generator[None]:
    """Re-raise the one error of a nursery's exception group.

    Of several errors the gravest is raised and names the others in its notes: a request to stop,
    such as `KeyboardInterrupt`, before an error, one that carries a ticket before one that does
    not, and the earliest before those after it. Groups that the block itself has raised are not
    unwrapped.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        errors = [e for e in group.exceptions if not isinstance(e, trio.Cancelled)]
        errors.sort(key=lambda error: (isinstance(error, Exception), _ticket(error) is None))
        first, *others = errors or group.exceptions
        for other in others:
            note_beside(first, other)
        raise first from first.__cause__


def note_beside(first: BaseException, other: BaseException) -> None:
    """Add a note to an error that names another one, with the ticket that the other carries."""
    about = f" ({_ticket(other)})" if _ticket(other) else ""
    first.add_note(f"and at the same time: {type(other).__name__}: {other}{about}")


def _ticket(error: BaseException) -> Ticket | None:
    return error.ticket if isinstance(error, LedgerError) else None

"""Errors travel: through pickle, copies and other processes, with all that they say."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from decimal import Decimal
from uuid import UUID

import pytest

from vgen import ClipFailure, Clips, errors
from vgen.abc import Ticket

CLIPS = Clips.of(
    UUID(int=7), [ClipFailure(0, "black"), ClipFailure(1, "cut")], total_cost=Decimal(1), seconds=2
)
FILLED: dict[type[errors.VgenError], Callable[[], errors.VgenError]] = {
    errors.InvalidPromptsError: lambda: errors.InvalidPromptsError(["ab", "cd"]),
    errors.BudgetExceededError: lambda: errors.BudgetExceededError(
        limit=Decimal(1), spent=Decimal(2), held=Decimal(3), asked=Decimal("0.5")
    ),
    errors.InsufficientClipsError: lambda: errors.InsufficientClipsError(CLIPS, required=3),
    errors.AccountRefusedError: lambda: errors.AccountRefusedError(
        CLIPS, required=3, reason="no credit"
    ),
    errors.RateLimitedError: lambda: errors.RateLimitedError("slower", retry_after=2.5),
    errors.StorageError: lambda: errors.StorageError("down", retryable=True),
    errors.LedgerError: lambda: errors.LedgerError("locked", ticket=Ticket("one", "7")),
}
"""The errors that take more than a message."""

TRAVELS: dict[str, Callable[[errors.VgenError], errors.VgenError]] = {
    "pickle": lambda error: pickle.loads(pickle.dumps(error)),  # noqa: S301 (our own)
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


def tree(kind: type[errors.VgenError] = errors.VgenError) -> Iterator[type[errors.VgenError]]:
    """Every error of vgen's own."""
    if kind.__module__ == errors.__name__:
        yield kind
    for below in kind.__subclasses__():
        yield from tree(below)


@pytest.mark.parametrize("travel", TRAVELS.values(), ids=TRAVELS)
@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.__name__)
def test_an_error_arrives_as_it_was(
    kind: type[errors.VgenError], travel: Callable[[errors.VgenError], errors.VgenError]
) -> None:
    """Type, text, fields and notes are the same."""
    error = FILLED.get(kind, lambda: kind("it broke"))()
    error.add_note("and more")
    arrived = travel(error)
    assert type(arrived) is kind
    assert (str(arrived), arrived.args) == (str(error), error.args)
    assert vars(arrived) == vars(error)
    assert vars(arrived)["__notes__"] == ["and more"]

"""How long, and how often, a database is asked one thing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from vgen.errors import LedgerError
from vgen_supabase.refusals import LostAnswerError, RefusedError

T = TypeVar("T")

PATIENCE = 15.0
"""How long one call is tried in all, in seconds: less than the runner gives its ledger."""

ANSWER = 8.0
"""How long one answer is waited for, in seconds."""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two tries: the pause doubles."""


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask, again and again, until there is an answer.

    Raises:
        RefusedError: the database refused, and would again.
        LedgerError: there was no answer within `PATIENCE`.
    """
    began, pause = trio.current_time(), FIRST_PAUSE
    while True:
        waited = trio.current_time() - began
        try:
            with trio.fail_after(max(0, min(ANSWER, PATIENCE - waited))):
                return await ask()
        except RefusedError as error:
            if not error.may_pass(waited):
                raise
            reason: Exception = error
        except LostAnswerError as error:
            reason = error
        except trio.TooSlowError:
            reason = LostAnswerError("no answer in time")
        if trio.current_time() + pause > began + PATIENCE:
            raise LedgerError(f"the database cannot be reached: {reason}") from reason
        await trio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)

"""Retries of a call to the database, within a time limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from vgen.errors import LedgerError
from vgen_supabase.database_errors import LostAnswerError, RefusedError

T = TypeVar("T")

TIMEOUT = 15.0
"""Time limit of a call with its retries, in seconds: less than the runner's for its ledger."""

ANSWER_TIMEOUT = 8.0
"""Time limit of one answer, in seconds."""

FIRST_DELAY, LONGEST_DELAY = 0.05, 1.0
"""Seconds between two tries; the delay doubles."""


async def retry(call: Callable[[], Awaitable[T]]) -> T:
    """Make a call, again after transient failures, and return its result.

    Raises:
        RefusedError: the database refused, for a reason that is not transient.
        LedgerError: no try succeeded within `TIMEOUT`.
    """
    began, delay = trio.current_time(), FIRST_DELAY
    while True:
        waited = trio.current_time() - began
        try:
            with trio.fail_after(max(0, min(ANSWER_TIMEOUT, TIMEOUT - waited))):
                return await call()
        except RefusedError as error:
            if not error.is_transient(waited):
                raise
            reason: Exception = error
        except LostAnswerError as error:
            reason = error
        except trio.TooSlowError:
            reason = LostAnswerError("no answer in time")
        if trio.current_time() + delay > began + TIMEOUT:
            raise LedgerError(f"the database cannot be reached: {reason}") from reason
        await trio.sleep(delay)
        delay = min(2 * delay, LONGEST_DELAY)

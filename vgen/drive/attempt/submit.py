"""Submitting an attempt: the one step that spends money."""

from __future__ import annotations

from collections.abc import Callable

import trio

from vgen.drive.attempt.run import AttemptRun
from vgen.drive.limits.pace import account_of
from vgen.drive.limits.stop import JobStop
from vgen.drive.observe.tracing import call_span
from vgen.errors import AccountError, AttemptError, SubmitInDoubtError
from vgen.records.entry import Doubted, Released
from vgen.records.request import Prepared


async def submit(
    run: AttemptRun, prepared: Prepared, stop: JobStop, *, reserved: Callable[[], None]
) -> None:
    """Reserve the attempt, send it, and write its ticket down; `reserved` is called in between.

    Once it has begun, cancellation waits for its end: at most `Settings.submit_timeout` and three
    times `LEDGER_PATIENCE`, unless the whole process stands still meanwhile. A refusal of the
    account is noted in `stop` at once: nothing of the job is sent there from then on.

    Raises:
        BudgetExceededError: nothing was sent, nothing is held.
        ClaimPassedOnError: another process has the clip; whether it was sent is in the ledger.
        LedgerError: it could not be written down, before or after it was sent.
        SubmitInDoubtError: it may have been accepted; the ledger says so.
        AttemptError: it was not, or not sent, the account being refused; the hold is released.
    """
    await trio.lowlevel.checkpoint_if_cancelled()
    timeout = run.context.settings.submit_timeout
    with trio.CancelScope(shield=True):
        await run.reserve()
        reserved()
        try:
            stop.check_account(account_of(run.backend))
            with call_span(run.backend.name, "submit"), trio.fail_after(timeout):
                ticket = await run.backend.submit(prepared, run.attempt.attempt_id)
        except (SubmitInDoubtError, trio.TooSlowError) as error:
            await _doubt(run, str(error) or "no answer in time", error)
        except AttemptError as error:
            if isinstance(error, AccountError):
                stop.account_refused(account_of(run.backend), error)
            await run.write(Released(str(error)))
            raise
        except Exception as error:  # noqa: BLE001 (whatever is no proof of absence is doubt)
            await _doubt(run, f"{type(error).__name__}: {error}", error)
        else:
            await run.write_ticket(ticket)


async def _doubt(run: AttemptRun, reason: str, cause: Exception) -> None:
    await run.write(Doubted(reason))
    raise SubmitInDoubtError(reason) from cause

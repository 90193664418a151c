"""Whether an attempt's provider still keeps its clip, by the ledger's own time."""

from __future__ import annotations

from vgen.decisions.expiry import is_expired
from vgen.drive.attempt.run import AttemptRun
from vgen.records.entry import Reserved, Settled


async def has_expired(run: AttemptRun) -> bool:
    """Return whether what the attempt has made can be fetched no longer.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    if run.backend.capabilities.keeps_outputs is None:
        return False
    ledger, attempt = run.context.ledger, run.attempt
    lines = [x for x in await ledger.history(attempt.job_id) if x.attempt_id == attempt.attempt_id]
    sent = [line.at for line in lines if isinstance(line.entry, Reserved)]
    settled = [line.at for line in lines if isinstance(line.entry, Settled)]
    return is_expired(
        run.backend.capabilities,
        sent_at=sent[-1],
        succeeded_at=settled[-1] if settled else None,
        now=await ledger.now(),
    )

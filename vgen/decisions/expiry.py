"""Whether a provider still keeps what an attempt has made."""

from __future__ import annotations

from datetime import datetime

from vgen.records.request import Capabilities

LATE = 3600.0
"""How long after its backend's limits an attempt may have ended at its provider, in seconds: nobody
was there to cancel it, and the provider may have ended it late."""


def is_expired(
    capabilities: Capabilities,
    *,
    sent_at: datetime,
    succeeded_at: datetime | None,
    now: datetime,
) -> bool:
    """Whether a clip can be fetched no longer, since its provider has kept it for long enough.

    A clip is kept from its end on. That was before `succeeded_at`, when its success was written
    down; of an attempt without a verdict (`None`) it was within the backend's limits or `LATE`
    seconds after them. Where the backend does not say for how long, nothing expires.
    """
    keeps = capabilities.keeps_outputs
    if keeps is None:
        return False
    if succeeded_at is not None:
        return (now - succeeded_at).total_seconds() > keeps
    longest = capabilities.queue_limit + capabilities.run_limit + LATE
    return (now - sent_at).total_seconds() > longest + keeps

"""New attempts, before they are written down."""

from __future__ import annotations

from uuid import UUID, uuid4

from vgen.ports.backend import VideoBackend
from vgen.records.attempt import Attempt
from vgen.records.job import PlannedClip
from vgen.records.request import ClipRequest


def new_attempt(
    job_id: UUID,
    planned: PlannedClip,
    backend: VideoBackend,
    request: ClipRequest,
    *,
    number: int,
) -> Attempt:
    """Return an attempt that holds its own backend's price; not written down yet."""
    return Attempt(
        attempt_id=uuid4(),
        job_id=job_id,
        clip_index=planned.clip_index,
        number=number,
        backend=backend.name,
        account=backend.account,
        request=request,
        fingerprint=planned.fingerprint,
        hold=backend.quote(request).hold,
        take=planned.take,
    )

"""Notices that a job was stopped or opened anew, for this runner's own work on it."""

from __future__ import annotations

from uuid import UUID

import trio
from attrs import define, field


@define
class StopNotices:
    """Wakes the tasks that work on a job when the ledger may end their work on it."""

    _events: dict[UUID, trio.Event] = field(factory=dict[UUID, trio.Event])

    def post(self, job_id: UUID) -> None:
        """Wake all that wait for a notice about the job, so that they look at the ledger."""
        event = self._events.pop(job_id, None)
        if event is not None:
            event.set()

    async def wait(self, job_id: UUID) -> None:
        """Wait for a notice about this job."""
        event = self._events.setdefault(job_id, trio.Event())
        try:
            await event.wait()
        finally:
            if self._events.get(job_id) is event and not event.statistics().tasks_waiting:
                del self._events[job_id]

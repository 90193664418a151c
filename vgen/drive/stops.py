"""The jobs that a runner is told to stop: its own work on them hears of it at once."""

from __future__ import annotations

from uuid import UUID

import trio
from attrs import define, field


@define
class Stops:
    """Wakes whoever works on a job when the ledger has been told that it is to stop."""

    _lots: dict[UUID, trio.lowlevel.ParkingLot] = field(
        factory=dict[UUID, trio.lowlevel.ParkingLot]
    )

    def tell(self, job_id: UUID) -> None:
        """Have the job's work look at the ledger."""
        if job_id in self._lots:
            self._lots[job_id].unpark_all()

    async def heard_of(self, job_id: UUID) -> None:
        """Wait until the job is told of."""
        lot = self._lots.setdefault(job_id, trio.lowlevel.ParkingLot())
        try:
            await lot.park()
        finally:
            if not lot:
                self._lots.pop(job_id, None)

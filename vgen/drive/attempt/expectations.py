"""How long attempts will probably run, by what the ledger has of earlier ones."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import trio
from attrs import define, field

from vgen.decisions.estimate import OBSERVED, TrackRecord
from vgen.decisions.expectation import Expectation
from vgen.errors import LedgerError
from vgen.ports.backend import VideoBackend
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Attempt

logger = logging.getLogger("vgen")

KEPT = 60.0
"""For how many seconds what was read of a backend is used, before it is read again."""


@define(eq=False)
class Expectations:
    """What a runner expects of its attempts: what its ledger has of earlier ones tells."""

    ledger: CostLedger
    backends: Mapping[str, VideoBackend]
    _records: dict[str, TrackRecord] = field(factory=dict[str, TrackRecord])
    _fresh_until: dict[str, float] = field(factory=dict[str, float])

    async def of(self, attempt: Attempt) -> Expectation | None:
        """Return how long an attempt will probably run; `None` where nothing is known of that."""
        name, backend = attempt.backend, self.backends[attempt.backend]
        now = trio.current_time()
        if now >= self._fresh_until.get(name, now):
            self._fresh_until[name] = now + KEPT
            try:
                observed = await self.ledger.observed(name, limit=OBSERVED)
                self._records[name] = TrackRecord.of(backend.quote, observed)
            except LedgerError as error:
                logger.info("how long %s takes could not be read: %s", name, error)
        record = self._records.get(name, TrackRecord())
        return Expectation.of(backend.quote(attempt.request), record)

    async def age(self, attempt: Attempt) -> float:
        """Return how many seconds ago an attempt was sent, by the ledger's own time."""
        try:
            now = await self.ledger.now()
        except LedgerError as error:
            logger.info("how long ago %s was sent could not be read: %s", attempt.attempt_id, error)
            return 0.0
        return max(0.0, (now - (attempt.reserved_at or now)).total_seconds())

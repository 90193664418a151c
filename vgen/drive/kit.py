"""What everything that drives a job has at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import UUID

import trio
from attrs import evolve, frozen

from vgen.drive.inspector import Inspector
from vgen.drive.pauses import Pauses
from vgen.drive.polling import Poller
from vgen.drive.stops import Stops
from vgen.drive.telling import both, teller
from vgen.ports.backend import VideoBackend
from vgen.ports.events import Event, Observer
from vgen.ports.ledger import CostLedger
from vgen.ports.storage import Storage
from vgen.records.settings import Settings


@frozen
class Kit:
    """The ports, the limits and the small things of one runner.

    `slots` holds a limiter for each backend that takes only so many attempts at once; `chance`
    gives random numbers from 0 to 1; `folder` is where clips lie on their way to storage, `spool`
    where those that cannot be stored are kept for a later run.
    """

    backends: Mapping[str, VideoBackend]
    storage: Storage
    ledger: CostLedger
    settings: Settings
    inspector: Inspector
    limiter: trio.CapacityLimiter
    fetching: trio.CapacityLimiter
    storing: trio.CapacityLimiter
    slots: Mapping[str, trio.CapacityLimiter]
    pollers: Mapping[str, Poller]
    pauses: Pauses
    stops: Stops
    folder: Path
    spool: Path | None
    owner: str
    tell: Callable[[Event], None]
    chance: Callable[[], float]
    clip_key: Callable[[UUID, int], str]

    def also_telling(self, observer: Observer) -> Kit:
        """Give the same for a job with an observer of its own, which is told after this one's."""
        return evolve(self, tell=both(self.tell, teller(observer)))

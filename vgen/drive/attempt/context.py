"""What attempts are made with."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from vgen.drive.attempt.expectations import Expectations
from vgen.drive.attempt.polling import Poller
from vgen.ports.events import Observer
from vgen.ports.ledger import CostLedger
from vgen.records.settings import Settings


@frozen
class AttemptContext:
    """The ledger that attempts are written to, their settings, and who observes them.

    `pollers` has one for each backend that must be polled, by its name.
    """

    ledger: CostLedger
    settings: Settings
    pollers: Mapping[str, Poller]
    expectations: Expectations
    observer: Observer

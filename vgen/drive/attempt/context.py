"""What attempts are made with."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from vgen.drive.attempt.expectations import Expectations
from vgen.drive.attempt.polling import Poller
from vgen.drive.limits.window import Window
from vgen.ports.events import Observer
from vgen.ports.ledger import CostLedger
from vgen.records.settings import Settings


@frozen
class AttemptContext:
    """The ledger that attempts are written to, their settings, and who observes them.

    `pollers` has one for each backend that must be polled, by its name, and `calls` how many calls
    each may be sent in a minute.
    """

    ledger: CostLedger
    settings: Settings
    pollers: Mapping[str, Poller]
    calls: Mapping[str, Window]
    expectations: Expectations
    observer: Observer

"""The contract of `VideoBackend`, as tests."""

from __future__ import annotations

from vgen.testing.contracts.attempts import AttemptPromises
from vgen.testing.contracts.breaking import BreakPromises
from vgen.testing.contracts.cancelling import CancelPromises
from vgen.testing.contracts.fetching import FetchPromises
from vgen.testing.contracts.quotes import QuotePromises


class BackendContract(QuotePromises, AttemptPromises, BreakPromises, FetchPromises, CancelPromises):
    """The promises of `vgen.abc.VideoBackend`, one test each.

    ```python
    class TestMine(BackendContract):
        def make(self) -> VideoBackend:
            return Mine()
    ```

    A test may make several backends; where tickets are durable, all must reach the same provider.
    Test a backend that costs money against a stand-in for its provider: see
    `vgen.testing.stand_in`. Override `wire` to have that break too: without it, no promise is
    tried that says what a lost answer, a 500 or half a download mean. Where the defaults do not
    fit, override `request`, `lengths` or `clock`, and `poll_interval` or `timeout`.
    """

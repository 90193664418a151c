"""The contract of `VideoBackend`, as tests."""

from __future__ import annotations

from vgen.testing.contracts.attempts import AttemptPromises
from vgen.testing.contracts.cancelling import CancelPromises
from vgen.testing.contracts.fetching import FetchPromises
from vgen.testing.contracts.quotes import QuotePromises


class BackendContract(QuotePromises, AttemptPromises, FetchPromises, CancelPromises):
    """The promises of `vgen.abc.VideoBackend`, one test each.

    ```python
    class TestMine(BackendContract):
        def make(self) -> VideoBackend:
            return Mine()
    ```

    A test may make several backends; where tickets are durable, all must reach the same provider.
    Test a backend that costs money against a stand-in for its provider: see
    `vgen.testing.stand_in`. Where the defaults do not fit, override `request`, `lengths` or
    `clock`, and `poll_interval` or `timeout`.
    """

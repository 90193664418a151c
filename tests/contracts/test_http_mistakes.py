"""The contract finds each mistake of a plug-in over HTTP that loses money, and no other."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest
from trio.abc import Clock
from trio.testing import MockClock

from vgen.abc import VideoBackend
from vgen.testing import Wire, stand_in
from vgen.testing.contracts import BackendContract

from .http_mistakes import MISTAKES
from .http_plugin import Plugin, Provider


class TestPlugin(BackendContract):
    """The plug-in without a mistake keeps every promise."""

    plugin: type[Plugin] = Plugin

    def setup_method(self) -> None:
        self.provider = Provider()

    def clock(self) -> Clock:
        return MockClock(autojump_threshold=0)

    def make(self) -> VideoBackend:
        return stand_in(self.plugin(self.provider.wire))

    def wire(self) -> Wire:
        return self.provider.wire


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_mistake_is_found(mistake: type[Plugin], tmp_path: Path) -> None:
    """The promise that it breaks fails: an assertion, or the error that it should have caught."""
    promise, how = MISTAKES[mistake]
    contract = TestPlugin()
    contract.plugin = mistake
    contract.setup_method()
    method: Callable[..., None] = getattr(contract, promise)
    wanted = {"tmp_path": tmp_path, "how": how}
    given = {name: wanted[name] for name in inspect.signature(method).parameters}
    with pytest.raises((Exception, pytest.fail.Exception)) as caught:
        method(**given)
    assert not isinstance(caught.value, pytest.skip.Exception | TypeError)

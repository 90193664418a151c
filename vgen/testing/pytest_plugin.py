"""The pytest plug-in: fixtures for the fakes, and no spending in tests without the marker.

Every pytest run where vgen is installed loads it, so it imports the rest only when needed.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from trio.testing import MockClock

    from vgen.testing.backend import FakeBackend
    from vgen.testing.ledger import MemoryLedger
    from vgen.testing.storage import MemoryStorage

LIVE = "vgen_live"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers", f"{LIVE}: paid vgen backends may submit in this test, which may cost money"
    )
    pytest.register_assert_rewrite("vgen.testing.contracts")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Guard the backends while a test runs, its fixtures included."""
    from vgen.testing.guard import GUARD  # noqa: PLC0415 - only a run that has tests pays for it

    with GUARD.active(item.nodeid, live=item.get_closest_marker(LIVE) is not None):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    """Fail a test whose fixtures would spend money."""
    return (yield from _failing())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Fail a test that would spend money."""
    return (yield from _failing())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, object, object]:
    """Fail a test that would spend money when its fixtures end."""
    return (yield from _failing())


def _failing() -> Generator[None, object, object]:
    from vgen.testing.guard import GUARD  # noqa: PLC0415 - likewise

    with GUARD.failing():
        return (yield)


@pytest.fixture
def fake_backend() -> FakeBackend:
    """A `vgen.testing.FakeBackend` that succeeds with everything."""
    from vgen.testing.backend import FakeBackend  # noqa: PLC0415 - imported only when used

    return FakeBackend()


@pytest.fixture
def memory_storage() -> MemoryStorage:
    """An empty `vgen.testing.MemoryStorage`."""
    from vgen.testing.storage import MemoryStorage  # noqa: PLC0415 - likewise

    return MemoryStorage()


@pytest.fixture
def memory_ledger() -> MemoryLedger:
    """An empty `vgen.testing.MemoryLedger`."""
    from vgen.testing.ledger import MemoryLedger  # noqa: PLC0415 - likewise

    return MemoryLedger()


@pytest.fixture
def virtual_clock() -> Generator[MockClock]:
    """A clock that jumps ahead whenever all wait: see `vgen.testing.virtual_clock`.

    Runners that `vgen.aio` and `vgen.blocking` open in the test run on it, and so does what is
    given to `trio.run(…, clock=virtual_clock)`; under pytest-trio an asynchronous test that asks
    for it.
    """
    from vgen.testing import virtual_time  # noqa: PLC0415 - likewise

    with virtual_time.virtual_clock() as clock:
        yield clock

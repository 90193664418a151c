"""A pytest plugin: notes which lines each test runs, or runs chosen tests within their limits."""

from __future__ import annotations

import faulthandler
import json
from collections.abc import Generator
from pathlib import Path
from time import perf_counter

import pytest
from coverage import Coverage

MEASURED = ("vgen/*", "backends/*/vgen_*/*")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two things that it does."""
    parser.addoption("--note-lines", help="write the lines that each test runs to this file")
    parser.addoption("--only-tests", help="run the tests of this file, in its order")


def pytest_configure(config: pytest.Config) -> None:
    """Begin the one or the other."""
    if path := config.getoption("note_lines"):
        config.pluginmanager.register(_Notes(Path(path), config.rootpath))
    if path := config.getoption("only_tests"):
        config.pluginmanager.register(_Chosen(json.loads(Path(path).read_text("utf-8"))))


class _Chosen:
    """Some tests, with the seconds that each may take: past them, the process ends."""

    def __init__(self, limits: dict[str, float]) -> None:
        self._limits = limits

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the chosen tests."""
        found = {item.nodeid: item for item in items}
        items[:] = [found[name] for name in self._limits]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool, bool]:
        """Set the limit; the test may be stuck in a task, in a thread or in C."""
        faulthandler.dump_traceback_later(self._limits[item.nodeid], exit=True)
        ran = yield
        faulthandler.cancel_dump_traceback_later()
        return ran


class _Notes:
    """How long each test takes, in seconds, and which lines it runs in this process."""

    def __init__(self, path: Path, root: Path) -> None:
        self._path = path
        self._root = root
        self._seconds: dict[str, float] = {}
        measured = [str(root / pattern) for pattern in MEASURED]
        self._coverage = Coverage(data_file=None, config_file=False, include=measured)
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool, bool]:
        """Note the lines that run meanwhile under the test's name."""
        self._coverage.switch_context(item.nodeid)
        begun = perf_counter()
        ran = yield
        self._seconds[item.nodeid] = perf_counter() - begun
        self._coverage.switch_context("")
        return ran

    def pytest_unconfigure(self) -> None:
        """Write it down; tests stand by their number."""
        self._coverage.stop()
        numbers = {name: number for number, name in enumerate(self._seconds)}
        data = self._coverage.get_data()
        lines = {
            Path(path).relative_to(self._root).as_posix(): {
                line: [numbers[name] for name in names if name]
                for line, names in data.contexts_by_lineno(path).items()
            }
            for path in data.measured_files()
        }
        self._path.write_text(json.dumps([self._seconds, lines]), "utf-8")

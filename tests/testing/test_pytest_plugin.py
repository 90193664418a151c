"""The pytest plug-in: fixtures, and no spending in tests without the marker."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ("pytester",)

BACKENDS = """
import pytest, trio, vgen
from decimal import Decimal
from uuid import uuid4
from vgen.abc import Prepared, Price, RenderBackend
from vgen.testing import CAPABILITIES, FakeBackend, MemoryLedger, MemoryStorage, stand_in

def render(request, image, path, progress):
    raise AssertionError("spent")

class Paid(RenderBackend):
    def __init__(self, price=Price(Decimal(1))):
        super().__init__("paid", render, capabilities=CAPABILITIES, price=price)

    async def submit(self, prepared, attempt_id):
        return await super().submit(prepared, attempt_id)

def send(backend):
    async def main():
        async with backend:
            await backend.submit(Prepared(None), uuid4())
    trio.run(main)
"""


def outcomes(pytester: pytest.Pytester, tests: str, *arguments: str) -> dict[str, int]:
    """Run tests with the plug-in only, and return the counts of their outcomes."""
    pytester.makeini("[pytest]")
    pytester.makepyfile(BACKENDS + tests)
    result = pytester.runpytest_inprocess("-p", "no:trio", "-p", "no:cacheprovider", *arguments)
    outcomes: dict[str, int] = result.parseoutcomes()
    return outcomes


def test_a_paid_backend_refuses_to_submit(pytester: pytest.Pytester) -> None:
    """A test that would spend fails, whatever it catches, and the message says what to do."""
    tests = """
def test_it():
    try:
        send(Paid())
    except Exception:
        pass
"""
    pytester.makeini("[pytest]")
    pytester.makepyfile(BACKENDS + tests)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_it would submit to the paid backend 'paid': use a fake*"])


def test_a_runner_does_not_spend_either(pytester: pytest.Pytester) -> None:
    """The job ends with the refusal, in any task of any door, and the test fails for it."""
    tests = """
PROMPTS = [vgen.ClipPrompt(index, "a", 1.0) for index in range(3)]

def parts():
    return dict(backends=[Paid()], storage=MemoryStorage(), ledger=MemoryLedger())

def test_on_trio():
    async def main():
        async with vgen.open_runner(**parts()) as runner:
            await runner.process(uuid4(), PROMPTS, budget=Decimal(100))
    with pytest.raises(vgen.errors.InsufficientClipsError, match="would submit to the paid"):
        trio.run(main)

def test_on_asyncio():
    async def job(runner):
        with contextlib.suppress(vgen.VgenError):
            await runner.process(uuid4(), PROMPTS, budget=Decimal(100))
    async def main():
        async with vgen.aio.open_runner(**parts()) as runner:
            await asyncio.create_task(job(runner))
    asyncio.run(main())

def test_after():
    pass
"""
    pytester.makepyfile("import asyncio, contextlib, vgen.aio\n" + BACKENDS + tests)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--tb=line")
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(["*would submit to the paid backend*"])


def test_a_live_test_may_spend(pytester: pytest.Pytester) -> None:
    """The marker is registered, and allows spending: on a test or a class."""
    tests = """
@pytest.mark.vgen_live
def test_marked():
    send(Paid())

@pytest.mark.vgen_live
class TestAll:
    def test_in_class(self):
        send(Paid())

def test_after():
    send(Paid())
"""
    assert outcomes(pytester, tests, "--strict-markers") == {"passed": 2, "failed": 1}
    assert outcomes(pytester, tests, "-m", "not vgen_live") == {"failed": 1, "deselected": 2}


def test_backends_that_cannot_spend_may_submit(pytester: pytest.Pytester) -> None:
    """A fake, a backend that is free, and one whose provider is a stand-in may submit."""
    tests = """
class Custom(FakeBackend):
    async def submit(self, prepared, attempt_id):
        return "a ticket"

def test_it():
    send(Custom())
    send(Paid(price=None))
    send(stand_in(Paid()))
"""
    assert outcomes(pytester, tests) == {"passed": 1}


def test_backends_defined_later_are_guarded(pytester: pytest.Pytester) -> None:
    """A class that a test defines is guarded too, and so is a submit in a fixture."""
    tests = """
def test_it():
    class Later(Dear):
        async def submit(self, prepared, attempt_id):
            raise AssertionError("spent")
    send(Later())

@pytest.fixture
def sent():
    send(Paid())

def test_fixture(sent):
    pass
"""
    pytester.makeini("[pytest]")
    pytester.makepyfile(BACKENDS + tests)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--tb=line")
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.no_fnmatch_line("*spent*")


def test_a_paid_backend_prepares_nothing(pytester: pytest.Pytester) -> None:
    """Where a provider cannot be reached, a test fails before that is waited for."""
    tests = """
class Lonely(Paid):
    async def prepare(self, request, image):
        raise AssertionError("asked")

def test_it():
    trio.run(Lonely().prepare, None, None)
"""
    pytester.makepyfile(BACKENDS + tests)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--tb=line")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*asked*")


def test_fixtures_give_fakes(pytester: pytest.Pytester) -> None:
    """The fixtures are fakes and a virtual clock, new ones for each test."""
    tests = """
from functools import partial
from vgen.testing import inline_inspector

@pytest.mark.parametrize("_", range(2))
def test_it(_, fake_backend, memory_storage, memory_ledger, virtual_clock):
    async def main():
        async with vgen.open_runner(
            backends=[fake_backend], storage=memory_storage, ledger=memory_ledger,
            inspector=inline_inspector(),
        ) as runner:
            prompts = [vgen.ClipPrompt(index, "a", 1.0) for index in range(3)]
            return await runner.process(uuid4(), prompts, budget=Decimal(100))
    clips = trio.run(main, clock=virtual_clock)
    assert clips.successful_clips == 3 == len(memory_storage.files) // 2
    assert clips.total_generation_time >= 10
"""
    pytester.makepyfile(BACKENDS + tests)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_the_plug_in_is_light() -> None:
    """Loading it imports no Trio, no codec and, of `vgen.drive`, only the log filter.

    Pytest loads it in every project.
    """
    program = "import sys, vgen.testing.pytest_plugin; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split())
    assert "vgen.testing.pytest_plugin" in loaded
    assert loaded.isdisjoint({"trio", "av", "numpy", "attrs", "vgen.ports.backend"})
    drive = {name for name in loaded if name.startswith("vgen.drive.")}
    assert drive == {"vgen.drive.observe", "vgen.drive.observe.log_context"}

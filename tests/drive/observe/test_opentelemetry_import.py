"""OpenTelemetry is optional, and is loaded when a runner opens."""

from __future__ import annotations

import subprocess
import sys

import pytest

MISSING = "import sys; sys.modules['opentelemetry'] = None\n"
BROKEN = """
import sys, types
sys.modules['opentelemetry'] = types.ModuleType('opentelemetry')
"""
INCOMPATIBLE = """
from opentelemetry import metrics
metrics.get_meter = None
"""
LOGGING = "import logging; logging.basicConfig()\n"
IMPORT = "import vgen, vgen.abc, vgen.aio, vgen.blocking, vgen.errors, vgen.testing\n"
JOB = """
import uuid, trio, vgen
from decimal import Decimal
from vgen.testing import FakeBackend, MemoryLedger, MemoryStorage, Succeed
clips = trio.run(lambda: vgen.process(
    uuid.uuid4(), [vgen.ClipPrompt(0, "a", 1.0)], backends=[FakeBackend(default=Succeed(after=0))],
    storage=MemoryStorage(), ledger=MemoryLedger(), min_clips=1, budget=Decimal(1)))
print(clips.successful_clips)
"""
LOADED = "import sys; print([name for name in sys.modules if 'telemetry' in name])\n"


def output(program: str) -> list[str]:
    """Run a program in a new process, and return its output lines, errors included."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


def test_importing_vgen_loads_none_of_it() -> None:
    """Importing vgen does not import OpenTelemetry."""
    assert output(IMPORT + LOADED) == ["[]"]


def test_a_job_finds_it_where_it_is_installed() -> None:
    """It needs no configuration."""
    made, loaded = output(JOB + LOADED)
    assert made == "1"
    assert "vgen.drive.observe.opentelemetry" in loaded


def test_a_job_works_without_it() -> None:
    """Without opentelemetry-api, a job succeeds and logs nothing."""
    assert output(MISSING + LOGGING + JOB) == ["1"]


@pytest.mark.parametrize("unusable", [BROKEN, INCOMPATIBLE], ids=["broken", "incompatible"])
def test_an_unusable_one_changes_nothing(unusable: str) -> None:
    """A broken or incompatible installation is ignored."""
    assert output(unusable + JOB) == ["1"]

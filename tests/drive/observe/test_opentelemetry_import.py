"""OpenTelemetry is a guest: loaded when a runner opens, and never missed."""

from __future__ import annotations

import subprocess
import sys

import pytest

MISSING = "import sys; sys.modules['opentelemetry'] = None\n"
BROKEN = """
import sys, types
sys.modules['opentelemetry'] = types.ModuleType('opentelemetry')
"""
OTHERWISE = """
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
    """Run a program in a process of its own, and give the lines that it says, errors included."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


def test_importing_vgen_loads_none_of_it() -> None:
    """Programs that make no clips do not pay for it, installed or not."""
    assert output(IMPORT + LOADED) == ["[]"]


def test_a_job_finds_it_where_it_is_installed() -> None:
    """Nothing need be switched on."""
    made, loaded = output(JOB + LOADED)
    assert made == "1"
    assert "vgen.drive.observe.opentelemetry" in loaded


def test_without_it_jobs_are_made_the_same() -> None:
    """A program without opentelemetry-api makes its clips, and says nothing."""
    assert output(MISSING + LOGGING + JOB) == ["1"]


@pytest.mark.parametrize("spoilt", [BROKEN, OTHERWISE], ids=["broken", "otherwise"])
def test_one_that_cannot_be_used_changes_nothing(spoilt: str) -> None:
    """Half an installation, or a version that vgen does not know, is as none."""
    assert output(spoilt + JOB) == ["1"]

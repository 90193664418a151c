"""Embedding vgen costs little at a host's start."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"av", "numpy", "PIL", "replicate", "supabase", "psycopg", "opentelemetry"}
LOADED = "import sys, {}; print(*sys.modules)"


@pytest.mark.parametrize("module", ["vgen", "vgen.abc", "vgen.errors", "vgen.aio", "vgen.blocking"])
def test_no_door_loads_what_a_job_needs(module: str) -> None:
    """Codecs, arrays, pictures and providers' packages load when they are first used."""
    command = [sys.executable, "-c", LOADED.format(module)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert not set(done.stdout.split()) & HEAVY


def test_vgen_alone_loads_no_event_loop() -> None:
    """`import vgen` gives names, which load what they need when they are used."""
    command = [sys.executable, "-c", LOADED.format("vgen")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert not set(done.stdout.split()) & {"trio", "anyio", "httpx", "attrs", "cattrs", "asyncio"}

"""Importing vgen loads little."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"av", "numpy", "PIL", "replicate", "supabase", "psycopg", "opentelemetry"}
LOADED = "import sys, {}; print(*sys.modules)"


@pytest.mark.parametrize("module", ["vgen", "vgen.abc", "vgen.errors", "vgen.aio", "vgen.blocking"])
def test_no_import_loads_what_only_jobs_need(module: str) -> None:
    """PyAV, NumPy, Pillow and providers' packages are imported when they are first used."""
    command = [sys.executable, "-c", LOADED.format(module)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert not set(done.stdout.split()) & HEAVY


def test_vgen_alone_loads_no_event_loop() -> None:
    """`import vgen` imports neither Trio nor asyncio; its names do when they are used."""
    command = [sys.executable, "-c", LOADED.format("vgen")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert not set(done.stdout.split()) & {"trio", "anyio", "httpx", "attrs", "cattrs", "asyncio"}

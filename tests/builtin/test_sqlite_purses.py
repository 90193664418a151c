"""Many processes on three purses, some of them killed: no limit is passed at any line.

Daily a few schedules are played; with `VGEN_PURSE_SCHEDULES=200` as many.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import trio

SCHEDULES = int(os.environ.get("VGEN_PURSE_SCHEDULES", "3"))
TESTS = Path(__file__).parents[1]


async def test_no_crowd_passes_a_purse(tmp_path: Path) -> None:
    """Eight processes reserve, settle, reopen and are killed, and every purse and budget holds."""
    importable, ledgers = tmp_path / "importable", tmp_path / "ledgers"
    for folder in (importable, ledgers):
        folder.mkdir()
    (importable / "tests").symlink_to(TESTS)  # the tests, and not the checkout's vgen beside them
    command = [sys.executable, "-m", "tests.builtin.purse_schedules", str(ledgers)]
    environment = {**os.environ, "PYTHONPATH": str(importable)}
    await trio.run_process([*command, "1", str(SCHEDULES)], env=environment)

"""When power fails, the SQLite ledger is the one that was acknowledged."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import apsw
import pytest
from attrs import define, field

from tests.records.samples import a_manifest
from vgen import SQLiteLedger
from vgen.records.entry import Line
from vgen.records.money import Need
from vgen.testing.contracts import audit

from .power_failure import Disk
from .random_changes import JOB, RandomChanges

FAILURES = int(os.environ.get("VGEN_POWER_FAILURES", "15"))
STEPS = 60
WRITES = 400
"""About as many writes and forced writes as the steps make."""


@define
class Failure:
    """Power that fails at a certain write, and what was acknowledged by then."""

    disk: Disk
    folder: Path
    rng: Random
    left: int
    acknowledged: tuple[Line, ...] = ()
    before: tuple[Line, ...] | None = field(default=None)

    def write(self) -> None:
        """Count a write down to the one at which power fails."""
        self.left -= 1
        if self.left == 0:
            self.fail()

    def fail(self) -> None:
        """Let power fail."""
        self.before = self.acknowledged
        self.disk.fail(self.folder, self.rng)


@pytest.mark.parametrize("seed", range(FAILURES))
async def test_what_was_acknowledged_is_on_the_disk(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever power fails, each line that a call has answered for is there, and the sums agree."""
    rng = Random(seed)  # noqa: S311 (a plan that can be repeated)
    disk = Disk(f"power-failure-{seed}")
    after = tmp_path / "after"
    after.mkdir()
    failure = Failure(disk, after, rng, left=rng.randrange(1, WRITES))
    with monkeypatch.context() as patched:
        patched.setattr("vgen.builtin.schema.sqlite3", on(disk))
        ledger = SQLiteLedger(tmp_path / "vgen.db")
        await ledger.open_job(a_manifest(JOB, budget="20"), Need())
        failure.acknowledged = await ledger.history(JOB)
        disk.on_write = failure.write
        keeper = RandomChanges(ledger, "me", rng, lease=0.002)
        for _ in range(STEPS):
            await keeper.work(1)
            failure.acknowledged = await ledger.history(JOB)
        if failure.before is None:
            failure.fail()
        disk.on_write = int
        await ledger.aclose()
    survivor = SQLiteLedger(after / "vgen.db")
    found = await survivor.history(JOB)
    assert failure.before is not None
    assert found[: len(failure.before)] == failure.before
    await audit(survivor, JOB)
    await survivor.aclose()


def on(disk: Disk) -> Any:
    """Return what stands for the module `sqlite3`, with its files on that disk."""

    def connect(name: str, **_options: object) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        return apsw.Connection(name, flags=flags, vfs=disk.name)

    kinds: dict[str, Callable[..., object]] = {
        name: getattr(sqlite3, name) for name in ("DatabaseError", "OperationalError")
    }
    return SimpleNamespace(connect=connect, **kinds)

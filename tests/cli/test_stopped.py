"""A real process that is stopped (SIGSTOP) for longer than its claims last, and goes on."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import trio

from tests.doors.programs import (
    POLL_INTERVAL,
    TIMEOUT,
    environment,
    prompts,
    simulated,
    spent,
    until,
)
from vgen import SQLiteLedger

SHORT_LEASE = 2.0
PROGRAM = f"""
import sys
from vgen.drive.attempt import held_claim
from vgen.drive.clip import claims
held_claim.LEASE = claims.LEASE = {SHORT_LEASE}
held_claim.SPARE = {SHORT_LEASE / 3}
from vgen.cli import main
sys.exit(main())
"""
"""`vgen`, whose claims last for `SHORT_LEASE` seconds."""


async def holders(path: Path, job_id: UUID) -> set[str]:
    """Return the processes that work on the job's clips now."""
    ledger = SQLiteLedger(path)
    claims = [await ledger.holder(job_id, index) for index in range(3)]
    await ledger.aclose()
    return {claim.owner for claim in claims if claim is not None}


def locked(path: Path) -> bool:
    """Return whether another process writes to a SQLite file."""
    with closing(sqlite3.connect(path, timeout=0.1)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        return False


async def stop(process: subprocess.Popen[bytes], path: Path) -> None:
    """Stop a process at a moment when it holds no lock on its ledger, which nobody could break."""
    with trio.fail_after(TIMEOUT):
        while True:
            process.send_signal(signal.SIGSTOP)
            await trio.to_thread.run_sync(os.waitpid, process.pid, os.WUNTRACED)
            if not locked(path):
                return
            process.send_signal(signal.SIGCONT)
            await trio.sleep(POLL_INTERVAL)


async def taken_over(
    second: subprocess.Popen[bytes], path: Path, job_id: UUID, before: set[str]
) -> None:
    """Wait until a process that is not among those `before` works on a clip, or has made all."""
    with trio.fail_after(TIMEOUT):
        while second.poll() is None and not await holders(path, job_id) - before:  # noqa: ASYNC110 (others act)
            await trio.sleep(POLL_INTERVAL)


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Generator[subprocess.Popen[bytes]]:
    """Kill a process if the block fails: one that is stopped would be waited for without an end."""
    with process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


async def test_a_stopped_process_reports_what_its_successor_makes(tmp_path: Path) -> None:
    """It cancels nothing, both processes exit with 0, and each clip is paid for once."""
    file, out, job_id = tmp_path / "prompts.json", tmp_path / "clips", uuid4()
    file.write_text(json.dumps(prompts(job_id)), "utf-8")
    command = [sys.executable, "-c", PROGRAM, "generate", str(file), "--out", str(out)]
    with simulated(speed=10.0) as provider:

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [*command, "--backend", "cogvideox", "--budget", "100"],
                env=environment(**provider.variables),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )

        with ended(start()) as first:
            await until(lambda: len(provider.simulator.running()) == 3)
            before = await holders(out / "vgen.db", job_id)
            await stop(first, out / "vgen.db")
            with ended(start()) as second:
                await taken_over(second, out / "vgen.db", job_id, before)
                first.send_signal(signal.SIGCONT)
                errors = [process.communicate()[1].decode() for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), errors
    assert "has passed on" in errors[0]
    assert provider.cancels() == 0
    assert len(provider.simulator.predictions) == 3
    assert await spent(out, job_id) == provider.simulator.billed

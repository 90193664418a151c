"""The example of a worker without an event loop, as a real process."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import trio

from vgen.abc import Ticket
from vgen_replicate.simulator import Faults

from .programs import (
    PATIENCE,
    SLOWER,
    STUCK,
    job_in,
    prompts,
    simulated,
    spent,
    until,
    worker,
)


def write(path: Path, job: object) -> Path:
    """Write a prompts file."""
    path.write_text(json.dumps(job), "utf-8")
    return path


def hand(process: subprocess.Popen[str], path: Path) -> None:
    """Give the worker a file, and leave its standard input open for more."""
    assert process.stdin is not None
    process.stdin.write(f"{path}\n")
    process.stdin.flush()


def told(output: str) -> list[dict[str, Any]]:
    """Read what the worker has printed."""
    return [json.loads(line) for line in output.splitlines()]


async def ticketed(folder: Path, job_id: UUID) -> None:
    """Wait until the ledger has the tickets of three attempts, but not for ever."""
    tickets: list[Ticket | None] = []
    with trio.fail_after(PATIENCE):
        while not tickets or None in tickets:
            job = await job_in(folder, job_id)
            tickets = [attempt.ticket for attempt in job.attempts] if job else []


def test_each_file_has_its_line(tmp_path: Path) -> None:
    """Clips for a good file, and the wrong field for another; the exit code says that one failed.

    A file without a job's id keeps the one that it had the first time.
    """
    job = prompts()
    del job["job_id"]
    good = write(tmp_path / "good.json", job)
    bad = write(tmp_path / "bad.json", {"clip_prompts": [{"clip_index": 0, "prompt": "A sea"}]})
    with worker(tmp_path / "work", {}) as process:
        output, errors = process.communicate(f"{good}\n{bad}\n{good}\n", timeout=PATIENCE)
    first, wrong, again = told(output)
    assert (process.returncode, errors) == (1, "")
    assert first["clips"]["successful_clips"] == 3
    assert wrong == {
        "file": str(bad),
        "error": "InvalidPromptsError",
        "detail": ["clip_prompts[0].duration: is missing"],
    }
    assert again["clips"]["job_id"] == first["clips"]["job_id"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_cancels_the_job(number: signal.Signals, tmp_path: Path) -> None:
    """Nothing is left running, the ledger knows it, and the same line again finishes the job."""
    job_id, folder = uuid4(), tmp_path / "work"
    path = write(tmp_path / "job.json", prompts(job_id))
    with simulated(**STUCK) as provider:
        with worker(folder, provider.variables) as process:
            hand(process, path)
            await until(lambda: len(provider.simulator.running()) == 3)
            process.send_signal(number)
            output, errors = await trio.to_thread.run_sync(process.communicate)
        assert not provider.simulator.running()
        assert provider.cancels() == 3
        assert (process.returncode, errors) == (128 + number, "")
        assert [line["error"] for line in told(output)] == ["Interrupted"]
        assert await spent(folder, job_id) == provider.simulator.billed
        provider.simulator.faults = Faults()
        with worker(folder, provider.variables) as process:
            output, _ = await trio.to_thread.run_sync(process.communicate, f"{path}\n")
        (done,) = told(output)
        assert (process.returncode, done["clips"]["successful_clips"]) == (0, 3)
        assert len(provider.simulator.predictions) == 6


async def test_a_signal_ends_a_worker_that_waits(tmp_path: Path) -> None:
    """With nothing to do, it ends at once."""
    path = write(tmp_path / "none.json", {})
    with worker(tmp_path / "work", {}) as process:
        hand(process, path)
        assert process.stdout is not None
        assert "clip_prompts: is missing" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == 128 + signal.SIGTERM


async def test_what_a_dead_worker_has_left_is_cleared_up(tmp_path: Path) -> None:
    """A worker that starts settles and stores what one that was killed had sent and paid for."""
    job_id: UUID = uuid4()
    folder = tmp_path / "work"
    path = write(tmp_path / "job.json", prompts(job_id))
    with simulated(**SLOWER) as provider:
        with worker(folder, provider.variables) as process:
            hand(process, path)
            await ticketed(folder, job_id)
            process.kill()
        await until(lambda: not provider.simulator.running())
        with worker(folder, provider.variables) as process:
            await trio.to_thread.run_sync(process.communicate, "")
    assert process.returncode == 0
    assert await spent(folder, job_id) == provider.simulator.billed
    assert len(list((folder / "clips").rglob("*.mp4"))) == 3

"""The example worker, which has no event loop, as a real process."""

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
    SLOWER,
    STUCK,
    TIMEOUT,
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


def send(process: subprocess.Popen[str], path: Path) -> None:
    """Send the worker a file's path, and leave its standard input open."""
    assert process.stdin is not None
    process.stdin.write(f"{path}\n")
    process.stdin.flush()


def results(output: str) -> list[dict[str, Any]]:
    """Parse the worker's output lines."""
    return [json.loads(line) for line in output.splitlines()]


async def wait_ticketed(folder: Path, job_id: UUID) -> None:
    """Wait until all attempts in the ledger have tickets."""
    tickets: list[Ticket | None] = []
    with trio.fail_after(TIMEOUT):
        while not tickets or None in tickets:
            job = await job_in(folder, job_id)
            tickets = [attempt.ticket for attempt in job.attempts] if job else []


def test_each_file_has_an_output_line(tmp_path: Path) -> None:
    """A line has the clips or the invalid field; one failure makes the exit code 1.

    A file without a job id keeps the id that it got the first time.
    """
    job = prompts()
    del job["job_id"]
    good = write(tmp_path / "good.json", job)
    bad = write(tmp_path / "bad.json", {"clip_prompts": [{"clip_index": 0, "prompt": "A sea"}]})
    with worker(tmp_path / "work", {}) as process:
        output, errors = process.communicate(f"{good}\n{bad}\n{good}\n", timeout=TIMEOUT)
    first, wrong, again = results(output)
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
    """Nothing is left running or held, and the same input again finishes the job."""
    job_id, folder = uuid4(), tmp_path / "work"
    path = write(tmp_path / "job.json", prompts(job_id))
    with simulated(**STUCK) as provider:
        with worker(folder, provider.variables) as process:
            send(process, path)
            await until(lambda: len(provider.simulator.running()) == 3)
            process.send_signal(number)
            output, errors = await trio.to_thread.run_sync(process.communicate)
        assert not provider.simulator.running()
        assert provider.cancels() == 3
        assert (process.returncode, errors) == (128 + number, "")
        assert [line["error"] for line in results(output)] == ["Interrupted"]
        assert await spent(folder, job_id) == provider.simulator.billed
        provider.simulator.faults = Faults()
        with worker(folder, provider.variables) as process:
            output, _ = await trio.to_thread.run_sync(process.communicate, f"{path}\n")
        (done,) = results(output)
        assert (process.returncode, done["clips"]["successful_clips"]) == (0, 3)
        assert len(provider.simulator.predictions) == 6


async def test_a_signal_ends_an_idle_worker(tmp_path: Path) -> None:
    """It ends at once."""
    path = write(tmp_path / "none.json", {})
    with worker(tmp_path / "work", {}) as process:
        send(process, path)
        assert process.stdout is not None
        assert "clip_prompts: is missing" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=TIMEOUT) == 128 + signal.SIGTERM


async def test_a_worker_reconciles_a_dead_workers_attempts(tmp_path: Path) -> None:
    """A new worker settles and stores what a killed one has submitted."""
    job_id: UUID = uuid4()
    folder = tmp_path / "work"
    path = write(tmp_path / "job.json", prompts(job_id))
    with simulated(**SLOWER) as provider:
        with worker(folder, provider.variables) as process:
            send(process, path)
            await wait_ticketed(folder, job_id)
            process.kill()
        await until(lambda: not provider.simulator.running())
        with worker(folder, provider.variables) as process:
            await trio.to_thread.run_sync(process.communicate, "")
    assert process.returncode == 0
    assert await spent(folder, job_id) == provider.simulator.billed
    assert len(list((folder / "clips").rglob("*.mp4"))) == 6

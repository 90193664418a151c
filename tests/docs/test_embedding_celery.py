"""The Celery tasks of the page on embedding, in real workers of a prefork pool."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any
from uuid import UUID, uuid4

import pytest

from .hosts import PATIENCE, Host, prompts

QUEUE = """
import os
import warnings
from pathlib import Path

from celery.exceptions import SecurityWarning  # where the tests run as root
from kombu.transport import TRANSPORT_ALIASES, filesystem
from tasks import app


class Channel(filesystem.Channel):
    def _put(self, queue, payload, **options):
        folder = Path(f"outgoing-{os.getpid()}")
        folder.mkdir(exist_ok=True)
        self.data_folder_out = str(folder)
        super()._put(queue, payload, **options)
        for message in folder.iterdir():
            message.rename(Path("queue", message.name))


class Transport(filesystem.Transport):
    Channel = Channel


TRANSPORT_ALIASES["folder"] = "queue_folder:Transport"
warnings.simplefilter("ignore", SecurityWarning)
app.conf.broker_transport_options = {"data_folder_in": "queue", "polling_interval": 0.05}
"""
"""The page's app, on a queue that is a folder, in which each message appears as a whole."""

SEND = """
import json, sys
from queue_folder import app

name, arguments, options = json.load(sys.stdin)
print(app.send_task("tasks." + name, arguments, **options).id)
"""
WORKER = ("-m", "celery", "-A", "queue_folder", "worker", "--loglevel", "INFO", "--concurrency")
ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat")


@contextmanager
def worker(host: Host, processes: int) -> Generator[Popen[str]]:
    """Start a worker whose pool has so many processes, and wait until it is ready."""
    (host.folder / "queue").mkdir()
    (host.folder / "results").mkdir()
    host.write("queue_folder.py", QUEUE)
    with host.started(*WORKER, str(processes), *ALONE) as process:
        try:
            host.until(lambda: " ready." in host.said())
            yield process
        finally:
            process.send_signal(signal.SIGQUIT)  # its pool ends with it
            process.wait(PATIENCE)


def send(host: Host, task: str, job_id: UUID, **options: Any) -> str:
    """Put a task for a job into the queue, and give its id."""
    arguments = [str(job_id), prompts(), "2.50"]
    return host.run("-c", SEND, given=json.dumps([task, arguments, options])).strip()


def outcome(host: Host, task_id: str) -> dict[str, Any]:
    """Wait for what has come of a task."""
    path = host.folder / "results" / f"celery-task-meta-{task_id}"
    host.until(path.exists)
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def end(process: Popen[str]) -> None:
    """Shut the worker down, warmly."""
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_a_task_makes_a_job_and_workers_share_another(tmp_path: Path) -> None:
    """Clips come from one task, and from tasks for each clip in several processes."""
    host, whole, spread = Host.of_the_page(tmp_path), uuid4(), uuid4()
    with worker(host, 2) as process:
        made = outcome(host, send(host, "make", whole))
        assert made["status"] == "SUCCESS"
        assert json.loads(made["result"])["successful_clips"] == 3
        send(host, "spread", spread)
        host.until(lambda: (job := host.job(spread, "work/vgen.db")) and job.outcome)
        job = host.job(spread, "work/vgen.db")
        assert job is not None
        assert job.outcome == "3 of 3 clips"
        assert job.account.held == job.account.in_doubt == 0
        end(process)
    assert "Task tasks.reconcile" in host.said()
    assert "Traceback" not in host.said()


def test_a_soft_time_limit_cancels_the_job(tmp_path: Path) -> None:
    """What is in flight is cancelled at the provider and given back, and then the limit is raised.

    The process lives on, and closes its runner when the worker is shut down.
    """
    host, job_id = Host.of_the_page(tmp_path, silent=True), uuid4()
    with worker(host, 1) as process:
        failed = outcome(host, send(host, "make", job_id, soft_time_limit=5))
        assert failed["result"]["exc_type"] == "SoftTimeLimitExceeded"
        assert host.notes() == ["submitted"] * 3 + ["cancelled"] * 3
        job = host.job(job_id)
        assert job is not None
        assert job.account.held == 0
        assert not [attempt for attempt in job.attempts if attempt.is_open]
        end(process)
    assert host.notes()[6:] == ["closed"]


@pytest.mark.skipif(sys.platform == "win32", reason="Celery has no prefork pool there")
def test_a_warm_shutdown_waits_for_the_task(tmp_path: Path) -> None:
    """A job that is at work when the worker is told to stop is finished."""
    host, job_id = Host.of_the_page(tmp_path), uuid4()
    with worker(host, 1) as process:
        task = send(host, "make", job_id)
        host.until(lambda: host.job(job_id, "work/vgen.db"))
        end(process)
        assert json.loads(outcome(host, task)["result"])["successful_clips"] == 3

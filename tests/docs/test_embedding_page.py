"""The services of the page on embedding work as they stand: FastAPI, Django, an observer."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from uuid import uuid4

import httpx

from .files import files_of
from .hosts import PAGE, PATIENCE, Host, prompts
from .test_examples import blocks

UVICORN = ("-m", "uvicorn", "service:app", "--port", "0", "--timeout-graceful-shutdown", "1")
DJANGO = """
import json, os, sys, threading

from django.conf import settings

settings.configure(ROOT_URLCONF="views", ALLOWED_HOSTS=["testserver"])
import django

django.setup()
from django.test import Client


def post(job):
    return Client().post("/jobs", job, "application/json")


def main():
    job = sys.stdin.read()
    made, again, refused = post(job), post(job), post('{"clip_prompts": []}')
    name = json.loads(made.content)["job_id"]
    shown, unknown = (Client().get("/jobs/" + id) for id in (name, str(__import__("uuid").uuid4())))
    answers = (made, again, refused, shown, unknown)
    print(json.dumps([(a.status_code, a.content.decode()) for a in answers]), flush=True)
    child = os.fork()
    if child == 0:  # as a server's worker, with a runner of its own
        sys.exit(0 if post(job).status_code == 200 else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    seen = set()
    threads = [threading.Thread(target=lambda: seen.add(id(runner()))) for _ in range(8)]
    from clips_runner import runner

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(seen))


main()
"""
"""A Django program with the page's views, and a client of it."""


def address(host: Host) -> str:
    """Wait until the server is up, and say where."""
    host.until(lambda: "running on" in host.said())
    return host.said().split("running on ")[1].split()[0]


def names_in(stream: str) -> list[str]:
    """Return the names of server-sent events."""
    return [line.removeprefix("event: ") for line in stream.splitlines() if "event: " in line]


def test_fastapi_streams_a_jobs_events(tmp_path: Path) -> None:
    """A client is told everything from the opening to the end; the server stops in good order."""
    host = Host.of_the_page(tmp_path)
    with host.started(*UVICORN) as process:
        answer = httpx.post(f"{address(host)}/jobs", content=prompts(), timeout=PATIENCE)
        names = names_in(answer.text)
        assert (names[0], names[-1], names.count("ClipStored")) == ("JobOpened", "JobFinished", 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) in {0, -signal.SIGTERM}
    assert "Application shutdown complete" in host.said()
    assert "Traceback" not in host.said()


def test_fastapi_cancels_the_job_of_a_client_that_hangs_up(tmp_path: Path) -> None:
    """What was running is cancelled at the provider, and no money is held."""
    host, job_id = Host.of_the_page(tmp_path, silent=True), uuid4()
    with host.started(*UVICORN):
        url = f"{address(host)}/jobs"
        with httpx.stream("POST", url, content=prompts(job_id), timeout=PATIENCE):
            host.until(lambda: host.notes() == ["submitted"] * 3)
        host.until(lambda: host.notes().count("cancelled") == 3)
        host.until(lambda: (job := host.job(job_id)) and not job.account.held)


def test_django_makes_a_job_and_shows_it(tmp_path: Path) -> None:
    """Views answer with clips and statuses; threads share a runner, a forked process has its own.

    The process closes its runner at its end, without a word.
    """
    job_id = uuid4()
    host = Host.of_the_page(tmp_path)
    told, child, runners = host.run("-c", DJANGO, given=prompts(job_id)).splitlines()
    made, again, refused, shown, unknown = json.loads(told)
    assert [made[0], again[0], refused[0], shown[0], unknown[0]] == [200, 200, 422, 200, 404]
    assert json.loads(made[1])["successful_clips"] == 3
    assert json.loads(made[1])["clips"] == json.loads(again[1])["clips"]
    assert "clip_prompts" in json.loads(refused[1])["error"]
    assert json.loads(shown[1])["limit"] == "2.50"
    assert (child, runners) == ("0", "1")


def test_an_observer_hears_of_every_job(tmp_path: Path) -> None:
    """What it puts into a queue is there when the job is done."""
    told = Host.of_the_page(tmp_path).run("broadcast.py", given=prompts()).splitlines()
    assert (told[0], told[-1], told.count("ClipStored")) == ("JobOpened", "JobFinished", 3)


def test_all_code_on_the_page_is_run() -> None:
    """Each block of Python is one of the files that these tests and Celery's run."""
    run = {"parts.py", "service.py", "clips_runner.py", "views.py", "tasks.py", "broadcast.py"}
    assert set(files_of(PAGE)) == run
    assert sorted(blocks(PAGE, "python")) == sorted(files_of(PAGE).values())

"""The example web service, on a real server with real clients."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import trio

from vgen_replicate.simulator import Faults

from .programs import (
    FAST,
    SLOWER,
    STUCK,
    TIMEOUT,
    NamedEvent,
    Service,
    all_events,
    followed,
    on_replicate,
    prompts,
    service,
    simulated,
    spent,
    until,
)

JOBS = 10
GOOD = {"clip_index": 0, "prompt": "Rain", "duration": 0.2}
OUTSIDE = {**GOOD, "scene_reference_url": "../key.jpg"}

REFUSED: Sequence[tuple[dict[str, str], object, int, str]] = [
    ({}, {"clip_prompts": [{**GOOD, "duration": -1}]}, 422, "clip_prompts[0].duration: must be "),
    ({}, {"clip_prompts": [{**GOOD, "promt": ""}]}, 422, "clip_prompts[0].promt: no such field"),
    ({}, {"clip_prompts": [OUTSIDE]}, 422, "clip_prompts[0].scene_reference_url: "),
    ({}, {"clip_prompts": [GOOD], "job_id": "7"}, 422, "job_id: must be a UUID, got '7'"),
    ({}, {"prompts": [GOOD]}, 422, "body: clip_prompts: is missing"),
    ({"min_clips": "2"}, {"clip_prompts": [GOOD]}, 422, "clip_prompts: 1 cannot make the 2 clips"),
    ({"budget": "lots"}, {"clip_prompts": [GOOD]}, 422, "budget: Input should be a valid decimal"),
    ({"budget": "-1"}, {"clip_prompts": [GOOD]}, 422, "budget: Input should be greater than or "),
    ({"budget": "0.01"}, {"clip_prompts": [GOOD]}, 402, "over budget: of $0.01, $0 is spent a"),
]
"""Invalid parameters and bodies, with the status and the beginning of each answer."""


async def state_of(client: httpx.AsyncClient, job_id: UUID) -> dict[str, Any]:
    """Return a job's state."""
    answer = await client.get(f"/jobs/{job_id}")
    answer.raise_for_status()
    return dict(answer.json())


async def wait_interrupted(client: httpx.AsyncClient, job_id: UUID) -> dict[str, Any]:
    """Wait until a job is interrupted, and return its state."""
    with trio.fail_after(TIMEOUT):
        while (state := await state_of(client, job_id))["outcome"] != "interrupted":
            pass
    return state


def check_whole_job(job_id: UUID, events: Sequence[NamedEvent], *, clips: int) -> Decimal:
    """Check that a client's events are those of its own job, up to clips that exist.

    Returns their cost in US dollars.
    """
    names = [name for name, _ in events]
    assert names[0] == "JobOpened"
    assert names.count("ClipStored") == clips
    assert "ClipProgress" in names
    assert {data["job_id"] for _, data in events} == {str(job_id)}
    name, made = events[-1]
    assert (name, made["successful_clips"]) == ("done", clips)
    assert all(Path(httpx.URL(clip["video_url"]).path).is_file() for clip in made["clips"])
    return Decimal(made["total_cost"])


async def run_many_jobs(served: Service, *, clips: int) -> Decimal:
    """Run many jobs at once, each for its own client; return their cost in US dollars."""
    costs: list[Decimal] = []

    async def one(job_id: UUID) -> None:
        async with served.client() as client:
            events = await all_events(client, prompts(job_id, clips=clips))
        costs.append(check_whole_job(job_id, events, clips=clips))

    async with trio.open_nursery() as nursery:
        for _ in range(JOBS):
            nursery.start_soon(one, uuid4())
    assert len(costs) == JOBS
    async with served.client() as client:
        health = (await client.get("/health")).json()
    assert health == {"in_flight": 0, "waiting": 0, "fetching": 0, "storing": 0}
    return sum(costs, Decimal(0))


async def test_many_jobs_on_previews(tmp_path: Path) -> None:
    """On one runner, each client follows its own job to its clips."""
    with service(tmp_path, {}) as served:
        assert await run_many_jobs(served, clips=1) == 0


async def test_many_jobs_at_replicate(tmp_path: Path) -> None:
    """With a provider too; the jobs' costs add up to what it has billed."""
    with on_replicate(tmp_path, FAST) as (served, provider):
        cost = await run_many_jobs(served, clips=3)
    assert not provider.simulator.running()
    assert len(provider.simulator.predictions) == JOBS * 3
    assert cost == provider.simulator.billed


async def test_a_client_that_hangs_up_cancels_its_job(tmp_path: Path) -> None:
    """Also while nothing happens in it; other jobs run on, and running it again finishes it."""
    job_id, other_id = uuid4(), uuid4()
    with on_replicate(tmp_path, STUCK) as (served, provider):
        simulator = provider.simulator
        async with served.client() as client, followed(served, prompts(other_id)):
            async with followed(served, prompts(job_id)):
                assert len(simulator.running()) == 6
            await until(lambda: len(simulator.running()) == 3)
            state = await wait_interrupted(client, job_id)
            assert state["open"] == []
            assert Decimal(state["account"]["held"]) == 0
            assert Decimal(state["account"]["spent"]) == simulator.billed
            assert (await state_of(client, other_id))["open"] == [0, 1, 2]
            assert provider.cancels() == 3
            simulator.faults = Faults()
            events = await all_events(client, prompts(job_id))
            assert check_whole_job(job_id, events, clips=3) == simulator.billed
            assert len((await state_of(client, job_id))["clips"]) == 3


async def test_a_server_that_is_stopped_cancels_its_jobs(tmp_path: Path) -> None:
    """Clients get an error event, nothing is left running or held, and it exits cleanly."""
    jobs = [uuid4(), uuid4()]
    last: list[NamedEvent] = []
    with on_replicate(tmp_path, STUCK) as (served, provider):

        async def one(job_id: UUID) -> None:
            async with served.client() as client:
                last.append((await all_events(client, prompts(job_id)))[-1])

        async with trio.open_nursery() as nursery:
            for job_id in jobs:
                nursery.start_soon(one, job_id)
            await until(lambda: len(provider.simulator.running()) == 6)
            stderr = await trio.to_thread.run_sync(served.stop, signal.SIGTERM)
        assert not provider.simulator.running()
        assert provider.cancels() == 6
        assert sum([await spent(tmp_path, job_id) for job_id in jobs]) == provider.simulator.billed
    assert [name for name, _ in last] == ["error", "error"]
    assert all("the service is stopping" in data["detail"][0] for _, data in last)
    assert served.process.returncode == -signal.SIGTERM
    assert "Application shutdown complete" in stderr
    assert "Traceback" not in stderr


async def test_pressed_twice_with_other_prompts(tmp_path: Path) -> None:
    """The later request counts; the earlier client is told so at once."""
    job = prompts()
    edited = {**job, "clip_prompts": [{**c, "prompt": "Snow"} for c in job["clip_prompts"]]}
    with on_replicate(tmp_path, SLOWER) as (served, provider):
        async with served.client() as client, followed(served, job) as events:
            async with followed(served, edited, attempts=0) as later:
                with trio.fail_after(TIMEOUT / 10):
                    await until(lambda: events[-1][0] == "error")
                await until(lambda: "done" in dict(later))
            state = await state_of(client, UUID(job["job_id"]))
        assert not provider.simulator.running()
    assert events[-1][1]["error"] == "JobReopenedError"
    assert check_whole_job(UUID(job["job_id"]), later, clips=3) == provider.simulator.billed
    assert (state["outcome"], state["open"]) == ("3 of 3 clips", [])


async def test_a_job_is_stopped_from_elsewhere(tmp_path: Path) -> None:
    """Its followers get `JobStoppedError`; unknown jobs are not found."""
    job_id = uuid4()
    with on_replicate(tmp_path, STUCK) as (served, provider):
        async with served.client() as client, followed(served, prompts(job_id)) as events:
            stopped = await client.delete(f"/jobs/{job_id}")
            assert (await client.delete(f"/jobs/{uuid4()}")).status_code == 404
            assert (await client.get(f"/jobs/{uuid4()}")).status_code == 404
            await until(lambda: events[-1][0] == "error")
            name, data = events[-1]
        assert not provider.simulator.running()
        assert provider.cancels() == 3
    assert (stopped.json()["outcome"], stopped.json()["open"]) == ("cancelled", [])
    assert (name, data["error"]) == ("error", "JobStoppedError")


async def test_invalid_requests_are_refused(tmp_path: Path) -> None:
    """The answer is one line, which names the field; nothing is submitted."""
    with on_replicate(tmp_path, FAST) as (served, provider):
        async with served.client() as client:
            for parameters, body, status, begins in REFUSED:
                asked = {"budget": "100", "min_clips": "1", **parameters}
                answer = await client.post("/jobs", params=asked, json=body)
                (line,) = answer.json()["detail"]
                assert (answer.status_code, line[: len(begins)]) == (status, begins)
        assert not provider.simulator.predictions


async def test_a_service_reconciles_a_dead_services_attempts(tmp_path: Path) -> None:
    """A new service stores the clips that a killed one has submitted."""
    job_id = uuid4()
    with simulated(**SLOWER) as provider:
        with service(tmp_path, provider.variables) as killed:
            async with followed(killed, prompts(job_id)):
                killed.process.kill()
        await until(lambda: not provider.simulator.running())
        with service(tmp_path, provider.variables) as served:
            async with served.client() as client:
                state = await state_of(client, job_id)
    assert (len(state["clips"]), state["open"]) == (3, [])
    assert Decimal(state["account"]["spent"]) == provider.simulator.billed

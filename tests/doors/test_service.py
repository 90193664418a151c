"""The example web service, on a real server with real clients."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import trio

from vgen_replicate.simulator import Faults

from .programs import (
    FAST,
    SLOWER,
    STUCK,
    Client,
    Provider,
    Service,
    State,
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
    ({"budget": "-1"}, {"clip_prompts": [GOOD]}, 422, "budget: "),
    ({"budget": "0.01"}, {"clip_prompts": [GOOD]}, 402, "over budget: of $0.01, $0 is spent a"),
]
"""Invalid parameters and bodies, with the status and the beginning of each answer."""

TOO_LARGE = 100_000_000
CHUNK = b" " * 100_000


async def check_whole_job(client: Client, state: State, *, clips: int) -> Decimal:
    """Check that a job has ended with all its clips, and that these are served.

    Returns their cost in US dollars.
    """
    assert (state["at_work"], state["outcome"]) == (False, f"{clips} of {clips} clips")
    assert Decimal(state["account"]["held"]) == Decimal(state["account"]["in_doubt"]) == 0
    assert len(state["clips"]) == state["total_clips"] == clips
    for clip in state["clips"].values():
        served = await client.http.get(httpx.URL(clip["video_url"]).path)
        assert (served.status_code, served.content[4:8]) == (200, b"ftyp")
    return Decimal(state["account"]["spent"])


async def run_many_jobs(served: Service, *, clips: int) -> Decimal:
    """Run many jobs at once, each for its own client; return their cost in US dollars."""
    costs: list[Decimal] = []

    async def one(job_id: UUID) -> None:
        async with served.client() as client:
            await client.post(prompts(job_id, clips=clips))
            states = await client.follow(job_id)
            assert {state["job_id"] for state in states} == {str(job_id)}
            costs.append(await check_whole_job(client, states[-1], clips=clips))

    async with trio.open_nursery() as nursery:
        for _ in range(JOBS):
            nursery.start_soon(one, uuid4())
    assert len(costs) == JOBS
    return sum(costs, Decimal(0))


async def test_many_jobs_on_previews(tmp_path: Path) -> None:
    """On one runner, each client follows its own job to its clips."""
    with service(tmp_path, {}) as served:
        assert await run_many_jobs(served, clips=1) == 0


async def test_many_jobs_at_replicate(tmp_path: Path) -> None:
    """With a provider too; the jobs' costs, and the month's, are what it has billed."""
    with on_replicate(tmp_path, FAST) as (served, provider):
        cost = await run_many_jobs(served, clips=3)
        async with served.client() as client:
            month = (await client.http.get("/spending")).json()
    assert not provider.simulator.running()
    assert len(provider.simulator.predictions) == JOBS * 3
    assert cost == provider.simulator.billed == Decimal(month["total"])
    assert sum(each["attempts"] for each in month["backends"]) == JOBS * 3


async def test_a_job_outlives_its_clients(tmp_path: Path) -> None:
    """Who follows it is told how far it is, as who asks; both may go, and send it again."""
    states: list[State] = []
    job_id = uuid4()
    with on_replicate(tmp_path, SLOWER) as (served, provider):
        async with served.client() as client:
            await client.post(prompts(job_id))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(client.follow, job_id, states)
                await until(lambda: states and states[-1]["progress"])
                assert (await client.state(job_id))["progress"]
                nursery.cancel_scope.cancel()
        assert all(state["at_work"] for state in states)
        async with served.client() as client:
            await client.post(prompts(job_id))
            last = (await client.follow(job_id))[-1]
            assert last == await client.done(job_id)
            assert await check_whole_job(client, last, clips=3) == provider.simulator.billed
    check_paid_once(provider, clips=3)


@pytest.mark.parametrize("at_once", [1, 30])
async def test_a_killed_service_goes_on_with_its_jobs(tmp_path: Path, at_once: int) -> None:
    """Every clip is made and paid once, those in flight at its death and those still to send."""
    job_id = uuid4()
    with simulated(**SLOWER) as provider:
        variables = {**provider.variables, "VIDEO_GENERATOR_CONCURRENCY": str(at_once)}
        with service(tmp_path, variables) as killed:
            async with killed.client() as client:
                await client.post(prompts(job_id))
                await until(lambda: len(provider.simulator.running()) == min(at_once, 3))
                killed.stop(signal.SIGKILL)
        with service(tmp_path, variables) as served:
            async with served.client() as client:
                cost = await check_whole_job(client, await client.done(job_id), clips=3)
    assert cost == provider.simulator.billed
    check_paid_once(provider, clips=3)


def check_paid_once(provider: Provider, *, clips: int) -> None:
    """Check by the provider's books that each clip was asked for, made and billed once."""
    made = provider.simulator.predictions.values()
    assert len({str(each.input["prompt"]) for each in made}) == len(made) == clips
    assert len([bill for bill in provider.simulator.bills if bill.amount]) == clips
    assert provider.cancels() == 0


async def test_a_server_that_is_stopped_cancels_its_jobs(tmp_path: Path) -> None:
    """Nothing is left running or held, streams end in good order; the next start makes the rest."""
    jobs = [uuid4(), uuid4()]
    ended: list[State] = []
    with on_replicate(tmp_path, STUCK) as (served, provider):

        async def one(job_id: UUID) -> None:
            async with served.client() as client:
                await client.post(prompts(job_id))
                ended.append((await client.follow(job_id))[-1])

        async with trio.open_nursery() as nursery:
            for job_id in jobs:
                nursery.start_soon(one, job_id)
            await until(lambda: len(provider.simulator.running()) == 6)
            stderr = await trio.to_thread.run_sync(served.stop, signal.SIGTERM)
        assert not provider.simulator.running()
        assert provider.cancels() == 6
        assert sum([await spent(tmp_path, job_id) for job_id in jobs]) == provider.simulator.billed
        assert [state["at_work"] for state in ended] == [True, True]
        assert served.process.returncode == -signal.SIGTERM
        assert "Application shutdown complete" in stderr
        assert "Traceback" not in stderr
        provider.simulator.faults = Faults()
        with service(tmp_path, provider.variables) as again:
            async with again.client() as client:
                states = [await client.done(job_id) for job_id in jobs]
                costs = [await check_whole_job(client, state, clips=3) for state in states]
        assert sum(costs) == provider.simulator.billed


async def test_pressed_twice_with_other_prompts(tmp_path: Path) -> None:
    """The later request counts, and the job's followers follow it; pressed again, it is done."""
    job = prompts()
    edited = {**job, "clip_prompts": [{**c, "prompt": "Snow"} for c in job["clip_prompts"]]}
    with on_replicate(tmp_path, SLOWER) as (served, provider):
        async with served.client() as client:
            await client.post(job)
            await until(lambda: len(provider.simulator.running()) == 3)
            assert (await client.post(edited))["at_work"]
            last = (await client.follow(job["job_id"]))[-1]
            cost = await check_whole_job(client, last, clips=3)
            made = list(provider.simulator.predictions.values())[-3:]
            assert {str(each.input["prompt"]) for each in made} == {"Snow"}
            await client.post(edited)
            assert await client.done(job["job_id"]) == last
        assert not provider.simulator.running()
        assert cost == provider.simulator.billed


async def test_a_job_is_stopped(tmp_path: Path) -> None:
    """Its followers are told, and no later start goes on with it; unknown jobs are not found."""
    job_id, other = uuid4(), uuid4()
    with on_replicate(tmp_path, STUCK) as (served, provider):
        async with served.client() as client:
            for each in (job_id, other):
                await client.post(prompts(each))
            await until(lambda: len(provider.simulator.running()) == 6)
            stopped = await client.http.delete(f"/jobs/{job_id}")
            assert (stopped.status_code, stopped.json()["outcome"]) == (200, "cancelled")
            last = (await client.follow(job_id))[-1]
            assert (last["outcome"], last["at_work"]) == ("cancelled", False)
            assert set(last["failures"].values()) == {"the job was cancelled"}
            for unknown in (f"/jobs/{uuid4()}", f"/jobs/{uuid4()}/events"):
                assert (await client.http.get(unknown)).status_code == 404
            assert (await client.http.delete(f"/jobs/{uuid4()}")).status_code == 404
            assert len(provider.simulator.running()) == provider.cancels() == 3
        served.stop(signal.SIGKILL)
        with service(tmp_path, provider.variables) as again:
            async with again.client() as client:
                assert (await client.state(other))["at_work"]
                assert not (await client.state(job_id))["at_work"]
    assert len(provider.simulator.predictions) == 6


async def test_invalid_requests_are_refused(tmp_path: Path) -> None:
    """The answer is one line, which names the field; nothing is submitted."""
    with on_replicate(tmp_path, FAST) as (served, provider):
        async with served.client() as client:
            for parameters, body, status, begins in REFUSED:
                asked = {"budget": "100", "min_clips": "1", **parameters}
                answer = await client.http.post("/jobs", params=asked, json=body)
                (line,) = answer.json()["detail"]
                assert (answer.status_code, line[: len(begins)]) == (status, begins)
        assert not provider.simulator.predictions


async def test_a_body_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """Whether or not it says how large it is, it never stands in memory."""

    async def chunks() -> AsyncGenerator[bytes]:
        for _ in range(TOO_LARGE // len(CHUNK)):
            yield CHUNK

    with service(tmp_path, {}) as served:
        async with served.client() as client:
            await client.done((await client.post(prompts()))["job_id"])
            before = peak_memory(served)
            for told in ({"content-length": str(TOO_LARGE)}, dict[str, Any]()):
                answer = await client.http.post("/jobs", content=chunks(), headers=told)
                assert answer.status_code == 413
        assert peak_memory(served) - before < TOO_LARGE / 3


def peak_memory(served: Service) -> int:
    """Return the most memory that a service's process has had, in bytes."""
    status = Path(f"/proc/{served.process.pid}/status").read_text("utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024

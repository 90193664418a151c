"""The example of a web service, at a real server with real clients."""

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
    PATIENCE,
    SLOWER,
    STUCK,
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

JOBS = 20
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
    ({"budget": "0.01"}, {"clip_prompts": [GOOD]}, 402, "over budget: limit $0.01, spent $0, "),
]
"""Parameters and bodies that nothing comes of, and how the answer to each begins."""


async def state_of(client: httpx.AsyncClient, job_id: UUID) -> dict[str, Any]:
    """Ask how a job stands."""
    answer = await client.get(f"/jobs/{job_id}")
    answer.raise_for_status()
    return dict(answer.json())


async def interrupted(client: httpx.AsyncClient, job_id: UUID) -> dict[str, Any]:
    """Ask how a job stands until it has been interrupted, but not for ever."""
    with trio.fail_after(PATIENCE):
        while (state := await state_of(client, job_id))["outcome"] != "interrupted":
            pass
    return state


def check_a_whole_job(job_id: UUID, events: Sequence[NamedEvent], *, clips: int) -> Decimal:
    """See that a client heard of its own job, from its opening on to clips that exist.

    Gives what they have cost.
    """
    names = [name for name, _ in events]
    assert names[0] == "JobOpened"
    assert names.count("ClipStored") == clips
    assert "JobProgress" in names
    assert {data["job_id"] for _, data in events} == {str(job_id)}
    name, made = events[-1]
    assert (name, made["successful_clips"]) == ("done", clips)
    assert all(Path(httpx.URL(clip["video_url"]).path).is_file() for clip in made["clips"])
    return Decimal(made["total_cost"])


async def twenty(served: Service, *, clips: int) -> Decimal:
    """Have twenty jobs made at once, each for a client of its own; give what they have cost."""
    costs: list[Decimal] = []

    async def one(job_id: UUID) -> None:
        async with served.client() as client:
            events = await all_events(client, prompts(job_id, clips=clips))
        costs.append(check_a_whole_job(job_id, events, clips=clips))

    async with trio.open_nursery() as nursery:
        for _ in range(JOBS):
            nursery.start_soon(one, uuid4())
    assert len(costs) == JOBS
    async with served.client() as client:
        health = (await client.get("/health")).json()
    assert health == {"in_flight": 0, "waiting": 0, "fetching": 0, "storing": 0}
    return sum(costs, Decimal(0))


async def test_twenty_jobs_on_previews(tmp_path: Path) -> None:
    """Twenty clients at once each follow their own job to its clips, on one runner."""
    with service(tmp_path, {}) as served:
        assert await twenty(served, clips=1) == 0


async def test_twenty_jobs_at_replicate(tmp_path: Path) -> None:
    """Likewise at a provider, which has billed what the jobs say that they have cost."""
    with on_replicate(tmp_path, FAST) as (served, provider):
        cost = await twenty(served, clips=3)
    assert not provider.simulator.running()
    assert len(provider.simulator.predictions) == JOBS * 3
    assert cost == provider.simulator.billed


async def test_a_client_that_hangs_up_cancels_its_job(tmp_path: Path) -> None:
    """While nothing happens in it too, and no other's; the same job again finishes it."""
    job_id, other_id = uuid4(), uuid4()
    with on_replicate(tmp_path, STUCK) as (served, provider):
        simulator = provider.simulator
        async with served.client() as client, followed(served, prompts(other_id)):
            async with followed(served, prompts(job_id)):
                assert len(simulator.running()) == 6
            await until(lambda: len(simulator.running()) == 3)
            state = await interrupted(client, job_id)
            assert state["open"] == []
            assert Decimal(state["account"]["held"]) == 0
            assert Decimal(state["account"]["spent"]) == simulator.billed
            assert (await state_of(client, other_id))["open"] == [0, 1, 2]
            assert provider.cancels() == 3
            simulator.faults = Faults()
            events = await all_events(client, prompts(job_id))
            assert check_a_whole_job(job_id, events, clips=3) == simulator.billed
            assert len((await state_of(client, job_id))["clips"]) == 3


async def test_a_server_that_is_stopped_cancels_its_jobs(tmp_path: Path) -> None:
    """It ends cleanly: clients are told, nothing is left running, the ledger knows it."""
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
            said = await trio.to_thread.run_sync(served.end, signal.SIGTERM)
        assert not provider.simulator.running()
        assert provider.cancels() == 6
        assert sum([await spent(tmp_path, job_id) for job_id in jobs]) == provider.simulator.billed
    assert [name for name, _ in last] == ["error", "error"]
    assert all("the service is stopping" in data["detail"][0] for _, data in last)
    assert served.process.returncode == -signal.SIGTERM
    assert "Application shutdown complete" in said
    assert "Traceback" not in said


async def test_a_job_is_stopped_from_elsewhere(tmp_path: Path) -> None:
    """Its followers are told why; an unknown job can be neither seen nor stopped."""
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


async def test_what_is_wrong_is_said_and_nothing_is_sent(tmp_path: Path) -> None:
    """The answer is one line, which names the field; the provider hears of nothing."""
    with on_replicate(tmp_path, FAST) as (served, provider):
        async with served.client() as client:
            for parameters, body, status, begins in REFUSED:
                asked = {"budget": "100", "min_clips": "1", **parameters}
                answer = await client.post("/jobs", params=asked, json=body)
                (line,) = answer.json()["detail"]
                assert (answer.status_code, line[: len(begins)]) == (status, begins)
        assert not provider.simulator.predictions


async def test_what_a_dead_service_has_left_is_cleared_up(tmp_path: Path) -> None:
    """A service that starts stores the clips that one before it has paid for and never fetched."""
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

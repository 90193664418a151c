"""Complete jobs at a simulator with all faults."""

from __future__ import annotations

import os
from collections import Counter
from decimal import Decimal
from typing import Literal
from uuid import UUID, uuid4

import httpx
import pytest
import trio
from attrs import define, field
from trio.testing import MockClock

from vgen import AttemptSubmitted, ClipPrompt, Event, Runner, Settings, open_runner
from vgen.abc import Money
from vgen.errors import BudgetExceededError, InsufficientClipsError, VgenError
from vgen.testing import MemoryLedger, MemoryStorage, inline_inspector, stand_in, tiny_clip
from vgen_replicate import CogVideoX, StableVideoDiffusion
from vgen_replicate.cogvideox import FRAMES, RATE
from vgen_replicate.simulator import Faults

from .pictures import png_image
from .scripted import ScriptedService
from .server import RunningSimulator, running_simulator

JOBS = int(os.environ.get("VGEN_REPLICATE_JOBS", "10"))
CONCURRENT_JOBS = 8
SPEED = 60.0
BUDGET = Decimal(4)

FAULTS = Faults(
    throttled=0.002,
    server_error=0.03,
    late_error=0.02,
    dropped=0.03,
    lost_answer=0.03,
    html=0.02,
    failed=0.06,
    stuck=0.01,
    expired=0.02,
    unmeasured=0.05,
    truncated=0.05,
)


@define
class Tally:
    """The results of many jobs."""

    jobs: list[UUID] = field(factory=list[UUID])
    made: int = 0
    requested: int = 0
    errors: list[VgenError] = field(factory=list[VgenError])


async def test_many_jobs_at_a_faulty_service() -> None:
    """No prediction is left running, duplicated or not fetched, and the costs match the bills."""
    ledger, tally = MemoryLedger(), Tally()
    with running_simulator(speed=SPEED, faults=FAULTS, seed=7) as service:
        await run_jobs(service, ledger, tally)
        simulator = service.simulator
    assert not simulator.running()
    made = {p.id: p for p in simulator.predictions.values() if p.status == "succeeded"}
    assert made.keys() <= simulator.fetched
    seeds = Counter(str(p.input) for p in made.values() if p.input)
    assert max(seeds.values()) == 1
    assert all(isinstance(e, InsufficientClipsError | BudgetExceededError) for e in tally.errors)
    assert tally.made >= 0.9 * tally.requested
    jobs = [job for job_id in tally.jobs if (job := await ledger.job(job_id))]
    assert all(job.account.spent + job.account.in_doubt <= BUDGET for job in jobs)
    assert not any(job.account.held or job.account.in_doubt for job in jobs)
    assert sum(job.account.spent for job in jobs) == simulator.billed


async def test_a_prediction_that_the_service_forgets(autojump_clock: MockClock) -> None:
    """Its clip says so in each run, and is free once the service keeps nothing of it."""
    service, ledger, job_id = ScriptedService(), MemoryLedger(), uuid4()
    submitted = trio.Event()

    def observe(event: Event) -> None:
        if isinstance(event, AttemptSubmitted):
            submitted.set()

    async def reason() -> str:
        backend = stand_in(CogVideoX(**service.access))
        async with open_runner(
            backends=[backend], storage=MemoryStorage(), ledger=ledger, observer=observe
        ) as runner:
            with pytest.raises(InsufficientClipsError) as caught:
                await runner.process(
                    job_id, [ClipPrompt(0, "A clip", 6.0)], budget=BUDGET, min_clips=1
                )
        return caught.value.clips.failures[0].reason

    async with trio.open_nursery() as nursery:
        nursery.start_soon(reason)
        await submitted.wait()
        nursery.cancel_scope.cancel()
    service.handler = forget
    expected = "still open at cogvideox (not found: Not found.): a later run waits for it"
    assert await reason() == expected
    await trio.sleep(3 * 3600)
    await reason()
    forgotten, *_ = await ledger.attempts(job_id, 0)
    assert forgotten.money is Money.WRITTEN_OFF
    assert forgotten.reason.endswith("not found: Not found.")


@pytest.mark.parametrize(
    ("container", "name", "ending"), [("matroska", "out", ".mp4"), ("webm", "out.webm", ".webm")]
)
async def test_a_model_that_delivers_another_container(
    autojump_clock: MockClock, container: Literal["matroska", "webm"], name: str, ending: str
) -> None:
    """Its clip is stored as MP4, or under its own ending, whatever its URL says."""
    service, storage = ScriptedService(), MemoryStorage()
    clip = tiny_clip(FRAMES / RATE, container=container)

    async def deliver(request: httpx.Request) -> httpx.Response | None:
        if request.url.host == "replicate.delivery":
            return httpx.Response(200, stream=httpx.ByteStream(clip))
        for made in service.predictions.values():
            made |= {"status": "succeeded", "metrics": {"predict_time": 30.0}}
            made["output"] = f"https://replicate.delivery/{made['id']}/{name}"
        return None

    service.handler = deliver
    async with open_runner(
        backends=[stand_in(CogVideoX(**service.access))],
        storage=storage,
        ledger=MemoryLedger(),
        inspector=inline_inspector(),
    ) as runner:
        clips = await runner.process(
            uuid4(), [ClipPrompt(0, "A clip", 6.0)], budget=BUDGET, min_clips=1
        )
    (made,) = clips.clips
    assert made.reference.endswith(f"/clip_000{ending}")
    assert (storage.files[made.reference] == clip) is (ending == ".webm")
    assert made.actual_duration == pytest.approx(FRAMES / RATE)
    assert len(service.predictions) == 1


async def forget(request: httpx.Request) -> httpx.Response | None:
    """Know no prediction, and refuse new ones."""
    if "/predictions" not in request.url.path:
        return None
    code = 404 if request.url.path.rpartition("/")[2] != "predictions" else 422
    return httpx.Response(code, json={"detail": "Not found.", "status": code})


async def run_jobs(service: RunningSimulator, ledger: MemoryLedger, tally: Tally) -> None:
    """Run the jobs, a few at a time, on one runner with metered backends."""
    settings = Settings(
        concurrency=5 * CONCURRENT_JOBS,
        poll_interval=3 / SPEED,
        backoff=2 / SPEED,
        attempt_timeout=400 / SPEED,
    )
    backends = [
        stand_in(kind(**service.access, quiet=10 / SPEED, metered=True))
        for kind in (StableVideoDiffusion, CogVideoX)
    ]
    storage = MemoryStorage({"picture.png": png_image().data})
    limiter = trio.CapacityLimiter(CONCURRENT_JOBS)
    async with (
        open_runner(backends=backends, storage=storage, ledger=ledger, settings=settings) as runner,
        trio.open_nursery() as nursery,
    ):
        for _ in range(JOBS):
            nursery.start_soon(run_job, runner, limiter, tally)


async def run_job(runner: Runner, limiter: trio.CapacityLimiter, tally: Tally) -> None:
    """Run a job of four clips, two of them from an image."""
    prompts = [
        ClipPrompt(n, f"take {n}", 4.0, scene_reference_url="picture.png" if n % 2 else None)
        for n in range(4)
    ]
    job_id = uuid4()
    async with limiter:
        tally.jobs.append(job_id)
        tally.requested += len(prompts)
        try:
            clips = await runner.process(job_id, prompts, budget=BUDGET)
        except InsufficientClipsError as error:
            clips = error.clips
            tally.errors.append(error)
        except VgenError as error:
            tally.errors.append(error)
            return
    tally.made += clips.successful_clips

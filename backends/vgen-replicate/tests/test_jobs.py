"""Complete jobs at a simulator with all faults."""

from __future__ import annotations

import os
from collections import Counter
from decimal import Decimal
from uuid import UUID, uuid4

import trio
from attrs import define, field

from vgen import ClipPrompt, Runner, Settings, open_runner
from vgen.errors import BudgetExceededError, InsufficientClipsError, VgenError
from vgen.testing import MemoryLedger, MemoryStorage, stand_in
from vgen_replicate import CogVideoX, StableVideoDiffusion
from vgen_replicate.simulator import Faults

from .pictures import png_image
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

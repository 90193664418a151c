"""Prints how fast and how dear six clips are on Replicate, in the service's own time.

Fifty jobs on the simulated service, each with a seed of its own: six clips, five at once.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from statistics import mean, median
from uuid import UUID

import httpx
import trio
from attrs import frozen
from PIL import Image
from trio.testing import MockClock

from vgen import ClipPrompt, Settings, open_runner
from vgen.abc import Ticket
from vgen.errors import InsufficientClipsError
from vgen.records.settings import GenerationSettings
from vgen.testing import MemoryLedger, MemoryStorage, inline_inspector, stand_in
from vgen_replicate import CogVideoX, StableVideoDiffusion
from vgen_replicate.simulator import Faults, Simulator

SEEDS, CLIPS, SLOTS = 50, 6, 5
TARGET_SECONDS = 4.0

BASE, RATE, DURATION = Decimal("0.10"), Decimal("0.033"), Decimal(25) / 6
"""The default prices in production, and what Stable Video Diffusion makes of four seconds."""

FAULTS = Faults(failed=0.05, server_error=0.02, lost_answer=0.01, truncated=0.02)


@frozen
class Played:
    """One job: how long it took in the service's seconds, what it made and cost."""

    seconds: float
    made: int
    cost: Decimal
    estimate: Decimal


def main() -> None:
    """Play the jobs and print their figures."""
    os.environ["ENVIRONMENT"] = "production"
    played = [trio.run(play, seed, clock=MockClock(autojump_threshold=0)) for seed in range(SEEDS)]
    ratios = [float(job.cost / job.estimate) for job in played if job.made == CLIPS]
    took = [job.seconds for job in played]
    print(f"{SEEDS} jobs of {CLIPS} clips, {SLOTS} at once, in the service's seconds")
    print(f"seconds a job    median {median(took):6.1f}, longest {max(took):6.1f}")
    print(f"clips made       {sum(job.made for job in played)} of {SEEDS * CLIPS}")
    print(f"cost / estimate  mean {mean(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}")


async def play(seed: int) -> Played:
    """Play one job in virtual time, against a service in the same process."""
    simulator = Simulator(seed=seed, scale=0.1, faults=FAULTS, epoch=datetime.now(UTC))
    access = {
        "token": simulator.token,
        "base_url": "http://replicate.test/v1",
        "transport": httpx.ASGITransport(simulator.app),
    }
    backends = [stand_in(StableVideoDiffusion(**access)), stand_in(CogVideoX(**access))]
    settings = Settings(generation=GenerationSettings.of("production"), concurrency=SLOTS)
    prompts = [
        ClipPrompt(n, f"take {n}", TARGET_SECONDS, scene_reference_url="picture.png")
        for n in range(CLIPS)
    ]
    ledger = MemoryLedger()
    async with (
        simulator.opened(),
        open_runner(
            backends=backends,
            storage=MemoryStorage({"picture.png": picture()}),
            ledger=ledger,
            settings=settings,
            inspector=inline_inspector(),
        ) as runner,
    ):
        for backend in backends:  # its SDK's first request takes a thread, which no clock waits for
            await backend.status([Ticket(backend.name, "none")])
        began = trio.current_time()
        try:
            clips = await runner.process(UUID(int=seed), prompts, budget=Decimal(5))
        except InsufficientClipsError as error:
            clips = error.clips
        seconds = trio.current_time() - began
    each = DURATION * RATE + BASE
    return Played(seconds, clips.successful_clips, clips.total_cost, CLIPS * each)


def picture() -> bytes:
    """A reference image."""
    encoded = BytesIO()
    Image.radial_gradient("L").convert("RGB").save(encoded, "PNG")
    return encoded.getvalue()


if __name__ == "__main__":
    main()

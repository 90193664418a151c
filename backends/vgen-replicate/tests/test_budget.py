"""A job costs what was foretold, it is booked as billed, and half as much again is enough."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

from vgen import ClipPrompt, Settings, open_runner
from vgen.testing import MemoryLedger, MemoryStorage, inline_inspector, stand_in
from vgen_replicate import CogVideoX, StableVideoDiffusion

from .pictures import png_image
from .server import running_simulator

SPEED = 200.0
IMAGE = "scene.png"
PROMPTS = [
    ClipPrompt(index, f"scene {index}", 4.0 if index % 2 else 6.0, scene_reference_url=image)
    for index, image in enumerate([IMAGE, IMAGE, IMAGE, None, None, None])
]
ENOUGH = Decimal("1.5")


async def test_six_clips_on_half_as_much_again() -> None:
    """All are made, the budget holds by the service's books, and both books are the same."""
    ledger, job_id = MemoryLedger(), uuid4()
    with running_simulator(speed=SPEED) as service:
        backends = [stand_in(kind(**service.access)) for kind in (StableVideoDiffusion, CogVideoX)]
        async with open_runner(
            backends=backends,
            storage=MemoryStorage({IMAGE: png_image().data}),
            ledger=ledger,
            settings=Settings(poll_interval=3 / SPEED),
            inspector=inline_inspector(),
        ) as runner:
            plan = await runner.plan(PROMPTS)
            budget = ENOUGH * plan.expected
            clips = await runner.process(job_id, PROMPTS, budget=budget)
        billed = service.simulator.billed
    assert clips.successful_clips == 6
    assert clips.total_cost == billed <= budget
    assert {clip.backend for clip in clips.clips} == {"svd", "cogvideox"}
    assert plan.forecast.cost.low <= billed <= plan.forecast.cost.high
    assert plan.expected <= plan.least <= budget

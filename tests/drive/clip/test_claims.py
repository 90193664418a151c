"""How long a claim on a clip lasts."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import Settings
from vgen.testing import FakeBackend


async def test_a_claim_outlives_a_slow_submit(autojump_clock: MockClock) -> None:
    """Also after a cancellation, a clip cannot be claimed until its submit has ended."""
    fakes = Fakes([FakeBackend(latency=200)], settings=Settings(submit_timeout=300))
    claims: list[object] = []

    async def claim() -> None:
        for seconds in (499, 2):
            await trio.sleep(seconds)
            claims.append(await fakes.ledger.claim(JOB, 0, owner="other", lease=1))

    async with trio.open_nursery() as nursery, fakes.runner() as runner:
        nursery.start_soon(claim)
        with trio.move_on_after(250):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert [claim is not None for claim in claims] == [False, True]

"""A job that is cancelled at any step of any of its tasks: nothing runs on, nothing is lost."""

from __future__ import annotations

from collections import Counter
from functools import partial

import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Stage, prompts
from vgen.testing import Behaviour, Fail, FakeBackend, LoseAnswer, Succeed

SCRIPT: dict[str, list[Behaviour]] = {"a": [Fail()], "b": [LoseAnswer(then=Succeed())]}


class Cut(trio.abc.Instrument):
    """Cancels a scope when the tasks of a run have taken so many steps."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.scope = trio.CancelScope()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """Count a step."""
        self.left -= 1
        if self.left == 0:
            trio.lowlevel.current_trio_token().run_sync_soon(self.scope.cancel)


async def cut_and_finish(cut: Cut) -> None:
    """Play a job until it is cut, and again to its end."""
    stage = Stage([FakeBackend(script=SCRIPT)])
    play = partial(_play, stage)
    with cut.scope:
        await play()
    await _nothing_runs_unseen(stage)
    await play()
    made = Counter(charge.prompt for charge in stage.fake.charges if charge.amount)
    again = Counter({prompt: n - 1 for prompt, n in made.items() if n > 1})
    assert not again, f"paid for twice: {again}"
    assert sorted(made) == ["a", "b", "c"]
    assert len(stage.storage.files) == 3


async def _play(stage: Stage) -> None:
    async with stage.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)


async def _nothing_runs_unseen(stage: Stage) -> None:
    """What the provider still runs has a line in the ledger that says so."""
    job = await stage.ledger.job(JOB)
    attempts = job.attempts if job else ()
    assert set(stage.fake.running) <= {a.attempt_id for a in attempts if a.is_open}


def test_at_every_step() -> None:
    """Cut anywhere, the same job again finishes it, and pays for each clip once."""
    after = 0
    cut = Cut(after)
    while after == 0 or cut.scope.cancelled_caught:
        after += 1
        cut = Cut(after)
        clock = MockClock(autojump_threshold=0)
        trio.run(cut_and_finish, cut, clock=clock, instruments=[cut])
    assert after > 100

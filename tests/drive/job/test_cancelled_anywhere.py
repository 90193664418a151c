"""A job that is cancelled at any step of any of its tasks: nothing runs on or is lost."""

from __future__ import annotations

from collections import Counter

import trio
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen.testing import Behaviour, Fail, FakeBackend, LoseAnswer, Succeed

SCRIPT: dict[str, list[Behaviour]] = {"a": [Fail()], "b": [LoseAnswer(then=Succeed())]}


class CancelAfterSteps(trio.abc.Instrument):
    """Cancels its scope when the tasks of a Trio run have taken so many steps."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.scope = trio.CancelScope()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """Count a step."""
        self.left -= 1
        if self.left == 0:
            trio.lowlevel.current_trio_token().run_sync_soon(self.scope.cancel)


async def cancel_and_finish(canceller: CancelAfterSteps) -> None:
    """Run a job until it is cancelled, and again to its end."""
    fakes = Fakes([FakeBackend(script=SCRIPT)])
    with canceller.scope:
        await _run_job(fakes)
    await _check_running_are_recorded(fakes)
    await _run_job(fakes)
    made = Counter(charge.prompt for charge in fakes.backend.charges if charge.amount)
    again = Counter({prompt: n - 1 for prompt, n in made.items() if n > 1})
    assert not again, f"paid for twice: {again}"
    assert sorted(made) == ["a", "b", "c"]
    assert len(fakes.storage.files) == 6


async def _run_job(fakes: Fakes) -> None:
    async with fakes.runner() as runner:
        await runner.process(JOB, prompts(*"abc"), budget=PLENTY)


async def _check_running_are_recorded(fakes: Fakes) -> None:
    """Check that the provider runs only attempts that are open in the ledger."""
    job = await fakes.ledger.job(JOB)
    attempts = job.attempts if job else ()
    assert set(fakes.backend.running) <= {a.attempt_id for a in attempts if a.is_open}


def test_at_every_step() -> None:
    """After a cancel at any step, the next run finishes the job; each clip is paid for once."""
    after = 0
    canceller = CancelAfterSteps(after)
    while after == 0 or canceller.scope.cancelled_caught:
        after += 1
        canceller = CancelAfterSteps(after)
        clock = MockClock(autojump_threshold=0)
        trio.run(cancel_and_finish, canceller, clock=clock, instruments=[canceller])
    assert after > 100

"""What every ledger must keep, as tests."""

from __future__ import annotations

import sys
from abc import abstractmethod
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest
import trio
from attrs import evolve
from hypothesis import Phase, given, settings

from vgen.errors import BudgetExceededError, LedgerError
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Custody, Money
from vgen.records.entry import Line, Released, Settled, Ticketed
from vgen.records.job import Claim
from vgen.records.status import State
from vgen.testing.contracts.auditing import audit
from vgen.testing.contracts.busy import BUDGET, Busy, seeded
from vgen.testing.contracts.operations import (
    AN_HOUR,
    CLIPS,
    JOB,
    Known,
    a_manifest,
    an_attempt,
    attempt_id,
    outcome_of,
    timeless,
)
from vgen.testing.contracts.stage import Stage, in_trio
from vgen.testing.contracts.users import TICKET, Step, histories
from vgen.testing.ledger import MemoryLedger

PHASES = set(Phase) - {Phase.explain}
"""To vary what has been shrunk takes long, and the shrunk history speaks for itself."""

INTENDED = (Money.HELD, Custody.INTENDED)
MOMENT = 0.05
"""A lease that is over soon, in seconds."""


class LedgerContract(Stage):
    """The promises of `vgen.ports.ledger.CostLedger`, one test each.

    ```python
    class TestMine(LedgerContract):
        def make(self, folder: Path) -> CostLedger:
            return Mine(folder / "ledger.db")
    ```

    `make` is given an empty folder, which is of use to some. Where several processes may share
    the ledger, override `elsewhere` too. `examples` random histories are compared with the model,
    each of about `size` runs of operations; `crowd` users take `steps` steps each.
    """

    examples: ClassVar[int] = 40
    size: ClassVar[int] = 12
    crowd: ClassVar[int] = 3
    steps: ClassVar[int] = 60

    @abstractmethod
    def make(self, folder: Path) -> CostLedger:
        """Make the ledger, empty for a new folder."""

    def elsewhere(self, folder: Path) -> tuple[str, ...]:
        """Say how another process makes the same ledger: "module:name" and its arguments."""
        del folder
        return ()

    def test_it_agrees_with_the_model(self) -> None:
        """Whatever is asked, once or twice, it answers as `vgen.testing.MemoryLedger` does."""

        @settings(max_examples=self.examples, deadline=None, phases=PHASES)
        @given(histories(self.size))
        def agree(history: list[Step]) -> None:
            with TemporaryDirectory(prefix="vgen-") as folder:
                self.run(partial(self._agree, Path(folder), history))

        agree()

    async def _agree(self, folder: Path, history: list[Step]) -> None:
        ledger, model, known = self.make(folder), MemoryLedger(), Known()
        try:
            for step in history:
                call = step.operation.call(known)
                for _ in range(1 + step.twice):
                    expected = await outcome_of(call, model)
                    assert await outcome_of(call, ledger) == expected, f"after {step}"
                    told = timeless(await ledger.job(JOB))
                    assert told == timeless(await model.job(JOB)), f"after {step}"
                job = await model.job(JOB)
                known.states = {a.attempt_id.int: a.state for a in job.attempts} if job else {}
            assert undated(await ledger.history(JOB)) == undated(await model.history(JOB))
        finally:
            await ledger.aclose()

    @in_trio
    async def test_users_at_once_keep_its_books(self, tmp_path: Path) -> None:
        """However many tasks work on a job at once, every line of its journal is sound."""
        ledger = self.make(tmp_path)
        await ledger.open_job(a_manifest(BUDGET), [])
        users = [Busy(ledger, f"task {seed}", seeded(seed)) for seed in range(self.crowd)]
        async with trio.open_nursery() as nursery:
            for user in users:
                nursery.start_soon(user.work, self.steps)
        assert sum(user.changed for user in users) > 0
        await audit(ledger, JOB)
        await ledger.aclose()

    @in_trio
    async def test_processes_at_once_keep_its_books(self, tmp_path: Path) -> None:
        """However many processes work on a job at once, every line of its journal is sound."""
        factory = self.elsewhere(tmp_path)
        if not factory:
            pytest.skip("it lives in one process")
        ledger = self.make(tmp_path)
        await ledger.open_job(a_manifest(BUDGET), [])
        command = [sys.executable, "-m", "vgen.testing.contracts.busy"]
        changed: list[int] = []

        async def work(seed: int) -> None:
            arguments = [str(seed), str(self.steps), *factory]
            done = await trio.run_process([*command, *arguments], capture_stdout=True)
            changed.append(int(done.stdout))

        async with trio.open_nursery() as nursery:
            for seed in range(self.crowd):
                nursery.start_soon(work, seed)
        assert sum(changed) > 0
        await audit(ledger, JOB)
        await ledger.aclose()

    @in_trio
    async def test_holds_are_taken_together_or_not_at_all(self, tmp_path: Path) -> None:
        """Holds that do not fit together leave no job, no hold and no line behind."""
        ledger = self.make(tmp_path)
        holds = [an_attempt(number, cents=51) for number in range(CLIPS)]
        with pytest.raises(BudgetExceededError) as caught:
            await ledger.open_job(a_manifest(101), holds)
        assert caught.value.asked == Decimal("1.02")
        assert (await ledger.job(JOB), await ledger.history(JOB)) == (None, ())
        assert (await ledger.open_job(a_manifest(102), holds)).left == 0
        await ledger.aclose()

    @in_trio
    async def test_what_was_planned_is_taken_up(self, tmp_path: Path) -> None:
        """An attempt is sent on the money that was held for its clip, not on as much again."""
        ledger = self.make(tmp_path)
        await ledger.open_job(a_manifest(30), [an_attempt(0, cents=30)])
        claim = await claimed(ledger, "ann", lease=AN_HOUR)
        with pytest.raises(BudgetExceededError):
            await ledger.reserve(claim, an_attempt(0, cents=31))
        sent = await ledger.reserve(claim, an_attempt(0, cents=30))
        assert (sent.state, sent.sent) == (INTENDED, True)
        assert (await audit(ledger, JOB)).held == Decimal("0.30")
        await ledger.aclose()

    @in_trio
    async def test_a_claim_is_one_owners_until_it_expires(self, tmp_path: Path) -> None:
        """Nobody else is given a claimed clip; an expired claim passes on and writes no more."""
        ledger = self.make(tmp_path)
        await ledger.open_job(a_manifest(100), [])
        first = await claimed(ledger, "ann", lease=AN_HOUR)
        assert await ledger.claim(JOB, 0, owner="bob", lease=AN_HOUR) is None
        assert await ledger.holder(JOB, 0) == first
        await ledger.reserve(first, an_attempt(0, cents=10))
        await ledger.renew(first, lease=MOMENT)
        second = await ledger.claim(JOB, 0, owner="bob", lease=AN_HOUR)
        while second is None:
            await trio.sleep(MOMENT)
            second = await ledger.claim(JOB, 0, owner="bob", lease=AN_HOUR)
        assert second.epoch > first.epoch
        for stale in (
            partial(ledger.renew, first, lease=AN_HOUR),
            partial(ledger.reserve, first, an_attempt(0, cents=10)),
            partial(ledger.advance, first, attempt_id(0), INTENDED, Released("refused")),
            partial(ledger.reserve, second, an_attempt(0, cents=10)),
        ):
            with pytest.raises(LedgerError):
                await stale()
        await ledger.aclose()

    @in_trio
    async def test_a_clip_has_one_open_attempt(self, tmp_path: Path) -> None:
        """While an attempt at a clip can still move, no other is let in, whoever asks."""
        ledger = self.make(tmp_path)
        await ledger.open_job(a_manifest(100), [])
        claim = await claimed(ledger, "ann", lease=AN_HOUR)
        await ledger.reserve(claim, an_attempt(0, cents=10))
        with pytest.raises(LedgerError):
            await ledger.reserve(claim, an_attempt(CLIPS, cents=10))
        account = await ledger.open_job(a_manifest(100), [an_attempt(CLIPS, cents=20)])
        assert account.held == Decimal("0.10")
        await ledger.aclose()

    @in_trio
    async def test_a_lost_answer_can_be_asked_for_again(self, tmp_path: Path) -> None:
        """The same call again has the same answer, and writes no second line."""
        ledger = self.make(tmp_path)
        await ledger.open_job(a_manifest(100), [])
        claim = await claimed(ledger, "ann", lease=AN_HOUR)
        for call in (
            partial(ledger.reserve, claim, an_attempt(0, cents=10)),
            partial(ledger.advance, claim, attempt_id(0), INTENDED, Ticketed(TICKET)),
        ):
            answer = await call()
            lines = await ledger.history(JOB)
            assert await call() == answer
            assert await ledger.history(JOB) == lines
        await ledger.aclose()

    @in_trio
    async def test_a_bill_above_its_hold_stops_the_spending(self, tmp_path: Path) -> None:
        """It is booked in full and marked, and nothing more that costs is let in."""
        ledger = self.make(tmp_path)
        await ledger.open_job(a_manifest(100), [])
        claim = await claimed(ledger, "ann", lease=AN_HOUR)
        await ledger.reserve(claim, an_attempt(0, cents=10))
        await ledger.advance(claim, attempt_id(0), INTENDED, Ticketed(TICKET))
        bill = Settled(State.FAILED, Decimal("0.12"), metered=True)
        state = (Money.HELD, Custody.TICKETED)
        assert (await ledger.advance(claim, attempt_id(0), state, bill)).overrun
        with pytest.raises(BudgetExceededError):
            await ledger.reserve(claim, an_attempt(CLIPS, cents=1))
        account = await audit(ledger, JOB)
        assert (account.spent, account.overrun) == (Decimal("0.12"), True)
        await ledger.aclose()

    @in_trio
    async def test_what_is_written_stays(self, tmp_path: Path) -> None:
        """Closed and opened again, the ledger has every job, claim and line that it had."""
        ledger = self.make(tmp_path)
        await ledger.open_job(a_manifest(100), [an_attempt(0, cents=10)])
        await claimed(ledger, "ann", lease=AN_HOUR)
        before = await ledger.job(JOB), await ledger.history(JOB)
        for _ in range(2):
            await ledger.aclose()
        other = self.make(tmp_path)
        assert await other.jobs() == (JOB,)
        assert (await other.job(JOB), await other.history(JOB)) == before
        assert await other.claim(JOB, 0, owner="bob", lease=AN_HOUR) is None
        await other.aclose()


async def claimed(ledger: CostLedger, owner: str, *, lease: float) -> Claim:
    """Claim the first clip, which is free."""
    claim = await ledger.claim(JOB, 0, owner=owner, lease=lease)
    assert claim is not None
    return claim


def undated(lines: tuple[Line, ...]) -> list[Line]:
    """Give the lines of a journal as if all were written at once."""
    return [evolve(line, at=datetime.fromtimestamp(0, UTC)) for line in lines]

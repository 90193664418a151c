"""The contract of `CostLedger`, as tests."""

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

from vgen.errors import BudgetExceededError, ClaimPassedOnError, JobReopenedError, LedgerError
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Custody, Money
from vgen.records.entry import Doubted, Line, Released, Settled, Ticketed
from vgen.records.job import Claim, JobClip
from vgen.records.money import ZERO, Need
from vgen.records.status import State
from vgen.testing.contracts.auditing import audit
from vgen.testing.contracts.books import BooksContract
from vgen.testing.contracts.histories import TICKET, Step, histories
from vgen.testing.contracts.operations import (
    CLIPS,
    JOB,
    NOTHING,
    ONE_HOUR,
    OTHER_JOB,
    PURSE,
    Known,
    attempt_id,
    make_attempt,
    make_manifest,
    outcome_of,
    without_times,
)
from vgen.testing.contracts.random_user import BUDGET, RandomUser, seeded_random
from vgen.testing.contracts.trio_tests import in_trio
from vgen.testing.ledger import MemoryLedger

PHASES = set(Phase) - {Phase.explain}
"""Without Hypothesis's explain phase, which takes long here; the shrunk history is enough."""

INTENDED = (Money.HELD, Custody.INTENDED)
SHORT_LEASE = 0.05
"""A short lease, in seconds."""


class LedgerContract(BooksContract):
    """The promises of `vgen.ports.ledger.CostLedger`, one test each.

    ```python
    class TestMine(LedgerContract):
        def make(self, folder: Path) -> CostLedger:
            return Mine(folder / "ledger.db")
    ```

    `make` gets an empty folder. Where several processes may share the ledger, override
    `subprocess_factory` too. `examples` random histories, each of up to `size` sequences of
    operations, are compared with `MemoryLedger`; `users` concurrent users do `operations`
    operations each.
    """

    examples: ClassVar[int] = 40
    size: ClassVar[int] = 12
    users: ClassVar[int] = 3
    operations: ClassVar[int] = 60

    @abstractmethod
    def make(self, folder: Path) -> CostLedger:
        """Make the ledger, empty for a new folder."""

    def subprocess_factory(self, folder: Path) -> tuple[str, ...]:
        """Return how a subprocess makes the same ledger: "module:name" and its arguments."""
        del folder
        return ()

    def test_it_agrees_with_the_model(self) -> None:
        """Each call, also a repeated one, has the same result as on `vgen.testing.MemoryLedger`."""

        @settings(max_examples=self.examples, deadline=None, phases=PHASES)
        @given(histories(self.size))
        def compare(history: list[Step]) -> None:
            with TemporaryDirectory(prefix="vgen-") as folder:
                self.run(partial(self._compare, Path(folder), history))

        compare()

    async def _compare(self, folder: Path, history: list[Step]) -> None:
        ledger, model, known = self.make(folder), MemoryLedger(), Known()
        try:
            for step in history:
                call = step.operation.call(known)
                for _ in range(1 + step.repeated):
                    expected = await outcome_of(call, model)
                    assert await outcome_of(call, ledger) == expected, f"after {step}"
                    job_there = without_times(await ledger.job(JOB))
                    assert job_there == without_times(await model.job(JOB)), f"after {step}"
                job = await model.job(JOB)
                known.states = {a.attempt_id.int: a.state for a in job.attempts} if job else {}
            assert lines_without_times(await ledger.history(JOB)) == lines_without_times(
                await model.history(JOB)
            )
        finally:
            await ledger.aclose()

    @in_trio
    async def test_concurrent_tasks_keep_the_journal_sound(self, tmp_path: Path) -> None:
        """With several tasks working on a job, every line of its journal is sound."""
        ledger = self.make(tmp_path)
        await ledger.open_job(make_manifest(BUDGET), NOTHING)
        users = [
            RandomUser(ledger, f"task {seed}", seeded_random(seed)) for seed in range(self.users)
        ]
        async with trio.open_nursery() as nursery:
            for user in users:
                nursery.start_soon(user.work, self.operations)
        assert sum(user.changed for user in users) > 0
        await audit(ledger, JOB)
        await ledger.aclose()

    @in_trio
    async def test_concurrent_processes_keep_the_journal_sound(self, tmp_path: Path) -> None:
        """With several processes working on a job, every line of its journal is sound."""
        factory = self.subprocess_factory(tmp_path)
        if not factory:
            pytest.skip("no subprocess_factory: one process only")
        ledger = self.make(tmp_path)
        await ledger.open_job(make_manifest(BUDGET), NOTHING)
        command = [sys.executable, "-m", "vgen.testing.contracts.random_user"]
        changed: list[int] = []

        async def work(seed: int) -> None:
            arguments = [str(seed), str(self.operations), *factory]
            done = await trio.run_process([*command, *arguments], capture_stdout=True)
            changed.append(int(done.stdout))

        async with trio.open_nursery() as nursery:
            for seed in range(self.users):
                nursery.start_soon(work, seed)
        assert sum(changed) > 0
        await audit(ledger, JOB)
        await ledger.aclose()

    @in_trio
    async def test_a_job_is_opened_only_within_its_limits(self, tmp_path: Path) -> None:
        """What it needs over its budget leaves no job behind, and the least budget is named."""
        ledger = self.make(tmp_path)
        for need in (
            Need(expected=Decimal("1.02")),
            Need(expected=Decimal("0.51"), peak=Decimal("1.02")),
        ):
            with pytest.raises(BudgetExceededError) as caught:
                await ledger.open_job(make_manifest(101), need)
            assert caught.value.least == Decimal("1.02")
            assert (await ledger.job(JOB), await ledger.jobs()) == (None, ())
        account = await ledger.open_job(make_manifest(102), need)
        assert (account.left, account.held) == (Decimal("1.02"), ZERO)
        await ledger.aclose()

    @in_trio
    async def test_a_purse_limits_all_its_jobs(self, tmp_path: Path) -> None:
        """What they hold and spend is within it, and a refusal names it and who holds how much."""
        ledger = self.make(tmp_path)
        await ledger.open_job(make_manifest(100, purse=50), NOTHING)
        claim = await claimed(ledger, "ann", lease=ONE_HOUR)
        await ledger.reserve(claim, make_attempt(0, cents=30))
        other = evolve(make_manifest(100, purse=50), job_id=OTHER_JOB)
        with pytest.raises(BudgetExceededError) as caught:
            await ledger.open_job(other, Need(expected=Decimal("0.21")))
        assert await ledger.job(OTHER_JOB) is None
        await ledger.open_job(other, Need(expected=Decimal("0.20")))
        second = await ledger.claim(OTHER_JOB, 0, owner="bob", lease=ONE_HOUR)
        assert second is not None
        with pytest.raises(BudgetExceededError) as caught:
            await ledger.reserve(second, make_attempt(CLIPS, cents=21))
        error = caught.value
        assert (error.purse, error.limit, error.asked) == (PURSE, Decimal("0.50"), Decimal("0.21"))
        assert error.held_by == ((JOB, Decimal("0.30")),)
        await ledger.advance(claim, attempt_id(0), INTENDED, Doubted("silence"))
        with pytest.raises(BudgetExceededError):
            await ledger.reserve(second, make_attempt(CLIPS, cents=21))
        doubt = (Money.IN_DOUBT, Custody.INTENDED)
        await ledger.advance(claim, attempt_id(0), doubt, Released("refused"))
        sent = await ledger.reserve(second, make_attempt(CLIPS, cents=21))
        assert sent.purses == (PURSE,)
        await ledger.aclose()

    @in_trio
    async def test_an_attempt_stays_in_its_purse(self, tmp_path: Path) -> None:
        """What was sent counts in the purse of its time, whatever the job is opened with later."""
        ledger = self.make(tmp_path)
        await ledger.open_job(make_manifest(100, purse=30), NOTHING)
        claim = await claimed(ledger, "ann", lease=ONE_HOUR)
        await ledger.reserve(claim, make_attempt(0, cents=30))
        await ledger.open_job(make_manifest(100), NOTHING)
        await ledger.advance(claim, attempt_id(0), INTENDED, Ticketed(TICKET))
        bill = Settled(State.FAILED, Decimal("0.30"), metered=True)
        await ledger.advance(claim, attempt_id(0), (Money.HELD, Custody.TICKETED), bill)
        free = await ledger.reserve(claim, make_attempt(CLIPS, cents=30))
        assert free.purses == ()
        with pytest.raises(BudgetExceededError) as caught:
            await ledger.open_job(make_manifest(100, purse=59), Need(expected=Decimal("0.30")))
        assert (caught.value.spent, caught.value.held) == (Decimal("0.30"), ZERO)
        await ledger.aclose()

    @in_trio
    async def test_its_time_is_that_of_its_lines(self, tmp_path: Path) -> None:
        """`now` is the clock by which reservations and lines of the journal are dated."""
        ledger = self.make(tmp_path)
        await ledger.open_job(make_manifest(100), NOTHING)
        claim = await claimed(ledger, "ann", lease=ONE_HOUR)
        before = await ledger.now()
        sent = await ledger.reserve(claim, make_attempt(0, cents=10))
        after = await ledger.now()
        assert sent.reserved_at is not None
        assert before <= sent.reserved_at <= after
        assert all(before <= line.at <= after for line in await ledger.history(JOB))
        await ledger.aclose()

    @in_trio
    async def test_a_claim_is_one_owners_until_it_expires(self, tmp_path: Path) -> None:
        """A claimed clip is refused to others; an expired one is taken over and writes no more."""
        ledger = self.make(tmp_path)
        await ledger.open_job(make_manifest(100), NOTHING)
        first = await claimed(ledger, "ann", lease=ONE_HOUR)
        assert await ledger.claim(JOB, 0, owner="bob", lease=ONE_HOUR) is None
        assert await ledger.holder(JOB, 0) == first
        await ledger.reserve(first, make_attempt(0, cents=10))
        await ledger.renew(first, lease=SHORT_LEASE)
        second = await ledger.claim(JOB, 0, owner="bob", lease=ONE_HOUR)
        while second is None:
            await trio.sleep(SHORT_LEASE)
            second = await ledger.claim(JOB, 0, owner="bob", lease=ONE_HOUR)
        assert second.epoch > first.epoch
        for stale in (
            partial(ledger.renew, first, lease=ONE_HOUR),
            partial(ledger.reserve, first, make_attempt(0, cents=10)),
            partial(ledger.advance, first, attempt_id(0), INTENDED, Released("refused")),
        ):
            with pytest.raises(ClaimPassedOnError):
                await stale()
        with pytest.raises(LedgerError):
            await ledger.reserve(second, make_attempt(0, cents=10))
        await ledger.aclose()

    @in_trio
    async def test_a_later_opening_ends_the_earlier(self, tmp_path: Path) -> None:
        """After it, a claim for the earlier one sends nothing, but writes on what it has sent."""
        ledger = self.make(tmp_path)
        await ledger.open_job(make_manifest(100, opening="first"), NOTHING)
        claim = await ledger.claim(JOB, 0, owner="ann", lease=ONE_HOUR, opening="first")
        assert claim is not None
        await ledger.reserve(claim, make_attempt(0, cents=10))
        await ledger.open_job(make_manifest(90, opening="first"), NOTHING)
        await ledger.renew(claim, lease=ONE_HOUR)
        await ledger.open_job(make_manifest(100, opening="second"), NOTHING)
        await ledger.advance(claim, attempt_id(0), INTENDED, Released("refused"))
        for earlier in (
            partial(ledger.renew, claim, lease=ONE_HOUR),
            partial(ledger.reserve, claim, make_attempt(CLIPS, cents=10)),
            partial(ledger.claim, JOB, 1, owner="ann", lease=ONE_HOUR, opening="first"),
        ):
            with pytest.raises(JobReopenedError):
                await earlier()
        for opening in ("", "second"):
            await ledger.release(claim)
            later = await ledger.claim(JOB, 0, owner="bob", lease=ONE_HOUR, opening=opening)
            assert later is not None
            await ledger.renew(later, lease=ONE_HOUR)
            claim = later
        await ledger.aclose()

    @in_trio
    async def test_a_clip_is_read_alone(self, tmp_path: Path) -> None:
        """It comes with what its job says of all clips, and not with the others."""
        ledger = self.make(tmp_path)
        assert await ledger.clip(JOB, 0) is None
        longer, shorter = make_manifest(100), make_manifest(90, opening="second")
        await ledger.open_job(longer, NOTHING)
        for index, planned in enumerate(longer.clips):
            alone = evolve(longer, clips=(planned,))
            assert await ledger.clip(JOB, index) == JobClip(alone, total=CLIPS)
        await ledger.open_job(evolve(shorter, clips=shorter.clips[:1]), NOTHING)
        await ledger.stop(JOB)
        none = evolve(shorter, clips=())
        assert await ledger.clip(JOB, CLIPS - 1) == JobClip(none, total=1, stopped=True)
        job = await ledger.job(JOB)
        assert job is not None
        assert job.manifest == evolve(shorter, clips=shorter.clips[:1])
        await ledger.aclose()

    @in_trio
    async def test_a_clip_has_one_open_attempt(self, tmp_path: Path) -> None:
        """While a clip's attempt is open, no other attempt at it can be reserved."""
        ledger = self.make(tmp_path)
        await ledger.open_job(make_manifest(100), NOTHING)
        claim = await claimed(ledger, "ann", lease=ONE_HOUR)
        await ledger.reserve(claim, make_attempt(0, cents=10))
        with pytest.raises(LedgerError):
            await ledger.reserve(claim, make_attempt(CLIPS, cents=10))
        account = await ledger.open_job(make_manifest(100), NOTHING)
        assert account.held == Decimal("0.10")
        await ledger.aclose()

    @in_trio
    async def test_a_call_can_be_repeated(self, tmp_path: Path) -> None:
        """The same call again has the same result, and writes no second line."""
        ledger = self.make(tmp_path)
        await ledger.open_job(make_manifest(100), NOTHING)
        claim = await claimed(ledger, "ann", lease=ONE_HOUR)
        for call in (
            partial(ledger.reserve, claim, make_attempt(0, cents=10)),
            partial(ledger.advance, claim, attempt_id(0), INTENDED, Ticketed(TICKET)),
        ):
            answer = await call()
            lines = await ledger.history(JOB)
            assert await call() == answer
            assert await ledger.history(JOB) == lines
        await ledger.aclose()

    @in_trio
    async def test_a_bill_above_its_hold_stops_the_spending(self, tmp_path: Path) -> None:
        """It is booked in full and marked as an overrun, and nothing more can be reserved."""
        ledger = self.make(tmp_path)
        await ledger.open_job(make_manifest(100), NOTHING)
        claim = await claimed(ledger, "ann", lease=ONE_HOUR)
        await ledger.reserve(claim, make_attempt(0, cents=10))
        await ledger.advance(claim, attempt_id(0), INTENDED, Ticketed(TICKET))
        bill = Settled(State.FAILED, Decimal("0.12"), metered=True)
        state = (Money.HELD, Custody.TICKETED)
        assert (await ledger.advance(claim, attempt_id(0), state, bill)).overrun
        with pytest.raises(BudgetExceededError):
            await ledger.reserve(claim, make_attempt(CLIPS, cents=1))
        account = await audit(ledger, JOB)
        assert (account.spent, account.overrun) == (Decimal("0.12"), True)
        await ledger.aclose()

    @in_trio
    async def test_a_ledger_can_be_reopened(self, tmp_path: Path) -> None:
        """A ledger that is closed and opened again has all its jobs, claims and lines."""
        ledger = self.make(tmp_path)
        await ledger.open_job(make_manifest(100, purse=10), NOTHING)
        claim = await claimed(ledger, "ann", lease=ONE_HOUR)
        await ledger.reserve(claim, make_attempt(0, cents=10))
        before = await ledger.job(JOB), await ledger.history(JOB)
        for _ in range(2):
            await ledger.aclose()
        other = self.make(tmp_path)
        assert [job.job_id for job in await other.jobs()] == [JOB]
        assert (await other.job(JOB), await other.history(JOB)) == before
        assert await other.claim(JOB, 0, owner="bob", lease=ONE_HOUR) is None
        await other.aclose()


async def claimed(ledger: CostLedger, owner: str, *, lease: float) -> Claim:
    """Claim the first clip, which must be free."""
    claim = await ledger.claim(JOB, 0, owner=owner, lease=lease)
    assert claim is not None
    return claim


def lines_without_times(lines: tuple[Line, ...]) -> list[Line]:
    """Return a journal's lines with all times replaced by one."""
    return [evolve(line, at=datetime.fromtimestamp(0, UTC)) for line in lines]

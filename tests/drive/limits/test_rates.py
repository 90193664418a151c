"""The limits of an account that its backends declare: never more requests than it takes."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import trio
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import PLENTY, Fakes
from tests.drive.limits.test_sharing import named
from vgen import Settings
from vgen.abc import Attempt, Claim, ClipRequest, Image, Prepared, Rates, Status, Ticket
from vgen.drive.attempt.run import LEDGER_PATIENCE
from vgen.errors import RateLimitedError
from vgen.testing import CAPABILITIES, Fail, FakeBackend, MemoryLedger, Succeed

MINUTE = 60.0
MODEL = Succeed(after=60.0)


class Account:
    """An account that takes so many requests in any minute, and counts them by their kind."""

    def __init__(self, rates: Rates) -> None:
        self.rates = rates
        self.sent = {"submit": deque[float](), "call": deque[float]()}
        self.refused = 0

    def take(self, kind: str, most: int | None, count: int = 1) -> None:
        """Take requests, or refuse them as too many."""
        times, now = self.sent[kind], trio.current_time()
        times.extend([now] * count)
        if most is not None and len(times) > most and times[-most - 1] > now - MINUTE:
            self.refused += 1
            raise RateLimitedError("too many requests")


class Limited(FakeBackend):
    """A backend on such an account."""

    def __init__(self, account: Account, name: str = "limited", **options: Any) -> None:
        can = evolve(CAPABILITIES, rates=account.rates, run_limit=600.0)
        options.setdefault("default", MODEL)
        super().__init__(name, capabilities=can, **options)
        self.account, self.limits = "shared", account

    async def prepare(self, request: ClipRequest, image: Image | None) -> Prepared:
        """Count an upload."""
        self.limits.take("call", self.limits.rates.calls)
        return await super().prepare(request, image)

    async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
        """Count a submit."""
        self.limits.take("submit", self.limits.rates.submits)
        return await super().submit(prepared, attempt_id)

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        """Count the questions."""
        calls = math.ceil(len(tickets) / self.limits.rates.tickets_per_call)
        self.limits.take("call", self.limits.rates.calls, calls)
        return await super().status(tickets)

    async def fetch(self, ticket: Ticket, path: Path) -> None:
        """Count a download."""
        self.limits.take("call", self.limits.rates.calls)
        await super().fetch(ticket, path)


async def test_an_accounts_limits_are_never_passed(autojump_clock: MockClock) -> None:
    """By two jobs on two backends of one account; and no longer than its submits take."""
    account = Account(Rates(submits=30, calls=240))
    backends = [Limited(account, "one"), Limited(account, "two", tells_progress=False)]
    fakes = Fakes(backends, settings=Settings(concurrency=200))
    began = trio.current_time()
    async with fakes.runner() as runner, trio.open_nursery() as nursery:
        for name in "ab":
            make = partial(runner.process, budget=PLENTY)
            nursery.start_soon(make, uuid4(), named(name, 75))
    assert account.refused == 0
    assert len(account.sent["submit"]) == 150
    assert trio.current_time() - began <= 1.05 * (5 * MINUTE + 60)


async def test_a_slow_ledger_bunches_no_submits(autojump_clock: MockClock) -> None:
    """What waits for it is sent when it goes on: the limit is kept from then, not from before."""

    class StandsStill(MemoryLedger):
        async def reserve(self, claim: Claim, attempt: Attempt) -> Attempt:
            await trio.sleep_until(began + LEDGER_PATIENCE - 1)
            return await super().reserve(claim, attempt)

    account, began = Account(Rates(submits=10)), trio.current_time()
    fakes = Fakes([Limited(account)], ledger=StandsStill(), settings=Settings(concurrency=50))
    async with fakes.runner() as runner:
        await runner.process(uuid4(), named("clip", 30), budget=PLENTY)
    assert len(account.sent["submit"]) == 30
    assert account.refused == 0


async def test_the_next_is_sent_as_soon_as_the_account_may_be(autojump_clock: MockClock) -> None:
    """A minute after the last, though nothing has ended meanwhile."""
    fakes = Fakes([Limited(Account(Rates(submits=1)), default=Succeed(after=5 * MINUTE))])
    began = trio.current_time()
    async with fakes.runner() as runner:
        await runner.process(uuid4(), named("clip", 3), budget=PLENTY)
    assert trio.current_time() - began <= 7.2 * MINUTE


async def test_what_is_not_sent_after_all_counts_for_nothing(autojump_clock: MockClock) -> None:
    """Clips that the budget has nothing for leave the account to another job."""
    script = {"poor0": [Fail(billed=Decimal("0.12"))]}
    fakes = Fakes([Limited(Account(Rates(submits=1)), script=script)])
    async with fakes.runner() as runner:
        made = partial(runner.process, min_clips=1)
        poor = await made(uuid4(), named("poor", 3), budget=Decimal("0.36"))
        with trio.fail_after(5 * MINUTE):
            rich = await made(uuid4(), named("rich", 3), budget=PLENTY)
    assert (poor.successful_clips, rich.successful_clips) == (2, 3)


async def test_finished_clips_are_not_held_up_by_questions(autojump_clock: MockClock) -> None:
    """A part of the calls is left to downloads: at a low limit clips are stored one by one."""
    account = Account(Rates(calls=60))
    backend = Limited(account, tells_progress=False)
    fakes = Fakes([backend], settings=Settings(concurrency=50))
    began = trio.current_time()
    async with fakes.runner() as runner:
        await runner.process(uuid4(), named("clip", 50), budget=PLENTY)
    assert account.refused == 0
    assert trio.current_time() - began <= 10 * MINUTE


async def test_many_tickets_in_one_call_count_as_one(autojump_clock: MockClock) -> None:
    """Where a backend asks after a hundred at once, a low limit is enough for them."""
    account = Account(Rates(calls=120, tickets_per_call=100))
    fakes = Fakes([Limited(account)], settings=Settings(concurrency=100))
    began = trio.current_time()
    async with fakes.runner() as runner:
        await runner.process(uuid4(), named("clip", 50), budget=PLENTY)
    assert account.refused == 0
    assert trio.current_time() - began <= 2.5 * MINUTE


async def test_what_an_account_was_sent_can_be_looked_at(autojump_clock: MockClock) -> None:
    """By its name, in the last minute."""
    fakes = Fakes([Limited(Account(Rates(submits=2)))])
    async with fakes.runner() as runner:
        await runner.process(uuid4(), named("clip", 3), budget=PLENTY)
        use = runner.statistics().accounts["shared"]
        assert (use.submits, use.paused) == (1, 0.0)
        assert use.calls > 0
        await trio.sleep(70)
        assert runner.statistics().accounts["shared"].calls == 0

"""Webhooks: what they cause, what they cannot cause, and what happens without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from statistics import mean
from typing import Any
from uuid import UUID

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, PLENTY, Fakes, prompts
from vgen import Runner, Settings
from vgen.abc import Prepared, Status, Ticket
from vgen.errors import InsufficientClipsError, LedgerError, WebhookRefusedError
from vgen.testing import CAPABILITIES, Break, FakeBackend, Hang, Succeed

NOTIFIES = evolve(CAPABILITIES, notifies=True)
NET = 120.0
"""How long after its end an attempt is heard of at the latest, of which nothing was told."""


class Told(FakeBackend):
    """A backend that sends webhooks, and notes when each ticket was asked after."""

    def __init__(self, **options: Any) -> None:
        super().__init__(capabilities=options.pop("capabilities", NOTIFIES), **options)
        self.asked = Counter[str]()
        self.heard: dict[str, float] = {}

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        """Note the question, and answer it."""
        answers = await super().status(tickets)
        for ticket, status in answers.items():
            self.asked[ticket.provider_id] += 1
            if status.is_final:
                self.heard.setdefault(ticket.provider_id, trio.current_time())
        return answers

    def late(self) -> list[float]:
        """Return how many seconds after its end each attempt was heard of."""
        ends = {str(each.attempt_id): each.ends_at for each in self.accepted.values()}
        return [at - ends[key] for key, at in self.heard.items()]


@asynccontextmanager
async def running(fakes: Fakes, *texts: str) -> AsyncGenerator[Runner]:
    """Open a runner that makes clips of these texts beside the block."""
    async with fakes.runner() as runner, trio.open_nursery() as nursery:

        async def make() -> None:
            await runner.process(JOB, prompts(*texts), budget=PLENTY, min_clips=1)

        nursery.start_soon(make)
        yield runner


def told(**options: Any) -> tuple[Fakes, Told]:
    """Return fakes with a backend that sends webhooks."""
    backend = Told(**options)
    return Fakes([backend], settings=Settings(concurrency=20)), backend


async def test_an_attempt_is_asked_after_when_it_is_told_of(autojump_clock: MockClock) -> None:
    """One question a clip, at its end."""
    times = [17.0, 61.5, 118.0]
    script = {str(time): [Succeed(after=time)] for time in times}
    fakes, backend = told(script=script, seconds=60.0)
    async with running(fakes, *script) as runner, trio.open_nursery() as nursery:
        nursery.start_soon(backend.send_webhooks, runner)
        await trio.sleep(max(times) + 1)
        nursery.cancel_scope.cancel()
    assert mean(backend.asked.values()) == 1
    assert max(backend.late()) == 0


@pytest.mark.parametrize("seconds", [60.0, None])
async def test_a_lost_webhook_is_caught_by_the_net(
    seconds: float | None, autojump_clock: MockClock
) -> None:
    """Nothing is told at all: the first end is late by the net at most, the others are as usual."""
    script = {str(after): [Succeed(after=after)] for after in range(30, 60)}
    fakes, backend = told(script=script, seconds=seconds)
    fakes.settings = Settings(concurrency=3)
    async with running(fakes, *script):
        pass
    assert sum(late > 15 for late in backend.late()) <= 3
    assert max(backend.late()) <= NET
    assert len(backend.submitted) == len(script)


async def test_webhooks_are_relied_on_again_once_one_comes(autojump_clock: MockClock) -> None:
    """After those that were lost, each is asked after once again."""
    fakes, backend = told(default=Succeed(after=40.0), seconds=40.0)
    fakes.settings = Settings(concurrency=1)
    async with running(fakes, *"abcdef") as runner:
        await trio.sleep(NET + 45)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(backend.send_webhooks, runner)
            await trio.sleep(300)
            nursery.cancel_scope.cancel()
    by_the_net, second, third, *others = backend.asked.values()
    assert min(second, third) > 1
    assert [by_the_net, *others] == [1, 1, 1, 1]


async def test_one_that_runs_too_long_is_ended_at_its_limit(autojump_clock: MockClock) -> None:
    """What hangs sends no webhook: its time limit counts from when it began to run."""
    fakes, backend = told(script={"b": [Hang()] * 3})
    with pytest.raises(InsufficientClipsError):
        async with fakes.runner() as runner:
            await runner.process(JOB, prompts("b"), budget=PLENTY, min_clips=1)
    began = [each.submitted_at for each in backend.accepted.values()]
    assert not backend.running
    assert [after - before for before, after in pairwise(began)] == [
        pytest.approx(NOTIFIES.run_limit, abs=10)
    ] * 2


async def test_a_body_is_not_believed(autojump_clock: MockClock) -> None:
    """A webhook about an attempt that still runs causes a question, and its clip is waited for."""
    fakes, backend = told(default=Succeed(after=50.0), seconds=50.0)
    async with running(fakes, "a") as runner:
        await trio.sleep(1)
        (attempt_id,) = backend.accepted
        assert await runner.receive_webhook(*backend.webhook(attempt_id))
        await trio.sleep(1)
        assert backend.asked.total() == 1
        assert not await runner.receive_webhook(*backend.webhook(attempt_id))
        await trio.sleep(1)
        assert backend.asked.total() == 1
    assert backend.late() == [pytest.approx(0, abs=Settings().poll_interval)]


async def test_forged_webhooks_are_refused(autojump_clock: MockClock) -> None:
    """One that is not signed, changed, or old causes nothing."""
    fakes, backend = told(default=Succeed(after=400.0), seconds=400.0)
    backend.capabilities = evolve(NOTIFIES, run_limit=1000.0)
    async with running(fakes, "a") as runner:
        await trio.sleep(1)
        headers, body = backend.webhook(next(iter(backend.accepted)))
        await trio.sleep(301)
        forged: list[tuple[dict[str, str], bytes]] = [
            (headers, body),
            ({}, body),
            ({**headers, "webhook-id": "other"}, body),
            ({**headers, "webhook-timestamp": "soon"}, body),
        ]
        for refused in forged:
            before = backend.asked.total()
            with pytest.raises(WebhookRefusedError):
                await runner.receive_webhook(*refused)
            await trio.sleep(0.5)
            assert backend.asked.total() == before


async def test_another_process_is_woken_through_the_ledger(autojump_clock: MockClock) -> None:
    """What takes the webhook is another runner, on the same ledger."""
    fakes, backend = told(default=Succeed(after=50.0), seconds=50.0)
    web = Fakes([Told()], ledger=fakes.ledger)
    web.backends[0].account = backend.account
    async with running(fakes, *"abc"), web.runner() as runner:
        await trio.sleep(1)
        await trio.sleep_until(max(each.ends_at for each in backend.accepted.values()))
        for attempt_id in backend.accepted:
            assert await runner.receive_webhook(*backend.webhook(attempt_id))
    assert set(backend.asked.values()) == {1}
    assert max(backend.late()) <= 1


async def test_a_webhook_may_come_before_the_submits_answer(autojump_clock: MockClock) -> None:
    """It is not lost: the attempt is asked after as soon as it is waited for."""

    class Slow(Told):
        runner: Runner

        async def submit(self, prepared: Prepared, attempt_id: UUID) -> Ticket:
            ticket = await super().submit(prepared, attempt_id)
            await trio.sleep(5)
            assert await self.runner.receive_webhook(*self.webhook(attempt_id))
            return ticket

    backend = Slow(default=Succeed(after=5.0), seconds=50.0)
    fakes = Fakes([backend])
    async with fakes.runner() as runner:
        backend.runner = runner
        await runner.process(JOB, prompts("a"), budget=PLENTY, min_clips=1)
    assert backend.asked.total() == 1
    assert max(backend.late()) <= 1


async def test_a_ledger_that_cannot_write_it_down_has_it_sent_again(
    autojump_clock: MockClock,
) -> None:
    """It is not lost: sent again, it is new."""
    fakes, backend = told(default=Succeed(after=50.0), seconds=50.0)
    fakes.ledger.faults = type(fakes.ledger.faults)([Break("add_notice")], LedgerError)
    async with running(fakes, "a") as runner:
        await trio.sleep(1)
        (attempt_id,) = backend.accepted
        await trio.sleep_until(backend.accepted[attempt_id].ends_at)
        with pytest.raises(LedgerError):
            await runner.receive_webhook(*backend.webhook(attempt_id))
        assert await runner.receive_webhook(*backend.webhook(attempt_id))
    assert backend.asked.total() == 1


async def test_a_runner_without_such_backends_refuses(autojump_clock: MockClock) -> None:
    """Nobody has told a provider to send it."""
    fakes = Fakes()
    async with fakes.runner() as runner:
        with pytest.raises(WebhookRefusedError, match="no backend"):
            await runner.receive_webhook({}, b"")

"""How the wait for a verdict ends: what is in flight is cancelled, and its bill written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, Fakes, run_job
from vgen.abc import Custody, Money, State, Status, Ticket
from vgen.errors import AccountError, AccountRefusedError, InsufficientClipsError
from vgen.testing import CAPABILITIES, FakeBackend, Hang, Refuse, Succeed

FEE = Decimal("0.03")


class Revoked(FakeBackend):
    """A backend whose provider answers no question about attempts after five seconds."""

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        if trio.current_time() >= 5:
            raise AccountError("the token is revoked")
        return await super().status(tickets)


async def test_a_refused_account_has_its_attempts_cancelled_and_billed(
    autojump_clock: MockClock,
) -> None:
    """What was in flight there does not run on, and what it has cost is in the ledger."""
    fakes = Fakes([Revoked(cancel_fee=FEE)])
    with pytest.raises(AccountRefusedError, match="the token is revoked"):
        await run_job(fakes)
    assert fakes.backend.running == []
    assert [charge.amount for charge in fakes.backend.charges] == [FEE] * 3
    attempts = [each for index in range(3) for each in await fakes.ledger.attempts(JOB, index)]
    assert [(each.state, each.spent) for each in attempts] == [
        ((Money.SETTLED, Custody.VOID), FEE)
    ] * 3


async def test_a_failure_without_a_word(autojump_clock: MockClock) -> None:
    """Where a provider does not say why, the reason says what and where."""

    class Mute(FakeBackend):
        async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
            return {ticket: Status(State.FAILED) for ticket in tickets}

    fakes = Fakes([Mute()])
    with pytest.raises(InsufficientClipsError) as caught:
        await run_job(fakes)
    reasons = {tried.reason for clip in caught.value.clips.failures for tried in clip.tried}
    assert reasons == {"failed at fake"}


async def test_why_an_attempt_was_refused(autojump_clock: MockClock) -> None:
    """The provider's reason stands in the ledger, beside an attempt that cost nothing."""
    fakes = Fakes([FakeBackend(default=Refuse())])
    with pytest.raises(InsufficientClipsError):
        await run_job(fakes)
    job = await fakes.ledger.job(JOB)
    assert job is not None
    assert {attempt.reason for attempt in job.attempts} == {str(Refuse().error)}


class Queues(FakeBackend):
    """A backend whose attempts wait for a hundred seconds before they run."""

    async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
        answers = await super().status(tickets)
        if trio.current_time() < 100:
            return dict.fromkeys(answers, Status(State.QUEUED))
        return answers


HURRIED = evolve(CAPABILITIES, queue_limit=200.0, run_limit=30.0)


async def test_an_attempt_has_its_time_in_the_queue_beside_its_time_to_run(
    autojump_clock: MockClock,
) -> None:
    """What runs after a long wait is not given up for the wait."""
    fakes = Fakes([Queues(default=Succeed(after=120), capabilities=HURRIED)])
    await run_job(fakes)
    assert len(fakes.backend.submitted) == 3


async def test_what_runs_too_long_is_not_waited_for(autojump_clock: MockClock) -> None:
    """Its own limit counts from when it runs, however long it might have queued."""
    fakes = Fakes([FakeBackend(default=Hang(), capabilities=HURRIED)])
    with pytest.raises(InsufficientClipsError) as caught:
        await run_job(fakes)
    (tried, *_) = caught.value.clips.failures[0].tried
    assert tried.reason == "fake took longer than 30 s of running"
    assert trio.current_time() < 200

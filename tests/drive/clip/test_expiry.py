"""Attempts that can never be finished: given up once their provider keeps nothing of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from tests.drive.jobs import JOB, LEASE, PLENTY, Fakes, leave_open, prompts, run_job
from vgen import Clips
from vgen.abc import Custody, Money, Status, Ticket, Ticketed
from vgen.decisions.expiry import LATE
from vgen.errors import AccountError, InsufficientClipsError, ModelUnavailableError, NetworkError
from vgen.testing import CAPABILITIES, FakeBackend, MemoryStorage, Refuse, Succeed
from vgen.testing.faults import Break

KEEPS = 3600.0
LIMITS = CAPABILITIES.queue_limit + CAPABILITIES.run_limit + LATE
KEEPING = evolve(CAPABILITIES, keeps_outputs=KEEPS)


async def failed_run(fakes: Fakes) -> Clips:
    """Run the job, which must lack clip 0 only, and return its clips."""
    with pytest.raises(InsufficientClipsError) as caught:
        await run_job(fakes)
    (failure,) = caught.value.clips.failures
    assert failure.clip_index == 0
    return caught.value.clips


async def accepted_and_forgotten(fakes: Fakes) -> None:
    """Leave clip 0 with a ticket that the provider does not know."""
    attempt = await leave_open(fakes, accepted=False)
    claim = await fakes.ledger.holder(JOB, 0)
    assert claim is not None
    ticket = Ticketed(Ticket("fake", "p-404", "fake-account"))
    await fakes.ledger.advance(claim, attempt.attempt_id, attempt.state, ticket)
    await trio.sleep(LEASE)


class NeverDelivers(FakeBackend):
    """A backend whose download of one prompt's first clip never works."""

    async def fetch(self, ticket: Ticket, path: Path) -> None:
        if self.submitted.count("a") == 1 and self._accepted_attempt(ticket).request.prompt == "a":
            raise NetworkError("the server answered 404")
        await super().fetch(ticket, path)


async def test_a_paid_clip_that_can_never_be_fetched_is_lost(autojump_clock: MockClock) -> None:
    """While the provider may keep it the clip waits; then its bill is spent, and it is free."""
    fakes = Fakes([NeverDelivers(capabilities=KEEPING)])
    clips = await failed_run(fakes)
    assert clips.failures[0].reason == "the server answered 404"
    await trio.sleep(KEEPS / 2)
    await failed_run(fakes)
    assert fakes.backend.submitted.count("a") == 1
    await trio.sleep(KEEPS / 2)
    await run_job(fakes)
    lost, stored = await fakes.ledger.attempts(JOB, 0)
    assert lost.state == (Money.SETTLED, Custody.LOST)
    assert lost.reason.endswith("for as long as fake keeps it: the server answered 404")
    assert lost.spent > 0
    assert stored.custody is Custody.STORED


async def test_a_ticket_that_is_not_known_is_written_off(autojump_clock: MockClock) -> None:
    """Each run says what the provider says, until it keeps nothing: then the hold is spent."""
    fakes = Fakes([FakeBackend(capabilities=KEEPING)])
    await accepted_and_forgotten(fakes)
    began = trio.current_time()
    clips = await failed_run(fakes)
    assert trio.current_time() - began < 100
    assert clips.failures[0].reason == (
        "still open at fake (not found: there is no such attempt): a later run waits for it"
    )
    await trio.sleep(LIMITS + KEEPS)
    await run_job(fakes)
    gone, stored = await fakes.ledger.attempts(JOB, 0)
    assert (gone.state, gone.spent) == ((Money.WRITTEN_OFF, Custody.LOST), gone.hold)
    assert gone.reason == "fake no longer knows it: not found: there is no such attempt"
    assert stored.custody is Custody.STORED


async def test_the_fallback_takes_over_from_a_ticket_that_is_not_known(
    autojump_clock: MockClock,
) -> None:
    """Once it is written off, the whole route is open to the clip."""
    down = Refuse(ModelUnavailableError("switched off"))
    first = FakeBackend(capabilities=KEEPING, script={"a": [down]})
    fakes = Fakes([first, FakeBackend("other")])
    await accepted_and_forgotten(fakes)
    await trio.sleep(LIMITS + KEEPS)
    await run_job(fakes)
    assert [a.backend for a in await fakes.ledger.attempts(JOB, 0)] == ["fake", "fake", "other"]


async def test_a_ticket_that_is_found_again_is_waited_for(autojump_clock: MockClock) -> None:
    """A provider may be slow to know what it has accepted: nothing is given up for that."""

    class SlowToKnow(FakeBackend):
        unknown = 3

        def _status(self, ticket: Ticket) -> Status:
            self.unknown -= 1
            lost = Ticket("fake", "p-404") if self.unknown >= 0 else ticket
            return super()._status(lost)

    slow = SlowToKnow(capabilities=evolve(KEEPING, keeps_outputs=0.0), default=Succeed(after=90))
    fakes = Fakes([slow])
    await run_job(fakes)
    assert len(fakes.backend.submitted) == 3


async def test_reconciling_gives_up_what_is_not_known(autojump_clock: MockClock) -> None:
    """A service's start does the same, and its note says what the provider says."""
    fakes = Fakes([FakeBackend(capabilities=KEEPING)])
    await accepted_and_forgotten(fakes)
    async with fakes.runner() as runner:
        (found,) = await runner.reconcile()
        assert found.note.startswith("still open at fake (not found: there is no such attempt)")
        await trio.sleep(KEEPS)
        (found,) = await runner.reconcile()
        assert found.attempt.is_open
        await trio.sleep(LIMITS)
        (found,) = await runner.reconcile()
    assert (found.attempt.money, found.note) == (Money.WRITTEN_OFF, "")


async def test_what_the_provider_has_not_denied_is_not_given_up(autojump_clock: MockClock) -> None:
    """However old it is: a provider that cannot be reached may still tell what it has billed."""
    fakes = Fakes([FakeBackend(capabilities=KEEPING, faults=[Break("status", times=10**6)])])
    await accepted_and_forgotten(fakes)
    await trio.sleep(LIMITS + KEEPS)
    async with fakes.runner() as runner:
        (found,) = await runner.reconcile()
    assert found.attempt.money is Money.HELD
    assert found.note.startswith("still open at fake (could not be reached: status: it broke)")


@pytest.mark.parametrize("accepted", [True, False])
async def test_an_attempt_whose_key_is_gone_is_given_up(
    autojump_clock: MockClock, *, accepted: bool
) -> None:
    """Its account's key is waited for as long as the provider keeps anything, and no longer."""
    fakes = Fakes([FakeBackend(capabilities=KEEPING)])
    await leave_open(fakes, accepted=accepted)
    fakes.backend.account = "the new key's"
    clips = await failed_run(fakes)
    attempt, *_ = await fakes.ledger.attempts(JOB, 0)
    assert f"or resolve attempt {attempt.attempt_id}" in clips.failures[0].reason
    await trio.sleep(LIMITS + KEEPS)
    await run_job(fakes)
    gone, stored = await fakes.ledger.attempts(JOB, 0)
    assert (gone.money, gone.spent) == (Money.WRITTEN_OFF, gone.hold)
    assert gone.reason == "nobody came with the key of account fake-account in time"
    assert stored.custody is Custody.STORED


async def test_an_attempt_whose_key_is_revoked_is_given_up(autojump_clock: MockClock) -> None:
    """The provider refuses to say anything of it: the clip waits until nothing of it is kept."""

    class Revoked(FakeBackend):
        async def status(self, tickets: Sequence[Ticket]) -> Mapping[Ticket, Status]:
            raise AccountError("the key was revoked")

    fakes = Fakes([Revoked(capabilities=KEEPING)])
    await accepted_and_forgotten(fakes)
    async with fakes.runner() as runner:
        (found,) = await runner.reconcile()
        assert (found.attempt.money, found.note) == (Money.HELD, "the key was revoked")
        await trio.sleep(LIMITS + KEEPS)
        (found,) = await runner.reconcile()
    assert (found.attempt.money, found.attempt.reason) == (Money.WRITTEN_OFF, "the key was revoked")


async def test_a_spooled_clip_needs_no_key(autojump_clock: MockClock, tmp_path: Path) -> None:
    """It is stored from the spool, whatever account has made it, and never given up for its age."""
    down = MemoryStorage(faults=[Break("write", times=24)])
    fakes = Fakes([FakeBackend(capabilities=KEEPING)], storage=down)
    async with fakes.runner(spool=tmp_path) as runner:
        with pytest.raises(InsufficientClipsError):
            await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
        fakes.backend.account = "the new key's"
        await trio.sleep(LIMITS + KEEPS)
        clips = await runner.process(JOB, prompts(*"abc"), budget=PLENTY)
    assert clips.successful_clips == 3
    assert len(fakes.backend.submitted) == 3


async def test_nothing_is_given_up_where_the_backend_does_not_say(
    autojump_clock: MockClock,
) -> None:
    """Without `keeps_outputs` an attempt stays open for years: that is for a person to end."""
    fakes = Fakes()
    await accepted_and_forgotten(fakes)
    await trio.sleep(10**8)
    await failed_run(fakes)
    (attempt,) = await fakes.ledger.attempts(JOB, 0)
    async with fakes.runner() as runner:
        await runner.resolve(attempt.attempt_id, "lost")
    await run_job(fakes)


async def test_cancelling_what_is_not_known_takes_no_time(autojump_clock: MockClock) -> None:
    """A provider that knows nothing of it is not asked again and again; the money stays held."""
    fakes = Fakes([FakeBackend(capabilities=KEEPING)])
    await accepted_and_forgotten(fakes)
    began = trio.current_time()
    async with fakes.runner() as runner:
        (found,) = await runner.cancel(JOB)
    assert found.note.startswith("still open at fake (not found: ")
    assert trio.current_time() - began < fakes.settings.poll_interval

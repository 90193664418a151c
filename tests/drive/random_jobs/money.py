"""Rules 1 and 8: the budget is kept, and the accounts agree with the provider's charges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from uuid import UUID

from vgen import JobOpened, MoneyCorrected, MoneySettled
from vgen.abc import Attempt, Custody, Money, State
from vgen.records.entry import Entry, Fetched, Line, Reserved, Settled
from vgen.records.money import ZERO
from vgen.testing import LogEntry

from .played_plan import PlayedPlan, PlayedRun

HELD = frozenset({Money.HELD, Money.IN_DOUBT})


def budget_holds(played: PlayedPlan, run: PlayedRun) -> None:
    """At every line, spent + held + in doubt is within the budget plus the booked overruns."""
    if run.fault_free:
        return
    before, budget = run.before, played.plan.budget
    spent, held = played.plan.already_spent, ZERO
    if before:
        spent, held = before.account.spent, before.account.held + before.account.in_doubt
    billed, holds = _billed(played.log_before(run)), played.holds
    for line in lines_of(played, run):
        spent += line.movement.spent
        held += line.movement.held + line.movement.in_doubt
        if isinstance(line.entry, Settled | Fetched):
            billed[line.attempt_id] = line.entry.billed
        assert spent + held <= budget + excess_of(billed, holds), f"over budget at {line}"


def overrun_stops_submits(played: PlayedPlan, run: PlayedRun) -> None:
    """After a bill above its hold, nothing that costs money is reserved before a reopening."""
    overrun, holds = False, played.holds
    for logged in played.log_entries(run):
        line = logged.what
        if isinstance(line, JobOpened):
            overrun = False
        if not isinstance(line, Line):
            continue
        hold = holds[line.attempt_id]
        if isinstance(line.entry, Settled | Fetched):
            overrun = overrun or line.entry.billed > hold
        assert not (overrun and hold and isinstance(line.entry, Reserved)), (
            f"sent all the same: {line}"
        )


def holds_are_their_backends_own(played: PlayedPlan) -> None:
    """Every hold is the most that its own backend can bill for its own request."""
    for attempt in played.attempts.values():
        quote = played.fake(attempt.backend).quote(attempt.request)
        assert attempt.hold == quote.hold, f"the wrong price: {attempt}"


def accounts_agree(played: PlayedPlan, run: PlayedRun) -> None:
    """The account is the sum of the journal, and the sum of its attempts."""
    job = run.after
    if job is None:
        assert not played.accepted, "something was sent for a job that was never opened"
        return
    sums = [ZERO, ZERO, ZERO]
    for line in played.lines():
        moved = line.movement
        sums = [a + b for a, b in zip(sums, (moved.spent, moved.held, moved.in_doubt), strict=True)]
    account = job.account
    spent = account.spent - job.manifest.already_spent
    assert sums == [spent, account.held, account.in_doubt], "the journal does not add up"
    assert min(*sums, ZERO) >= 0
    attempts = job.attempts
    assert spent == sum((a.spent for a in attempts), ZERO)
    assert account.held == sum((a.hold for a in attempts if a.money is Money.HELD), ZERO)
    assert account.in_doubt == sum((a.hold for a in attempts if a.money is Money.IN_DOUBT), ZERO)


def the_providers_charges_agree(played: PlayedPlan) -> None:
    """For each attempt, the ledger has booked what the fake has charged."""
    charges = {c.attempt_id: c.amount for fake in played.backends for c in fake.charges}
    attempts = played.attempts
    assert charges.keys() <= attempts.keys(), "charged for what the ledger does not know"
    measured = {line.attempt_id for line in played.lines() if isinstance(line.entry, Fetched)}
    for key, attempt in attempts.items():
        charge = charges.get(key, ZERO)
        _check_charge(attempt, charge, measured=key in measured, entries=played.entries(key))


def _check_charge(
    attempt: Attempt, charge: Decimal, *, measured: bool, entries: list[Entry]
) -> None:
    if attempt.money is Money.RELEASED:
        assert not charge, f"released, but charged: {attempt}"
    elif attempt.money is Money.SETTLED:
        succeeded = any(isinstance(e, Settled) and e.verdict is State.SUCCEEDED for e in entries)
        if measured or attempt.metered or not succeeded:
            assert attempt.billed == charge, f"charged ${charge}: {attempt}"
        if attempt.custody is Custody.SUCCEEDED and not attempt.metered:
            assert attempt.spent >= attempt.hold, f"given back too early: {attempt}"
    elif not attempt.sent:
        assert not charge, f"never sent, but charged: {attempt}"


def nothing_stays_held(played: PlayedPlan, run: PlayedRun) -> None:
    """After a run, money is held only for attempts that the provider may still run."""
    if played.plan.ledger or run.after is None or not run.outcomes:
        return
    if run.planned.runners > 1 and run.cancelled:
        return
    for attempt in run.after.attempts:
        if attempt.money is Money.HELD:
            assert attempt.custody is Custody.TICKETED, f"a hold was left: {attempt}"


def costs_add_up(played: PlayedPlan, run: PlayedRun) -> None:
    """The total cost is the account's spending, and the sum over clips and failures."""
    for outcome in run.outcomes:
        clips = outcome.clips or getattr(outcome.error, "clips", None)
        if clips is None or run.shared or run.after is None:
            continue
        assert clips.total_cost == run.after.account.spent
        tried = [t.cost for failure in clips.failures for t in failure.tried]
        parts = sum((clip.cost for clip in clips.clips), ZERO) + sum(tried, ZERO)
        assert parts + played.plan.already_spent == clips.total_cost


def what_is_told_adds_up(played: PlayedPlan, run: PlayedRun) -> None:
    """What a run's events tell of money adds up to what the job has spent in it."""
    if run.shared or played.plan.ledger or run.after is None or not run.outcomes:
        return
    told = ZERO
    for logged in played.log_entries(run):
        if isinstance(logged.what, MoneySettled):
            told += logged.what.spent
        elif isinstance(logged.what, MoneyCorrected):
            told += logged.what.change
    before = run.before.account.spent if run.before else played.plan.already_spent
    assert told == run.after.account.spent - before


def lines_of(played: PlayedPlan, run: PlayedRun) -> list[Line]:
    """The lines about the job that a run has written."""
    return [logged.what for logged in played.log_entries(run) if isinstance(logged.what, Line)]


def _billed(entries: Iterable[LogEntry]) -> dict[UUID, Decimal]:
    """The bills that have been booked, in US dollars."""
    return {
        logged.what.attempt_id: logged.what.entry.billed
        for logged in entries
        if isinstance(logged.what, Line) and isinstance(logged.what.entry, Settled | Fetched)
    }


def excess_of(billed: Mapping[UUID, Decimal], holds: Mapping[UUID, Decimal]) -> Decimal:
    """By how much the bills exceed their holds, in US dollars."""
    return sum((bill - holds[key] for key, bill in billed.items() if bill > holds[key]), ZERO)

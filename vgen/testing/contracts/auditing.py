"""Auditing a job's journal, line by line."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from attrs import evolve

from vgen.decisions.bookkeeping import apply_entry, movement, post
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Attempt, Custody, Money
from vgen.records.entry import Line, Reserved
from vgen.records.job import Job
from vgen.records.money import ZERO, Account


async def audit(ledger: CostLedger, job_id: UUID) -> Account:
    """Check a job's journal and account, and return the account.

    Raises `AssertionError` unless at every line the entry is a legal transition and moves exactly
    its money, spent + held + in doubt is within the budget (but for bills above their holds), and
    each clip has at most one open attempt; and unless the account and the attempts are what the
    lines add up to. The job's budget must never have changed.
    """
    job = await ledger.job(job_id)
    assert job is not None
    newest = {attempt.attempt_id: attempt for attempt in job.attempts}
    account = Account(limit=job.manifest.budget, spent=job.manifest.already_spent)
    found: dict[UUID, Attempt] = {}
    for line in await ledger.history(job_id):
        attempt = _after(line, found.get(line.attempt_id), newest[line.attempt_id])
        found[line.attempt_id] = attempt
        account = post(account, line.movement, overrun=attempt.overrun)
        amounts = (account.spent, account.held, account.in_doubt)
        assert min(amounts) >= 0, f"{line} leaves {account}"
        assert account.overrun or sum(amounts, ZERO) <= account.limit, f"{line} leaves {account}"
        clips = Counter(attempt.clip_index for attempt in found.values() if attempt.is_open)
        assert max(clips.values(), default=0) <= 1, f"{line} opens a second attempt"
    _check_sums(job, account, found)
    return job.account


def _after(line: Line, before: Attempt | None, newest: Attempt) -> Attempt:
    """Return the attempt after the line, and check that the line's movement is right."""
    if before is None:
        assert isinstance(line.entry, Reserved), f"{line}: nothing was reserved"
    after = apply_entry(_new(newest, line) if before is None else before, line.entry)
    assert movement(before, after) == line.movement, f"{line} should move {before} to {after}"
    return after


def _new(newest: Attempt, line: Line) -> Attempt:
    return evolve(
        newest,
        hold=line.movement.held,
        money=Money.HELD,
        custody=Custody.PLANNED,
        billed=None,
        metered=False,
        overrun=False,
        sent=False,
    )


def _check_sums(job: Job, account: Account, found: dict[UUID, Attempt]) -> None:
    recorded = job.account
    sums = (account.limit, account.spent, account.held, account.in_doubt)
    assert (recorded.limit, recorded.spent, recorded.held, recorded.in_doubt) == sums, (
        "the lines do not add up"
    )
    for newest in job.attempts:
        last = found[newest.attempt_id]
        assert (last.state, last.hold, last.billed) == (newest.state, newest.hold, newest.billed)

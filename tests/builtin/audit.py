"""A journal read line by line, as an auditor would."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from attrs import evolve

from tests.records.samples import an_attempt
from vgen.decisions.bookkeeping import follow, movement, post
from vgen.ports.ledger import CostLedger
from vgen.records.attempt import Attempt
from vgen.records.entry import Line, Planned, Reserved
from vgen.records.job import Job
from vgen.records.money import Account


async def audited(ledger: CostLedger, job_id: UUID) -> Account:
    """Give the job's account, after a look at every line of its journal.

    At each line the money is within the budget, unless a bill was not covered, and each clip
    has one open attempt at most; at the end the account and the attempts are what they add up to.
    """
    job = await ledger.job(job_id)
    assert isinstance(job, Job)
    manifest = job.manifest
    account = Account(limit=manifest.budget, spent=manifest.already_spent)
    attempts: dict[UUID, Attempt] = {}
    for line in await ledger.history(job_id):
        attempt = _replayed(attempts.get(line.attempt_id), line, job_id)
        attempts[line.attempt_id] = attempt
        account = post(account, line.movement, overrun=attempt.overrun)
        assert _total(account) <= account.limit or account.overrun
        assert _open_clips(attempts.values()) == sorted(set(_open_clips(attempts.values())))
    _agrees(job, account, attempts)
    return job.account


def _replayed(before: Attempt | None, line: Line, job_id: UUID) -> Attempt:
    """Give the attempt after the line, whose movement is just what the entry did."""
    if isinstance(line.entry, Planned):
        attempt = an_attempt(job_id, line.clip_index, hold=str(line.movement.held))
        assert before is None or not before.sent
        assert movement(None, attempt) == line.movement
        return attempt
    assert before is not None
    if isinstance(line.entry, Reserved):
        return follow(evolve(before, hold=before.hold + line.movement.held), line.entry)
    after = follow(before, line.entry)
    assert movement(before, after) == line.movement
    return after


def _open_clips(attempts: Iterable[Attempt]) -> list[int]:
    return sorted(attempt.clip_index for attempt in attempts if attempt.is_open)


def _total(account: Account) -> Decimal:
    return account.spent + account.held + account.in_doubt


def _agrees(job: Job, account: Account, attempts: dict[UUID, Attempt]) -> None:
    kept = job.account
    assert (kept.limit, kept.spent, kept.held, kept.in_doubt) == (
        account.limit,
        account.spent,
        account.held,
        account.in_doubt,
    )
    assert {a.attempt_id: (a.state, a.hold, a.billed) for a in job.attempts} == {
        key: (a.state, a.hold, a.billed) for key, a in attempts.items()
    }

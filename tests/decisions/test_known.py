"""What `clips.json` has as paid, and the ledger does not know."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from attrs import evolve

from tests.records.samples import CLIP, a_manifest, an_attempt
from vgen import Clip, ClipFailure, Clips, FailedAttempt
from vgen.abc import Attempt, Custody, Money
from vgen.decisions.known import cost_of, paid_clips, unknown_cost, unknown_outcomes
from vgen.records.clip import Choice, StoredFile
from vgen.records.job import Job
from vgen.records.money import Account

JOB = UUID(int=1)
COST = Decimal("0.2")
PAID = evolve(CLIP, clip_index=0, cost=COST, sha256="a")
AT_NO_COST = evolve(CLIP, clip_index=1, sha256="b")
FAILED = ClipFailure(2, "gone", (FailedAttempt("svd", "no"), FailedAttempt("svd", "gone", COST)))
RECORD = Clips.of(
    JOB, [PAID, AT_NO_COST, FAILED, ClipFailure(3, "no")], total_cost=COST, seconds=1.0
)


def stored(clip: Clip) -> Attempt:
    """A stored attempt that has made the clip."""
    blank = evolve(an_attempt(JOB, clip.clip_index), sent=True, money=Money.SETTLED)
    return evolve(blank, custody=Custody.STORED, clip=clip, billed=clip.cost)


def job(*attempts: Attempt) -> Job:
    """The job as the ledger has it."""
    return Job(a_manifest(JOB), Account(limit=Decimal(1)), attempts)


def test_without_its_job_all_that_was_paid_is_unknown() -> None:
    """Clips and failed attempts that cost something; nothing that was free."""
    assert unknown_outcomes(RECORD, None) == (PAID, FAILED)
    assert [cost_of(outcome) for outcome in (PAID, AT_NO_COST, FAILED)] == [COST, 0, COST]


def test_what_was_in_flight_is_unknown_too() -> None:
    """A killed run has left attempts that may be billed, and their ledger is gone."""
    running = ClipFailure(4, "gone", (FailedAttempt("svd", "still ticketed", may_be_billed=True),))
    assert unknown_outcomes(evolve(RECORD, failures=(running,)), None) == (PAID, running)


def test_an_older_ledger_does_not_know_newer_clips() -> None:
    """A paid clip is known by its take's file, in whichever attempt it stands."""
    older = evolve(PAID, sha256="older")
    assert unknown_outcomes(RECORD, job()) == (PAID,)
    assert unknown_outcomes(RECORD, job(an_attempt(JOB), stored(older))) == (PAID,)
    assert unknown_outcomes(RECORD, job(stored(PAID), stored(older))) == ()
    first, second = (evolve(PAID, take=StoredFile(f"takes/{n}.mp4", 9)) for n in "ab")
    record = evolve(RECORD, clips=(second,))
    assert unknown_outcomes(record, job(stored(first))) == (second,)
    assert unknown_outcomes(record, job(stored(first), stored(second))) == ()


def test_the_newest_paid_clip_of_each_index() -> None:
    """One for each, the newest or the one that was chosen; what was free is none."""
    older = evolve(PAID, sha256="older")
    drawn = evolve(AT_NO_COST, clip_index=0)
    assert paid_clips(job(stored(older), stored(PAID), stored(AT_NO_COST))) == (PAID,)
    assert paid_clips(job(stored(PAID), stored(drawn))) == ()
    chosen = evolve(PAID, take=StoredFile("takes/a.mp4", 9), choice=Choice("f", 1))
    newer = evolve(PAID, take=StoredFile("takes/b.webm", 9))
    assert paid_clips(job(stored(chosen), stored(newer))) == (chosen,)
    edited = evolve(stored(newer), fingerprint="of another prompt")
    assert paid_clips(job(edited)) == (newer,)


def test_what_the_ledger_has_of_a_clip_is_not_counted_twice() -> None:
    """A clip's cost is that of all its attempts; an older ledger may have some of them."""
    newer = evolve(PAID, sha256="newer", cost=3 * COST)
    assert unknown_cost(newer, None) == 3 * COST
    assert unknown_cost(newer, job(stored(PAID))) == 2 * COST
    assert unknown_cost(PAID, job(stored(newer))) == 0


def test_a_failure_without_attempts_has_cost_nothing() -> None:
    """Its cost is an exact amount in US dollars like that of any other."""
    assert cost_of(ClipFailure(3, "no")).is_zero()
    assert unknown_cost(ClipFailure(3, "no"), job()).is_zero()

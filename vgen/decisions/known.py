"""What a job's record says was paid for, and the ledger does not have."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from vgen.decisions.attempts import stored_attempt
from vgen.records.attempt import Custody
from vgen.records.clip import Clip, ClipFailure, Clips
from vgen.records.job import Job
from vgen.records.money import ZERO


def cost_of(outcome: Clip | ClipFailure) -> Decimal:
    """Return what a clip's attempts were billed, in US dollars."""
    if isinstance(outcome, Clip):
        return outcome.cost
    return sum((attempt.cost for attempt in outcome.tried), ZERO)


def may_be_billed(outcome: Clip | ClipFailure) -> bool:
    """Whether an attempt at a clip was still open."""
    return isinstance(outcome, ClipFailure) and any(each.may_be_billed for each in outcome.tried)


def unknown_outcomes(record: Clips, job: Job | None) -> tuple[Clip | ClipFailure, ...]:
    """Return what was or may be paid for by the record, `clips.json`, and is not in the ledger.

    A job that the ledger has may have got more of failed attempts since, and less: of that, only
    clips count, by their content and the files of their takes.
    """
    if job is None:
        every: tuple[Clip | ClipFailure, ...] = (*record.clips, *record.failures)
        return tuple(outcome for outcome in every if cost_of(outcome) or may_be_billed(outcome))
    known: defaultdict[str, list[Clip]] = defaultdict(list)
    for attempt in job.attempts:
        if attempt.clip is not None:
            known[attempt.clip.sha256].append(attempt.clip)
    return tuple(
        clip
        for clip in record.clips
        if clip.cost and not any(_is_same_take(clip, one) for one in known[clip.sha256])
    )


def _is_same_take(one: Clip, other: Clip) -> bool:
    """Whether two records of the same content are of the same take."""
    return not one.take or not other.take or one.take.reference == other.take.reference


def unknown_cost(outcome: Clip | ClipFailure, job: Job | None) -> Decimal:
    """Return what a clip has cost beyond what the ledger has of it, in US dollars."""
    attempts = job.of_clip(outcome.clip_index) if job else ()
    return max(ZERO, cost_of(outcome) - sum((attempt.spent for attempt in attempts), ZERO))


def paid_clips(job: Job) -> tuple[Clip, ...]:
    """Return the stored clips that were paid for: of each index the take that is the clip.

    Where none is what the job asks for now, it is the newest.
    """
    stored = {a.clip_index: a for a in job.attempts if a.custody is Custody.STORED}
    for planned in job.manifest.clips:
        index = planned.clip_index
        if (chosen := stored_attempt(job.of_clip(index), planned)) is not None:
            stored[index] = chosen
    return tuple(a.clip for a in stored.values() if a.clip is not None and a.spent)

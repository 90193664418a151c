"""Rules 1 and 8: the budget holds, and money is always accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from uuid import UUID

from vgen import JobOpened
from vgen.abc import Attempt, Custody, Money, State
from vgen.errors import BudgetExceededError
from vgen.records.entry import Entry, Fetched, Line, Planned, Reserved, Settled
from vgen.records.money import ZERO
from vgen.testing import LogEntry

from .keeping import kept_attempt
from .story import Chapter, Story

HELD = frozenset({Money.HELD, Money.IN_DOUBT})


def budget_holds(story: Story, chapter: Chapter) -> None:
    """At every line spent + held + in doubt stay within the budget, but for booked overruns."""
    if chapter.calm:
        return
    before, budget = chapter.before, story.plan.budget
    spent, held = story.plan.already_spent, ZERO
    if before:
        spent, held = before.account.spent, before.account.held + before.account.in_doubt
    billed, holds = _billed(story.call_log.entries[: chapter.first]), story.holds
    for line in _lines(story, chapter):
        spent += line.movement.spent
        held += line.movement.held + line.movement.in_doubt
        if isinstance(line.entry, Settled | Fetched):
            billed[line.attempt_id] = line.entry.billed
        assert spent + held <= budget + _excess(billed, holds), f"over budget at {line}"


def overrun_stops_submits(story: Story, chapter: Chapter) -> None:
    """After a bill above its hold nothing that costs money is reserved before it is reopened."""
    overrun, holds = False, story.holds
    for note in story.notes(chapter):
        line = note.what
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


def holds_are_their_backends_own(story: Story) -> None:
    """Every hold is the most that its own backend can bill for its own request."""
    for attempt in story.attempts.values():
        quote = story.fake(attempt.backend).quote(attempt.request)
        assert attempt.hold == quote.hold, f"the wrong price: {attempt}"


def first_holds_come_together(story: Story, chapter: Chapter) -> None:
    """All missing clips are held for before anything is reserved; refused, nothing is sent."""
    if len(chapter.outcomes) > 1:
        return
    lines = _lines(story, chapter)
    firsts: list[Line] = []
    for line in lines:
        if isinstance(line.entry, Reserved):
            break
        firsts += [line] if isinstance(line.entry, Planned) else []
    held = {line.clip_index for line in firsts}
    assert not held & _kept(story, chapter), "held for what is stored already"
    anew = {line.clip_index for line in lines if isinstance(line.entry, Reserved)}
    opened = _was_open(chapter)
    assert anew <= held | opened, f"sent without a first hold: {anew - held - opened}"
    for error in chapter.errors:
        if isinstance(error, BudgetExceededError) and not chapter.shared:
            assert not lines, "the job was refused, but something was written"
            assert error.spent + error.held + error.asked > error.limit == story.plan.budget


def _kept(story: Story, chapter: Chapter) -> set[int]:
    """The clips that an earlier run had stored as they are asked for now."""
    asked = story.plan.clip_prompts(chapter.run.edited)
    return {p.clip_index for p in asked if kept_attempt(story, chapter, p) is not None}


def _was_open(chapter: Chapter) -> set[int]:
    """The clips of which an earlier run had left an attempt open."""
    attempts = chapter.before.attempts if chapter.before else ()
    return {a.clip_index for a in attempts if a.is_open and a.sent}


def accounts_agree(story: Story, chapter: Chapter) -> None:
    """The account is the sum of the journal, and the sum of where its attempts stand."""
    job = chapter.after
    if job is None:
        assert not story.accepted, "something was sent for a job that was never opened"
        return
    sums = [ZERO, ZERO, ZERO]
    for line in story.lines():
        moved = line.movement
        sums = [a + b for a, b in zip(sums, (moved.spent, moved.held, moved.in_doubt), strict=True)]
    account = job.account
    spent = account.spent - job.manifest.already_spent
    assert sums == [spent, account.held, account.in_doubt], "the journal does not add up"
    assert min(*sums, ZERO) >= 0
    standing = job.attempts
    assert spent == sum((a.spent for a in standing), ZERO)
    assert account.held == sum((a.hold for a in standing if a.money is Money.HELD), ZERO)
    assert account.in_doubt == sum((a.hold for a in standing if a.money is Money.IN_DOUBT), ZERO)


def the_providers_books_agree(story: Story) -> None:
    """What a fake says that it charged is what the ledger has booked, attempt by attempt."""
    charges = {c.attempt_id: c.amount for fake in story.backends for c in fake.charges}
    attempts = story.attempts
    assert charges.keys() <= attempts.keys(), "charged for what the ledger does not know"
    measured = {line.attempt_id for line in story.lines() if isinstance(line.entry, Fetched)}
    for key, attempt in attempts.items():
        charge = charges.get(key, ZERO)
        _one_agrees(attempt, charge, measured=key in measured, entries=story.entries(key))


def _one_agrees(attempt: Attempt, charge: Decimal, *, measured: bool, entries: list[Entry]) -> None:
    if attempt.money is Money.RELEASED:
        assert not charge, f"released, but charged: {attempt}"
    elif attempt.money is Money.SETTLED:
        won = any(isinstance(e, Settled) and e.verdict is State.SUCCEEDED for e in entries)
        if measured or attempt.metered or not won:
            assert attempt.billed == charge, f"charged ${charge}: {attempt}"
        if attempt.custody is Custody.SUCCEEDED and not attempt.metered:
            assert attempt.spent >= attempt.hold, f"given back too early: {attempt}"
    elif not attempt.sent:
        assert not charge, f"never sent, but charged: {attempt}"


def nothing_stays_held(story: Story, chapter: Chapter) -> None:
    """After a run, money is held only for what is live at its provider, unless the ledger broke."""
    if story.plan.ledger or chapter.after is None or not chapter.outcomes:
        return
    if chapter.run.runners > 1 and chapter.cancelled:
        return
    for attempt in chapter.after.attempts:
        if attempt.money is Money.HELD:
            assert attempt.custody is Custody.TICKETED, f"a hold was left standing: {attempt}"


def costs_add_up(story: Story, chapter: Chapter) -> None:
    """The total is what the job has spent, and what its clips and failures have cost."""
    for outcome in chapter.outcomes:
        clips = outcome.clips or getattr(outcome.error, "clips", None)
        if clips is None or chapter.shared or chapter.after is None:
            continue
        assert clips.total_cost == chapter.after.account.spent
        tried = [t.cost for failure in clips.failures for t in failure.tried]
        parts = sum((clip.cost for clip in clips.clips), ZERO) + sum(tried, ZERO)
        assert parts + story.plan.already_spent == clips.total_cost


def _lines(story: Story, chapter: Chapter) -> list[Line]:
    return [note.what for note in story.notes(chapter) if isinstance(note.what, Line)]


def _billed(notes: Iterable[LogEntry]) -> dict[UUID, Decimal]:
    """The bills that have been booked, in US dollars."""
    return {
        note.what.attempt_id: note.what.entry.billed
        for note in notes
        if isinstance(note.what, Line) and isinstance(note.what.entry, Settled | Fetched)
    }


def _excess(billed: Mapping[UUID, Decimal], holds: Mapping[UUID, Decimal]) -> Decimal:
    """By how much the bills have passed their holds, in US dollars."""
    return sum((bill - holds[key] for key, bill in billed.items() if bill > holds[key]), ZERO)

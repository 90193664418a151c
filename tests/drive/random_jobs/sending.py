"""Rules 2 and 3: nothing is paid twice, and everything is written ahead."""

from __future__ import annotations

from collections import Counter, defaultdict
from uuid import UUID

from vgen.abc import Custody, Manifest, Money, State
from vgen.errors import JobStoppedError, LedgerError
from vgen.records.entry import (
    Doubted,
    Entry,
    Fetched,
    Line,
    Lost,
    Planned,
    Released,
    Reserved,
    Settled,
    Stored,
    Ticketed,
    WrittenOff,
)
from vgen.testing import Call

from .story import Chapter, Story

SPEAKS_TO_A_TICKET = frozenset({"cancel", "fetch"})


def one_at_a_time(story: Story) -> None:
    """A clip has at most one open attempt, and each attempt is sent at most once.

    What is sent was reserved just before, and until its ticket is written down, nothing else is
    done with it.
    """
    open_attempts: defaultdict[int, set[UUID]] = defaultdict(set)
    last: dict[UUID, Entry] = {}
    sent: Counter[UUID] = Counter()
    for note in story.call_log.entries:
        what = note.what
        if isinstance(what, Line):
            last[what.attempt_id] = what.entry
            standing = open_attempts[what.clip_index]
            (standing.discard if _closes(what.entry) else standing.add)(what.attempt_id)
            assert len(standing) <= 1, f"two attempts open for clip {what.clip_index}: {note}"
        elif isinstance(what, Call) and what.attempt_id is not None:
            entry = last.get(what.attempt_id)
            if what.what == "submit":
                sent[what.attempt_id] += 1
                assert isinstance(entry, Reserved), f"sent, but {entry} is what is written: {note}"
                assert sent[what.attempt_id] == 1, f"sent again: {note}"
            elif what.what in SPEAKS_TO_A_TICKET:
                assert not isinstance(entry, Planned | Reserved | Doubted), f"no ticket: {note}"
            elif what.what == "find":
                assert isinstance(entry, Doubted), f"looked for without a doubt: {note}"


def _closes(entry: Entry) -> bool:
    if isinstance(entry, Settled):
        return entry.verdict is not State.SUCCEEDED
    return isinstance(entry, Released | WrittenOff | Lost | Stored)


def no_clip_is_bought_twice(story: Story) -> None:
    """What a provider has made for a request is made again only where it was lost to us.

    A clip that is to be made anew is another request.
    """
    latest: dict[int, str] = {}
    attempts = story.attempts
    for key, order in sorted(story.accepted.items(), key=lambda item: item[1].submitted_at):
        attempt = attempts[key]
        if order.status().state is not State.SUCCEEDED:
            continue
        clip, asked = attempt.clip_index, attempt.fingerprint
        if attempt.custody is not Custody.LOST:
            assert latest.get(clip) != asked, f"bought twice: {attempt}"
            latest[clip] = asked
        elif any(isinstance(entry, Fetched) for entry in story.entries(key)):
            latest.pop(clip, None)  # it may have replaced the file before it was lost


def requests_are_the_callers(story: Story) -> None:
    """Attempts are made for what the ledger's manifests ask for, and for nothing else.

    A manifest asks for a further take of a prompt only in a run that is to redo its clip, and only
    after the take before it was stored.
    """
    takes: dict[tuple[int, str, int], str] = {}
    stored: set[str] = set()
    attempts = story.attempts
    for chapter in story.chapters:
        for note in story.notes(chapter):
            if isinstance(note.what, Line) and isinstance(note.what.entry, Stored):
                stored.add(attempts[note.what.attempt_id].fingerprint)
            for planned in note.what.clips if isinstance(note.what, Manifest) else ():
                clip, prompt, take = planned.clip_index, planned.prompt.prompt, planned.take
                if take and (clip, prompt, take) not in takes:
                    assert clip in chapter.run.indexes_to_redo, f"nobody asked for it: {planned}"
                    assert takes[clip, prompt, take - 1] in stored, f"redone too early: {planned}"
                takes[clip, prompt, take] = planned.fingerprint
    strange = [a for a in attempts.values() if a.fingerprint not in takes.values()]
    assert not strange, f"nobody asked for it: {strange[0]}"


def released_means_absent(story: Story) -> None:
    """What a provider has accepted is never released, and what can be proved not written off."""
    attempts = story.attempts
    for key in story.accepted:
        assert key in attempts, "accepted, but not in the ledger"
        assert attempts[key].money is not Money.RELEASED, f"accepted, but released: {attempts[key]}"
    for attempt in attempts.values():
        provable = story.fake(attempt.backend).capabilities.can_find
        assert not (provable and attempt.money is Money.WRITTEN_OFF), f"not looked for: {attempt}"


def silence_is_doubt(story: Story, chapter: Chapter) -> None:
    """A submit that was sent ends with a ticket, a proof that it was not accepted, or a doubt."""
    if _ledger_broke(story, chapter):
        return
    entries: dict[UUID, list[Entry]] = {}
    for line in story.lines():
        entries.setdefault(line.attempt_id, []).append(line.entry)
    for _, call in story.calls("submit", within=chapter):
        assert call.attempt_id is not None
        written = entries[call.attempt_id]
        after = written[written.index(Reserved()) + 1 :]
        assert after, f"nothing is known of {call}"
        if "LoseAnswer" in call.answer:
            sure = not any(model and model.faults for model in (story.plan.one, story.plan.two))
            assert isinstance(after[0], Doubted if sure else Doubted | Released), f"{after}: {call}"
        else:
            assert isinstance(after[0], Ticketed | Released), f"answered, but {after[0]}: {call}"


def _ledger_broke(story: Story, chapter: Chapter) -> bool:
    """Whether it may have: that a job was stopped may be raised in the place of another error."""
    kinds = {type(error) for error in chapter.errors if isinstance(error, LedgerError)}
    return bool(kinds if story.plan.ledger else kinds - {JobStoppedError})

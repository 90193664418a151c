"""Rules 2 and 3: nothing is paid for twice, and the ledger is written before each call."""

from __future__ import annotations

from collections import Counter, defaultdict
from uuid import UUID

from vgen.abc import Custody, Manifest, Money, State
from vgen.errors import JobStoppedError, LedgerError
from vgen.records.entry import (
    Chosen,
    Doubted,
    Entry,
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

from .played_plan import PlayedPlan, PlayedRun

NEEDS_A_TICKET = frozenset({"cancel", "fetch"})


def one_at_a_time(played: PlayedPlan) -> None:
    """A clip has at most one open attempt, and each attempt is sent at most once.

    It is sent right after its reservation, and fetched or cancelled only with a ticket written.
    """
    open_attempts: defaultdict[int, set[UUID]] = defaultdict(set)
    last: dict[UUID, Entry] = {}
    sent: Counter[UUID] = Counter()
    for logged in played.log:
        what = logged.what
        if isinstance(what, Line):
            last[what.attempt_id] = what.entry
            open_now = open_attempts[what.clip_index]
            (open_now.discard if _closes(what.entry) else open_now.add)(what.attempt_id)
            assert len(open_now) <= 1, f"two attempts open for clip {what.clip_index}: {logged}"
        elif isinstance(what, Call) and what.attempt_id is not None:
            entry = last.get(what.attempt_id)
            if what.what == "submit":
                sent[what.attempt_id] += 1
                assert isinstance(entry, Reserved), (
                    f"sent, but {entry} is what is written: {logged}"
                )
                assert sent[what.attempt_id] == 1, f"sent again: {logged}"
            elif what.what in NEEDS_A_TICKET:
                assert not isinstance(entry, Planned | Reserved | Doubted), f"no ticket: {logged}"
            elif what.what == "find":
                assert isinstance(entry, Doubted), f"looked for without a doubt: {logged}"


def _closes(entry: Entry) -> bool:
    if isinstance(entry, Settled):
        return entry.verdict is not State.SUCCEEDED
    return isinstance(entry, Released | WrittenOff | Lost | Stored | Chosen)


def no_clip_is_bought_twice(played: PlayedPlan) -> None:
    """A request that a provider has fulfilled is sent again only where its clip was lost.

    The redo of a clip is another request.
    """
    bought: set[tuple[int, str]] = set()
    attempts = played.attempts
    for key, accepted in sorted(played.accepted.items(), key=lambda item: item[1].submitted_at):
        attempt = attempts[key]
        if accepted.status().state is not State.SUCCEEDED:
            continue
        asked = attempt.clip_index, attempt.fingerprint
        if attempt.custody is not Custody.LOST:
            assert asked not in bought, f"bought twice: {attempt}"
            bought.add(asked)


def requests_are_the_callers(played: PlayedPlan) -> None:
    """Every attempt has a fingerprint from one of the ledger's manifests.

    A manifest has a further take of a prompt only in a run with a redo of its clip, and only after
    the take before it was stored.
    """
    takes: dict[tuple[int, str, int], str] = {}
    stored: set[str] = set()
    attempts = played.attempts
    for run in played.runs:
        for logged in played.log_entries(run):
            if isinstance(logged.what, Line) and isinstance(logged.what.entry, Stored):
                stored.add(attempts[logged.what.attempt_id].fingerprint)
            for planned in logged.what.clips if isinstance(logged.what, Manifest) else ():
                clip, prompt, take = planned.clip_index, planned.prompt.prompt, planned.take
                if take and (clip, prompt, take) not in takes:
                    assert clip in run.planned.indexes_to_redo, f"nobody asked for it: {planned}"
                    assert takes[clip, prompt, take - 1] in stored, f"redone too early: {planned}"
                takes[clip, prompt, take] = planned.fingerprint
    unasked = [a for a in attempts.values() if a.fingerprint not in takes.values()]
    assert not unasked, f"nobody asked for it: {unasked[0]}"


def released_means_absent(played: PlayedPlan) -> None:
    """An accepted attempt is never released; where `find` works, nothing is written off."""
    attempts = played.attempts
    for key in played.accepted:
        assert key in attempts, "accepted, but not in the ledger"
        assert attempts[key].money is not Money.RELEASED, f"accepted, but released: {attempts[key]}"
    for attempt in attempts.values():
        provable = played.fake(attempt.backend).capabilities.can_find
        assert not (provable and attempt.money is Money.WRITTEN_OFF), f"not looked for: {attempt}"


def every_submit_has_a_result(played: PlayedPlan, run: PlayedRun) -> None:
    """After each submit the ledger has a ticket, a release, or, if it was not answered, a doubt."""
    if _ledger_failed(played, run):
        return
    entries: dict[UUID, list[Entry]] = {}
    for line in played.lines():
        entries.setdefault(line.attempt_id, []).append(line.entry)
    for _, call in played.calls("submit", within=run):
        assert call.attempt_id is not None
        written = entries[call.attempt_id]
        after = written[written.index(Reserved()) + 1 :]
        assert after, f"nothing is known of {call}"
        if "LoseAnswer" in call.answer:
            sure = not any(model and model.faults for model in (played.plan.one, played.plan.two))
            assert isinstance(after[0], Doubted if sure else Doubted | Released), f"{after}: {call}"
        else:
            assert isinstance(after[0], Ticketed | Released), f"answered, but {after[0]}: {call}"


def _ledger_failed(played: PlayedPlan, run: PlayedRun) -> bool:
    """Whether the ledger may have failed; `JobStoppedError` may hide another `LedgerError`."""
    kinds = {type(error) for error in run.errors if isinstance(error, LedgerError)}
    return bool(kinds if played.plan.ledger else kinds - {JobStoppedError})

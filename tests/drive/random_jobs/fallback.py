"""Rule 7: a clip is given up only when its whole route has been tried."""

from __future__ import annotations

from collections import Counter

from vgen import ClipGivenUp, FallBackReason
from vgen.abc import Custody
from vgen.records.entry import Line, Released, Reserved
from vgen.testing import Call

from .played_plan import PlayedPlan, PlayedRun

NO_CREDIT = "no credit"
NO_ATTEMPT = {"too many requests", "submit: it is down", "submit: it broke"}
"""Why an attempt was not sent, and does not count as one: a rate limit, or no network."""


def a_clip_is_tried_on_its_whole_route(played: PlayedPlan, run: PlayedRun) -> None:
    """Each backend of a clip's route has been asked, or refuses the account, when it is given up.

    Unless the job was stopped, there is no money, an attempt is left open, storage could not say
    whether the clip is there, or a take was stored that could not be put in the clip's place.
    """
    narrowed = set(played.plan.fall_back_on) != set(FallBackReason)
    if narrowed or run.shared or not run.after or played.plan.ledger or played.plan.images:
        return
    refused, left = _refused(played, run), {a.clip_index for a in run.after.attempts if a.is_open}
    prepared = {(call.who, call.about) for _, call in played.calls("prepare", within=run)}
    for logged in played.log_entries(run):
        if not isinstance(logged.what, ClipGivenUp):
            continue
        index, reason = logged.what.failure.clip_index, logged.what.failure.reason
        if index in left or reason.startswith(("not started", "over budget")):
            continue
        planned = run.after.manifest.clip(index)
        if any(
            a.custody is Custody.STORED and a.fingerprint == planned.fingerprint
            for a in run.after.of_clip(index)
        ):
            continue
        asked = {who for who, prompt in prepared if prompt == planned.prompt.prompt}
        missed = set(planned.route) - refused - asked
        assert not asked or not missed, f"not tried on {missed}: {logged}"


def each_backend_gets_its_attempts_and_no_more(played: PlayedPlan, run: PlayedRun) -> None:
    """A clip has at most `Settings.attempts` attempts on a backend; those that were sent count."""
    attempts, most = played.attempts, played.plan.settings.attempts * len(run.outcomes)
    sent: Counter[tuple[int, str]] = Counter()
    for logged in played.log_entries(run):
        line = logged.what
        if isinstance(line, Line) and line.attempt_id in attempts:
            key = (line.clip_index, attempts[line.attempt_id].backend)
            sent[key] += isinstance(line.entry, Reserved)
            sent[key] -= isinstance(line.entry, Released) and line.entry.reason in NO_ATTEMPT
    assert all(count <= most for count in sent.values()), f"sent too often: {sent}"


def a_refused_account_gets_nothing_more(played: PlayedPlan, run: PlayedRun) -> None:
    """After the answer that refuses an account, the job sends nothing more to it."""
    if len(run.outcomes) > 1 or played.plan.ledger:
        return
    refused: set[str] = set()
    for logged in played.log_entries(run):
        what = logged.what
        if isinstance(what, Call) and what.what == "submit":
            assert what.who not in refused, f"sent, though the account is refused: {logged}"
        elif (
            isinstance(what, Line)
            and isinstance(what.entry, Released)
            and what.entry.reason == NO_CREDIT
        ):
            refused.add(played.attempts[what.attempt_id].backend)


def _refused(played: PlayedPlan, run: PlayedRun) -> set[str]:
    """The backends whose account, which each has to itself, was refused in a run."""
    lines = [logged.what for logged in played.log_entries(run) if isinstance(logged.what, Line)]
    return {
        played.attempts[line.attempt_id].backend
        for line in lines
        if isinstance(line.entry, Released) and line.entry.reason == NO_CREDIT
    }

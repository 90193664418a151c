"""Rules 4 and 7: no attempt runs on unrecorded; enough clips, or an error."""

from __future__ import annotations

from vgen import ClipGivenUp, Clips, JobOpened
from vgen.abc import Custody, Money
from vgen.errors import (
    AccountRefusedError,
    BudgetExceededError,
    InsufficientClipsError,
    InvalidPromptsError,
    JobStoppedError,
    LedgerError,
    VgenError,
)
from vgen.records.entry import Line, Lost, Released, Settled
from vgen.testing import Call
from vgen.testing.plan import RUN_LIMIT

from .played_plan import PlayedPlan, PlayedRun

SLACK = 60.0
"""The longest that a cancelled job may take, in seconds: 30 s for a submit under way, and 10 s of
grace each for the provider and for the ledger."""

STOP_NOTICE_DELAY = 20.0
"""Within how many seconds a runner stops a job that another runner has cancelled."""

LEDGER_SLACK = 120.0
"""What a failing ledger may add to it, in seconds."""

ROUNDING = 1e-6
"""Tolerance for sums of float seconds."""


def running_attempts_are_recorded(played: PlayedPlan, run: PlayedRun) -> None:
    """What still runs at a provider is held, in doubt or written off in the ledger."""
    attempts = {a.attempt_id: a for a in run.after.attempts} if run.after else {}
    for key in run.running:
        assert key in attempts, f"running, but unknown: {key}"
        attempt = attempts[key]
        recorded = attempt.money in {Money.HELD, Money.IN_DOUBT, Money.WRITTEN_OFF}
        assert recorded, f"running, but closed: {attempt}"


def what_ran_was_cancelled(played: PlayedPlan, run: PlayedRun) -> None:
    """A job that is cancelled has cancelled its running attempts at the provider."""
    cancelled = run.cancelled and len(run.outcomes) == 1
    if not cancelled and (not run.cancelled_elsewhere or played.plan.ledger):
        return
    uncancellable = {model.name for model in played.backends if _may_not_cancel(played, model.name)}
    cancels = {call.attempt_id for _, call in played.calls("cancel", within=run)}
    sent = {call.attempt_id for _, call in played.calls("submit", within=run)}
    for attempt in run.after.attempts if run.after else ():
        if attempt.custody is Custody.TICKETED and attempt.attempt_id in sent:
            assert attempt.attempt_id in cancels, f"left running unasked: {attempt}"
            assert attempt.backend in uncancellable, f"left running: {attempt}"


def _may_not_cancel(played: PlayedPlan, name: str) -> bool:
    """Whether an attempt may run on at a backend after a cancel."""
    model = played.plan.one if name == "one" else played.plan.two
    return model is None or bool(model.faults) or not model.can_cancel


def cancelling_ends_in_time(played: PlayedPlan, run: PlayedRun) -> None:
    """Cancelling ends a job within its grace."""
    if run.cancelled and run.planned.cancel is not None and len(run.outcomes) == 1:
        took = run.outcomes[0].at - run.began - run.planned.cancel
        assert took <= SLACK + (LEDGER_SLACK if played.plan.ledger else 0), f"took {took} s to end"


def cancelling_elsewhere_ends_in_time(played: PlayedPlan, run: PlayedRun) -> None:
    """A job that another runner has cancelled ends soon, wherever it runs."""
    if run.planned.cancelled_elsewhere is None or not run.cancelled_elsewhere or played.plan.ledger:
        return
    at = run.began + run.planned.cancelled_elsewhere
    opened = [logged.at for logged in played.log_entries(run) if isinstance(logged.what, JobOpened)]
    if len(opened) == len(run.outcomes) and max(opened) < at:
        took = max(outcome.at for outcome in run.outcomes) - at
        assert took <= STOP_NOTICE_DELAY + SLACK, f"took {took} s to end"


def enough_clips_or_an_error(played: PlayedPlan, run: PlayedRun) -> None:
    """A job returns at least `min_clips` clips, or raises an error with those it has."""
    plan = played.plan
    for outcome in run.outcomes:
        if outcome.clips is not None:
            assert outcome.clips.successful_clips >= plan.min_clips
        elif outcome.error is not None:
            _check_error(played, run, outcome.error)


def _check_error(played: PlayedPlan, run: PlayedRun, error: VgenError) -> None:
    plan = played.plan
    if isinstance(error, InsufficientClipsError):
        assert error.required == plan.min_clips > error.clips.successful_clips
        _check_reasons(error.clips)
        if isinstance(error, AccountRefusedError):
            assert error.reason in repr((plan.one, plan.two))
    elif isinstance(error, InvalidPromptsError):
        texts = all(m is None or not m.text for m in (plan.one, plan.two))
        assert len(plan.prompts) < plan.min_clips or texts, f"refused without need: {error}"
        assert not list(played.calls("reserve", "submit", within=run))
    elif isinstance(error, JobStoppedError):
        assert run.planned.cancelled_elsewhere is not None, f"nobody cancelled it: {error}"
    elif isinstance(error, LedgerError):
        assert plan.ledger or len(run.outcomes) > 1, f"nothing was wrong: {error}"
    else:
        assert isinstance(error, BudgetExceededError), f"unexpected: {error!r}"


def _check_reasons(clips: Clips) -> None:
    assert len(clips.clips) + len(clips.failures) == clips.total_clips
    assert all(failure.reason for failure in clips.failures)


def impossible_jobs_are_refused(played: PlayedPlan, run: PlayedRun) -> None:
    """A job with fewer prompts than `min_clips` sends nothing."""
    if len(played.plan.prompts) < played.plan.min_clips:
        assert not list(played.calls("submit", "reserve", within=run))


def nothing_starts_once_min_clips_are_out_of_reach(played: PlayedPlan, run: PlayedRun) -> None:
    """Once `min_clips` are out of reach, nothing more is reserved."""
    if len(run.outcomes) > 1 or played.plan.ledger:
        return
    lost = sorted(_lost_at(played, run).values())
    spare = max(0, len(played.plan.prompts) - played.plan.min_clips)
    ends = [lost[spare]] if len(lost) > spare else []
    for index, logged in enumerate(played.log_entries(run)):
        if isinstance(logged.what, Call) and logged.what.what == "reserve":
            assert not any(end < index for end in ends), f"started, though out of reach: {logged}"


def _lost_at(played: PlayedPlan, run: PlayedRun) -> dict[int, int]:
    """The log index by clip at which its failure was certain: the end of its last attempt."""
    found: dict[int, int] = {}
    ended: dict[int, tuple[int, str]] = {}
    for index, logged in enumerate(played.log_entries(run)):
        what = logged.what
        if isinstance(what, Line) and isinstance(what.entry, Released | Settled | Lost):
            ended[what.clip_index] = (index, what.entry.reason)
        elif isinstance(what, ClipGivenUp):
            clip, reason = what.failure.clip_index, what.failure.reason
            at, why = ended.get(clip, (index, reason))
            found[clip] = at if why == reason else index
    return found


def attempts_are_cancelled_for_a_reason(played: PlayedPlan, run: PlayedRun) -> None:
    """An attempt is cancelled only by the caller, at its time limit, or for a changed request."""
    if run.cancelled or run.cancelled_elsewhere:
        return
    if any(isinstance(error, LedgerError) for error in run.errors):
        return
    asked_for = {prompt.prompt for prompt in played.plan.clip_prompts(run.planned.edited)}
    for at, call in played.calls("cancel", within=run):
        assert call.attempt_id is not None
        accepted = played.accepted[call.attempt_id]
        slow = at - accepted.submitted_at >= RUN_LIMIT - ROUNDING
        assert slow or accepted.request.prompt not in asked_for, f"cancelled without need: {call}"

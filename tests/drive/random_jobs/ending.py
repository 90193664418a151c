"""Rules 4 and 7: nothing outlives its job unseen; enough clips, or an error."""

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

from .story import Chapter, Story

SLACK = 60.0
"""The longest that a cancelled job may take: a submit under way (30 s), and its grace (10 s) for
the provider and for the ledger each; in seconds."""

HEARING = 20.0
"""Within how many seconds a runner hears that its job was called off."""

LEDGER_SLACK = 120.0
"""What a ledger that does not answer may add to it, in seconds."""

ROUNDING = 1e-6
"""What adding and taking away seconds as floats may lose."""


def nothing_runs_unseen(story: Story, chapter: Chapter) -> None:
    """What still runs at a provider stands in the ledger as live, in doubt or written off."""
    standing = {a.attempt_id: a for a in chapter.after.attempts} if chapter.after else {}
    for key in chapter.running:
        assert key in standing, f"running, but unknown: {key}"
        attempt = standing[key]
        seen = attempt.money in {Money.HELD, Money.IN_DOUBT, Money.WRITTEN_OFF}
        assert seen, f"running, but closed: {attempt}"


def what_ran_was_asked_to_stop(story: Story, chapter: Chapter) -> None:
    """A job that ends early has asked the provider to stop whatever still runs of it."""
    cancelled = chapter.cancelled and len(chapter.outcomes) == 1
    if not cancelled and (not chapter.called_off or story.plan.ledger):
        return
    deaf = {model.name for model in story.backends if _may_not_hear(story, model.name)}
    stopped = {call.attempt_id for _, call in story.calls("cancel", within=chapter)}
    sent = {call.attempt_id for _, call in story.calls("submit", within=chapter)}
    for attempt in chapter.after.attempts if chapter.after else ():
        if attempt.custody is Custody.TICKETED and attempt.attempt_id in sent:
            assert attempt.attempt_id in stopped, f"left running unasked: {attempt}"
            assert attempt.backend in deaf, f"left running: {attempt}"


def _may_not_hear(story: Story, name: str) -> bool:
    """Whether a backend may go on with what it was asked to stop."""
    model = story.plan.one if name == "one" else story.plan.two
    return model is None or bool(model.faults) or not model.can_cancel


def it_ends_in_time(story: Story, chapter: Chapter) -> None:
    """Cancelling ends a job within its grace."""
    if chapter.cancelled and chapter.run.cancel is not None and len(chapter.outcomes) == 1:
        took = chapter.outcomes[0].at - chapter.began - chapter.run.cancel
        assert took <= SLACK + (LEDGER_SLACK if story.plan.ledger else 0), f"took {took} s to end"


def whoever_runs_it_hears_that_it_was_called_off(story: Story, chapter: Chapter) -> None:
    """A job that is called off from elsewhere ends soon, wherever it runs."""
    if chapter.run.called_off is None or not chapter.called_off or story.plan.ledger:
        return
    at = chapter.began + chapter.run.called_off
    opened = [note.at for note in story.notes(chapter) if isinstance(note.what, JobOpened)]
    if len(opened) == len(chapter.outcomes) and max(opened) < at:
        took = max(outcome.at for outcome in chapter.outcomes) - at
        assert took <= HEARING + SLACK, f"took {took} s to end"


def enough_clips_or_an_error(story: Story, chapter: Chapter) -> None:
    """A job gives at least `min_clips` clips, or an error that carries what there is."""
    plan = story.plan
    for outcome in chapter.outcomes:
        if outcome.clips is not None:
            assert outcome.clips.successful_clips >= plan.min_clips
        elif outcome.error is not None:
            _is_due(story, chapter, outcome.error)


def _is_due(story: Story, chapter: Chapter, error: VgenError) -> None:
    plan = story.plan
    if isinstance(error, InsufficientClipsError):
        assert error.required == plan.min_clips > error.clips.successful_clips
        _names_the_reasons(error.clips)
        if isinstance(error, AccountRefusedError):
            assert error.reason in repr((plan.one, plan.two))
    elif isinstance(error, InvalidPromptsError):
        texts = all(m is None or not m.text for m in (plan.one, plan.two))
        assert len(plan.prompts) < plan.min_clips or texts, f"refused without need: {error}"
        assert not list(story.calls("reserve", "submit", within=chapter))
    elif isinstance(error, JobStoppedError):
        assert chapter.run.called_off is not None, f"nobody called it off: {error}"
    elif isinstance(error, LedgerError):
        assert plan.ledger or len(chapter.outcomes) > 1, f"nothing was wrong: {error}"
    else:
        assert isinstance(error, BudgetExceededError), f"unexpected: {error!r}"


def _names_the_reasons(clips: Clips) -> None:
    assert len(clips.clips) + len(clips.failures) == clips.total_clips
    assert all(failure.reason for failure in clips.failures)


def impossible_jobs_are_refused(story: Story, chapter: Chapter) -> None:
    """A job that could never reach its clips sends nothing."""
    if len(story.plan.prompts) < story.plan.min_clips:
        assert not list(story.calls("submit", "reserve", within=chapter))


def nothing_starts_without_hope(story: Story, chapter: Chapter) -> None:
    """Once enough clips are out of reach, or an account is refused, nothing more is reserved."""
    if len(chapter.outcomes) > 1 or story.plan.ledger:
        return
    lost = sorted(_lost_at(story, chapter).values())
    hope = max(0, len(story.plan.prompts) - story.plan.min_clips)
    ends = [lost[hope]] if len(lost) > hope else []
    for index, note in enumerate(story.notes(chapter)):
        what = note.what
        if isinstance(what, Line) and isinstance(what.entry, Released):
            ends += [index] if "no credit" in what.entry.reason else []
        elif isinstance(what, Call) and what.what == "reserve":
            assert not any(end < index for end in ends), f"started without hope: {note}"


def _lost_at(story: Story, chapter: Chapter) -> dict[int, int]:
    """When it was certain of each clip that it would be given up: with its last attempt's end."""
    found: dict[int, int] = {}
    ended: dict[int, tuple[int, str]] = {}
    for index, note in enumerate(story.notes(chapter)):
        what = note.what
        if isinstance(what, Line) and isinstance(what.entry, Released | Settled | Lost):
            ended[what.clip_index] = (index, what.entry.reason)
        elif isinstance(what, ClipGivenUp):
            clip, reason = what.failure.clip_index, what.failure.reason
            at, why = ended.get(clip, (index, reason))
            found[clip] = at if why == reason else index
    return found


def what_runs_may_finish(story: Story, chapter: Chapter) -> None:
    """An attempt is cancelled only by the caller, for its slowness, or for a changed request."""
    if chapter.cancelled or chapter.called_off:
        return
    if any(isinstance(error, LedgerError) for error in chapter.errors):
        return
    asked_for = {prompt.prompt for prompt in story.plan.clip_prompts(chapter.run.edited)}
    for at, call in story.calls("cancel", within=chapter):
        assert call.attempt_id is not None
        order = story.accepted[call.attempt_id]
        slow = at - order.submitted_at >= RUN_LIMIT - ROUNDING
        assert slow or order.request.prompt not in asked_for, f"cancelled without need: {call}"

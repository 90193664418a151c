"""Rule 10: order and completeness; observers change nothing."""

from __future__ import annotations

from vgen import ClipProgress, Clips, Event, JobFinished, JobOpened

from .played_plan import PlayedPlan, PlayedRun
from .stored_clips import clips_of


def clips_are_in_order_and_complete(played: PlayedPlan, run: PlayedRun) -> None:
    """Clips and failures are in `clip_index` order, and together one for each prompt."""
    for outcome in run.outcomes:
        clips = clips_of(outcome)
        if clips is None:
            continue
        made = [clip.clip_index for clip in clips.clips]
        missing = [failure.clip_index for failure in clips.failures]
        assert made == sorted(made)
        assert missing == sorted(missing)
        assert sorted(made + missing) == sorted(ord(p) - ord("a") for p in played.plan.prompts)
        counts = (clips.total_clips, clips.successful_clips, clips.failed_clips)
        assert counts == (len(made) + len(missing), len(made), len(missing))
        if len(run.outcomes) == 1:
            failures_list_their_attempts(clips, run)


def failures_list_their_attempts(clips: Clips, run: PlayedRun) -> None:
    """Each failure has a reason, and names every attempt that was sent, with its own reason."""
    assert run.after is not None
    for failure in clips.failures:
        assert failure.reason
        sent = [a for a in run.after.of_clip(failure.clip_index) if a.sent]
        assert [t.backend for t in failure.tried] == [a.backend for a in sent]
        assert all(tried.reason for tried in failure.tried)


def progress_never_falls(played: PlayedPlan, run: PlayedRun) -> None:
    """Progress never falls and is from 50 to 85 percent; `JobFinished` is the only last event."""
    if len(run.outcomes) > 1:
        return
    events = [logged.what for logged in played.log_entries(run)]
    points = [event.percent for event in events if isinstance(event, ClipProgress)]
    assert points == sorted(points)
    assert all(50 <= point <= 85 for point in points)
    finished = [event for event in events if isinstance(event, JobFinished)]
    opened = any(isinstance(event, JobOpened) for event in events)
    assert [event.clips for event in finished] == [clips_of(run.outcomes[0])] * opened
    reported = [event for event in events if isinstance(event, Event)]
    assert reported[len(reported) - len(finished) :] == finished

"""Rule 10: order and completeness; observers change nothing."""

from __future__ import annotations

from vgen import Clips, Event, JobFinished, JobOpened, JobProgress

from .keeping import clips_of
from .story import Chapter, Story


def clips_are_in_order_and_complete(story: Story, chapter: Chapter) -> None:
    """Clips and failures are in `clip_index` order, and together they are all that was asked."""
    for outcome in chapter.outcomes:
        clips = clips_of(outcome)
        if clips is None:
            continue
        made = [clip.clip_index for clip in clips.clips]
        missing = [failure.clip_index for failure in clips.failures]
        assert made == sorted(made)
        assert missing == sorted(missing)
        assert sorted(made + missing) == sorted(ord(p) - ord("a") for p in story.plan.prompts)
        counts = (clips.total_clips, clips.successful_clips, clips.failed_clips)
        assert counts == (len(made) + len(missing), len(made), len(missing))
        if len(chapter.outcomes) == 1:
            failures_say_what_was_tried(clips, chapter)


def failures_say_what_was_tried(clips: Clips, chapter: Chapter) -> None:
    """Each failure has a reason, and names every attempt that was sent, with its own reason."""
    assert chapter.after is not None
    for failure in clips.failures:
        assert failure.reason
        sent = [a for a in chapter.after.of_clip(failure.clip_index) if a.sent]
        assert [t.backend for t in failure.tried] == [a.backend for a in sent]
        assert all(tried.reason for tried in failure.tried)


def progress_never_falls(story: Story, chapter: Chapter) -> None:
    """The job's progress rises within its range, and its end is told once, and last."""
    if len(chapter.outcomes) > 1:
        return
    events = [note.what for note in story.notes(chapter)]
    points = [event.percent for event in events if isinstance(event, JobProgress)]
    assert points == sorted(points)
    assert all(50 <= point <= 85 for point in points)
    finished = [event for event in events if isinstance(event, JobFinished)]
    opened = any(isinstance(event, JobOpened) for event in events)
    assert [event.clips for event in finished] == [clips_of(chapter.outcomes[0])] * opened
    told = [event for event in events if isinstance(event, Event)]
    assert told[len(told) - len(finished) :] == finished

"""The outcome of a job, as `vgen generate` shows it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group
from rich.text import Text

from vgen import Clip, ClipFailure, Clips
from vgen.cli.tables import Table
from vgen.cli.text import dollars, safe_text


def outcome_table(clips: Clips, location: str) -> Group:
    """Return the outcome of a job: a row for each clip, what was ignored, and a summary."""
    table = Table("Clip", "Seconds", "Backend", "Cost", "File", "Notes", right=("Clip", "Cost"))
    outcomes: list[Clip | ClipFailure] = [*clips.clips, *clips.failures]
    for outcome in sorted(outcomes, key=lambda outcome: outcome.clip_index):
        if isinstance(outcome, Clip):
            table.add_row(*_clip_cells(outcome))
        else:
            table.add_row(*_failure_cells(outcome))
    return Group("", table, "", *_ignored(clips), _summary(clips, location))


def _clip_cells(clip: Clip) -> Iterator[str | Text]:
    yield str(clip.clip_index)
    yield _duration(clip)
    yield clip.backend
    yield dollars(clip.cost) if clip.cost else "free"
    yield safe_text(clip.reference, "green")
    yield safe_text("; ".join(_remarks(clip)), "yellow" if clip.faults else "dim")


def _duration(clip: Clip) -> Text:
    style = "" if clip.within_tolerance else "yellow"
    return Text(f"{clip.actual_duration:.2f} of {clip.target_duration:.2f}", style)


def _remarks(clip: Clip) -> Iterator[str]:
    yield from clip.notes
    if not clip.within_tolerance:
        yield f"{abs(clip.duration_diff):.1f} s too {'long' if clip.duration_diff > 0 else 'short'}"
    if clip.retry_count:
        yield f"attempt {clip.retry_count + 1}"


def _failure_cells(failure: ClipFailure) -> Iterator[str | Text]:
    spent = sum(attempt.cost for attempt in failure.tried)
    yield str(failure.clip_index)
    yield "none"
    yield ", ".join(dict.fromkeys(attempt.backend for attempt in failure.tried))
    yield dollars(spent) if spent else "free"
    yield Text("missing", "red")
    yield safe_text(failure.reason, "red")


def _ignored(clips: Clips) -> Iterator[Text]:
    """Return a line for each backend that could not honour some settings."""
    settings: dict[str, dict[str, None]] = {}
    for clip in clips.clips:
        settings.setdefault(clip.backend, {}).update(dict.fromkeys(clip.ignored))
    for backend, ignored in settings.items():
        if ignored:
            yield safe_text(f"{backend} ignores: {', '.join(ignored)}", "dim")


def _summary(clips: Clips, location: str) -> Text:
    text = Text(f"{clips.successful_clips} of {clips.total_clips} clips in ")
    text.append(safe_text(location, "bold"))
    return text.append(f", {dollars(clips.total_cost)}, {clips.total_generation_time:.1f} s")

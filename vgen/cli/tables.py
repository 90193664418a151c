"""The style of tables, and the table of a job's outcome."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from vgen import Clip, ClipFailure, Clips
from vgen.cli.text import dollars, safe_text


def new_table(*columns: str, right: tuple[str, ...] = (), whole: tuple[str, ...] = ()) -> Table:
    """Return an empty table; columns named in `right` are right-aligned.

    They are not wrapped, nor are those in `whole`.
    """
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        if column in right:
            made.add_column(column, justify="right", no_wrap=True)
        else:
            made.add_column(column, overflow="fold", no_wrap=column in whole)
    return made


def outcome_table(clips: Clips, location: str) -> Group:
    """Return the outcome of a job: a row for each clip, and a summary."""
    rows = new_table("Clip", "Seconds", "Backend", "Cost", "File", "Notes", right=("Clip", "Cost"))
    outcomes: list[Clip | ClipFailure] = [*clips.clips, *clips.failures]
    for outcome in sorted(outcomes, key=lambda outcome: outcome.clip_index):
        if isinstance(outcome, Clip):
            rows.add_row(*_clip_cells(outcome))
        else:
            rows.add_row(*_failure_cells(outcome))
    return Group(rows, _summary(clips, location))


def _clip_cells(clip: Clip) -> Iterator[Text]:
    yield Text(str(clip.clip_index))
    yield _duration(clip)
    yield safe_text(clip.backend)
    yield Text(dollars(clip.cost) if clip.cost else "free")
    yield safe_text(clip.reference, "green")
    yield safe_text("; ".join(_remarks(clip)), "yellow" if clip.faults else "")


def _duration(clip: Clip) -> Text:
    style = "" if clip.within_tolerance else "yellow"
    return Text(f"{clip.actual_duration:.2f} of {clip.target_duration:.2f}", style)


def _remarks(clip: Clip) -> Iterator[str]:
    yield from clip.notes
    if not clip.within_tolerance:
        yield f"{abs(clip.duration_diff):.1f} s too {'long' if clip.duration_diff > 0 else 'short'}"
    if clip.retry_count:
        yield f"attempt {clip.retry_count + 1}"
    if clip.ignored:
        yield f"ignored: {', '.join(clip.ignored)}"


def _failure_cells(failure: ClipFailure) -> Iterator[Text]:
    spent = sum(attempt.cost for attempt in failure.tried)
    yield Text(str(failure.clip_index))
    yield Text("none")
    yield safe_text(", ".join(dict.fromkeys(attempt.backend for attempt in failure.tried)))
    yield Text(dollars(spent) if spent else "free")
    yield Text("missing", "red")
    yield safe_text(failure.reason, "red")


def _summary(clips: Clips, location: str) -> Text:
    text = Text(f"{clips.successful_clips} of {clips.total_clips} clips in ")
    text.append(safe_text(location, "bold"))
    return text.append(f", {dollars(clips.total_cost)}, {clips.total_generation_time:.1f} s")

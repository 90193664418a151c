"""Tables: how they look, and the one that closes a job."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from vgen import Clip, ClipFailure, Clips
from vgen.cli.text import dollars, shown


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Give an empty table; the columns named in `right` hold numbers."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        if column in right:
            made.add_column(column, justify="right", no_wrap=True)
        else:
            made.add_column(column, overflow="fold")
    return made


def closing(clips: Clips, place: str) -> Group:
    """Say what came of a job, clip by clip and in all."""
    rows = table("Clip", "Seconds", "Backend", "Cost", "File", "Notes", right=("Clip", "Cost"))
    outcomes: list[Clip | ClipFailure] = [*clips.clips, *clips.failures]
    for outcome in sorted(outcomes, key=lambda outcome: outcome.clip_index):
        if isinstance(outcome, Clip):
            rows.add_row(*_made(outcome))
        else:
            rows.add_row(*_missing(outcome))
    return Group(rows, _sum(clips, place))


def _made(clip: Clip) -> Iterator[Text]:
    yield Text(str(clip.clip_index))
    yield _length(clip)
    yield shown(clip.backend)
    yield Text(dollars(clip.cost) if clip.cost else "free")
    yield shown(clip.reference, "green")
    yield shown("; ".join(_remarks(clip)), "yellow" if clip.faults else "")


def _length(clip: Clip) -> Text:
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


def _missing(failure: ClipFailure) -> Iterator[Text]:
    spent = sum(tried.cost for tried in failure.tried)
    yield Text(str(failure.clip_index))
    yield Text("none")
    yield shown(", ".join(dict.fromkeys(tried.backend for tried in failure.tried)))
    yield Text(dollars(spent) if spent else "free")
    yield Text("missing", "red")
    yield shown(failure.reason, "red")


def _sum(clips: Clips, place: str) -> Text:
    text = Text(f"{clips.successful_clips} of {clips.total_clips} clips in ")
    text.append(shown(place, "bold"))
    return text.append(f", {dollars(clips.total_cost)}, {clips.total_generation_time:.1f} s")

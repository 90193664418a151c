"""The outcome of a job, as `vgen generate` shows it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal

from rich.console import Group
from rich.text import Text

from vgen import Clip, ClipFailure, Clips
from vgen.cli.estimates import ANEW
from vgen.cli.tables import Table
from vgen.cli.text import dollars, safe_text, spell_indexes
from vgen.records.money import ZERO


def outcome_table(
    clips: Clips, location: str, *, before: Decimal = ZERO, kept: Collection[str] = ()
) -> Group:
    """Return the outcome of a job: a row for each clip, what was ignored, and a summary.

    `before` is what the job had spent before this run, in US dollars, and `kept` has the digests
    of the files that it had: of those it is not told again why they were made anew.
    """
    table = Table("Clip", "Seconds", "Backend", "Cost", "File", "Notes", right=("Clip", "Cost"))
    outcomes: list[Clip | ClipFailure] = [*clips.clips, *clips.failures]
    for outcome in sorted(outcomes, key=lambda outcome: outcome.clip_index):
        if isinstance(outcome, Clip):
            table.add_row(*_clip_cells(outcome, made=outcome.sha256 not in kept))
        else:
            table.add_row(*_failure_cells(outcome))
    ignored = ignored_lines((clip.backend, clip.ignored) for clip in clips.clips)
    missing = [f.clip_index for f in clips.failures]
    ending = [_missing(missing)] if missing else []
    return Group("", table, "", *ignored, _summary(clips, location, before), *ending)


def _clip_cells(clip: Clip, *, made: bool) -> Iterator[str | Text]:
    yield str(clip.clip_index)
    yield _duration(clip)
    yield clip.backend
    yield dollars(clip.cost) if clip.cost else "free"
    yield safe_text(clip.reference, "green")
    yield safe_text("; ".join(_remarks(clip, made=made)), "yellow" if clip.faults else "dim")


def _duration(clip: Clip) -> Text:
    style = "" if clip.within_tolerance else "yellow"
    return Text(f"{clip.actual_duration:.2f} of {clip.target_duration:.2f}", style)


def _remarks(clip: Clip, *, made: bool) -> Iterator[str]:
    yield from (note for note in clip.notes if made or not note.startswith(ANEW))
    if not clip.within_tolerance:
        yield missed(clip.duration_diff)
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


def missed(difference: float) -> str:
    """Spell by how much a clip misses its target, in seconds."""
    return f"{abs(difference):.1f} s too {'long' if difference > 0 else 'short'}"


def ignored_lines(each: Iterable[tuple[str, Sequence[str]]]) -> Iterator[Text]:
    """Return a line for each backend that cannot honour settings, of those of `each` clip."""
    settings: dict[str, dict[str, None]] = {}
    for backend, names in each:
        settings.setdefault(backend, {}).update(dict.fromkeys(names))
    for backend, ignored in settings.items():
        if ignored:
            yield safe_text(f"{backend} ignores: {', '.join(ignored)}", "dim")


def _summary(clips: Clips, location: str, before: Decimal) -> Text:
    text = Text(f"{clips.successful_clips} of {clips.total_clips} clips in ")
    text.append(safe_text(location, "bold"))
    cost = dollars(clips.total_cost - before)
    if before:
        cost = f"{cost} in this run and {dollars(clips.total_cost)} in all"
    return text.append(f", {cost}, {clips.total_generation_time:.1f} s")


def _missing(indexes: Sequence[int]) -> Text:
    return Text(
        f"missing: {spell_indexes(indexes)}; run the same command again to make the rest", "yellow"
    )

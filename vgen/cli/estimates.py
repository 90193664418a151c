"""What a job will probably cost and take, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Decimal
from math import ceil

from vgen import ClipFate, ClipPlan, Estimate, JobPlan, Source
from vgen.cli.text import CENT, FINEST, dollars, spell_indexes

ANEW = "made anew"
"""How a note begins that says why a stored clip is made once more."""

MINUTE, HOUR = 60, 3600
SHORT = 90
"""Up to so many seconds, or minutes, a time is told in them."""


def to_make(plan: JobPlan) -> list[ClipPlan]:
    """Return the clips that a run makes."""
    return [clip for clip in plan.clips if clip.fate is ClipFate.MAKE]


def job_line(plan: JobPlan) -> str:
    """Return what the clips that are to be made will probably cost and take, in one line.

    Empty where none is, or where the job will be refused.
    """
    clips = to_make(plan)
    if not clips or plan.refusal:
        return ""
    cost, figures = plan.forecast.cost, estimates(clips).values()
    parts: list[str] = []
    if may_cost(plan):
        parts.append(f"{rounded(cost.median)} (rarely over {rounded(cost.high)})")
    if is_timed(clips):
        parts.append(spell_time(plan.forecast.seconds.median))
    if not parts:
        return f"{count(len(clips), 'clip')} to make"
    observed = sum(each.observed for each in figures if each.source is Source.OBSERVED)
    by = f"by {count(observed, 'earlier attempt')}" if observed else "as declared"
    return f"about {' and '.join(parts)} for {count(len(clips), 'clip')}, {by}"


def warnings(plan: JobPlan, *, tolerance: float) -> Iterator[str]:
    """Yield what users would want to know before clips are paid for, in a line each.

    Clips that are made anew though they are stored, lengths that miss their targets by more than
    the `tolerance`, in seconds, and prompts that are not looked at.
    """
    clips = [] if plan.refusal else to_make(plan)
    anew = [(note, clip) for clip in clips for note in clip.notes if note.startswith(ANEW)]
    for note in dict.fromkeys(note for note, _ in anew):
        which = [clip.clip_index for each, clip in anew if each == note]
        yield f"{spell_indexes(which)}: {note}"
    off = [d for clip in clips if abs(d := clip.duration - clip.target) > tolerance]
    if off:
        least, most = min(map(abs, off)), max(map(abs, off))
        by = f"{least:.1f} s" if least == most else f"{least:.1f} to {most:.1f} s"
        way = "too long" if min(off) > 0 else "too short" if max(off) < 0 else "too long or short"
        yield f"{len(off)} of {count(len(clips), 'clip')} will be {by} {way}"
    blind = [clip for clip in clips if "prompt" in clip.ignored]
    for backend in dict.fromkeys(clip.route[0] for clip in blind):
        which = [clip.clip_index for clip in blind if clip.route[0] == backend]
        show = "shows what its image does" if len(which) == 1 else "show what their images do"
        yield f"{backend} ignores prompts: {spell_indexes(which)} {show}"


def sources(clips: Sequence[ClipPlan]) -> str:
    """Return where the figures of these clips come from."""
    found = sorted(estimates(clips).items(), key=lambda each: each[1].source is Source.DECLARED)
    return "; ".join(_source(*each) for each in found)


def _source(backend: str, figures: Estimate) -> str:
    tried, failed = figures.observed, figures.failed
    if figures.source is Source.OBSERVED:
        which = f", {failed} of which failed" if failed else ""
        return f"from {tried} earlier attempts on {backend}{which}"
    few = f" (only {tried - failed} earlier successes)" if tried else ""
    return f"{backend}: as declared{few}"


def estimates(clips: Sequence[ClipPlan]) -> dict[str, Estimate]:
    """Return what is known of each backend that the clips are sent to first."""
    return {clip.route[0]: clip.estimate for clip in clips}


def may_cost(plan: JobPlan) -> bool:
    """Whether a run costs money, or may when clips fall back on another backend."""
    return bool(plan.worst or plan.forecast.cost.high)


def is_timed(clips: Sequence[ClipPlan]) -> bool:
    """Whether it is known how long each clip takes."""
    return all(clip.estimate.seconds is not None for clip in clips)


def rounded(amount: Decimal) -> str:
    """Spell an amount that is not exact, and must not be too low."""
    unit = CENT if amount >= 10 * CENT else FINEST
    return dollars(amount.quantize(unit, ROUND_CEILING))


def spell_time(seconds: float) -> str:
    """Spell a time that is not exact, rounded up."""
    minutes = ceil(seconds / MINUTE)
    if seconds <= SHORT:
        return f"{max(1, ceil(seconds))} s"
    if minutes <= SHORT:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, MINUTE)
    return f"{hours} h {minutes} min"


def count(number: int, what: str) -> str:
    """Spell a number of things."""
    return f"{number} {what}{'s' * (number != 1)}"

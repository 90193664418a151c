"""What a finished clip's record says of its file and of the work on it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

from vgen.drive.attempt.run import AttemptRun
from vgen.records.clip import Clip
from vgen.records.job import PlannedClip
from vgen.records.money import ZERO
from vgen.records.request import Quote
from vgen.records.video import Inspection, VideoInfo


@frozen
class ClipHistory:
    """What a finished clip's record says of the work on the clip, beside what its file shows.

    `started` is the time of the clip's first submit in this run, on Trio's clock; `earlier_cost`
    what its other attempts were billed, in US dollars.
    """

    started: float
    earlier_cost: Decimal
    retry_count: int
    notes: tuple[str, ...]


def clip_record(
    run: AttemptRun, planned: PlannedClip, history: ClipHistory, found: Inspection
) -> Clip:
    """Return the record of a clip that is not stored yet."""
    info, target = found.info, float(planned.prompt.duration)
    difference = float(info.duration) - target
    quote = run.backend.quote(run.attempt.request)
    notes = (*history.notes, *quote.notes, *_other_size(run, quote, info))
    return Clip(
        clip_index=planned.clip_index,
        video_url="",
        actual_duration=float(info.duration),
        target_duration=target,
        duration_diff=round(difference, 6),
        requested_duration=run.attempt.request.duration,
        within_tolerance=abs(difference) <= run.context.settings.tolerance,
        retry_count=history.retry_count,
        backend=run.backend.name,
        generator=run.backend.capabilities.generator,
        container=info.container,
        codec=info.codec,
        audio_codec=info.audio_codec,
        width=info.width,
        height=info.height,
        fps=round(float(info.fps), 3),
        frames=info.frames,
        rotation=info.rotation,
        pixel_aspect=info.pixel_aspect,
        seed=run.attempt.request.seed,
        ignored=quote.ignored,
        faults=found.judgement.faults,
        notes=notes + found.judgement.explanations,
    )


def _other_size(run: AttemptRun, quote: Quote, info: VideoInfo) -> Iterator[str]:
    """Tell of a size that was not asked for, unless the backend has said that it ignores it."""
    request, (width, height) = run.attempt.request, info.shown_size
    asked = {"width": (request.width, width), "height": (request.height, height)}
    if any(was != is_now for name, (was, is_now) in asked.items() if name not in quote.ignored):
        yield f"it is {width}x{height}, not {request.width}x{request.height}"


def true_bill(run: AttemptRun, info: VideoInfo) -> Decimal:
    """Return the attempt's cost by its true duration, unless the provider named its own bill."""
    if run.attempt.metered:
        return run.attempt.billed or ZERO
    return run.backend.quote(run.attempt.request).price.cost(float(info.duration))

"""Which packets of a clip to decode for a judgement: a few short runs, or all of them."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vgen.video.survey import PacketFacts, Survey

RUN = 5
"""Packets of a run: with three B-frames between references, five pictures in an unbroken row."""

MIN_RUNS, MAX_RUNS = 3, 5
MAX_GAP_SECONDS = 2.5
"""The longest stretch of time without a place to start decoding that sampling puts up with."""

QUIET_BYTES, QUIET_BITS_PER_PIXEL = 20, 0.001
"""Smaller packets repeat the picture before: those of frozen, black and flat clips have a third of
this in H.264, most of those of slow but moving ones twice as much or more."""

QUIET_SECONDS = 0.4

MAX_PICTURES = 4_000
MAX_PIXELS = 2_000_000_000
"""Bounds on what a judgement decodes, hence on its time: two minutes of 1024x576 at 30 fps."""


def sample(survey: Survey) -> list[range] | None:
    """Short runs of packets spread over the clip, each starting at a keyframe.

    None when runs could miss something: the packets' framing cannot be checked or is broken, there
    are few keyframes or long stretches without one, or packets so small follow one another that
    nothing may be happening in them.
    """
    starts = keyframes(survey.packets)
    trusted = survey.checked and all(packet.sound for packet in survey.packets)
    if not trusted or len(starts) < MIN_RUNS or _longest_gap(survey, starts) > MAX_GAP_SECONDS:
        return None
    if _falls_quiet(survey):
        return None
    return _runs(starts, len(survey.packets))


def everything(survey: Survey) -> list[range]:
    """All packets in one run, or as many from the start as may be decoded."""
    pixels = survey.info.width * survey.info.height
    return [range(min(len(survey.packets), MAX_PICTURES, max(1, MAX_PIXELS // pixels)))]


def keyframes(packets: Sequence[PacketFacts]) -> list[int]:
    """Where decoding may start: the indexes of the keyframes."""
    return [index for index, packet in enumerate(packets) if packet.keyframe]


def _runs(starts: Sequence[int], packets: int) -> list[range]:
    count = min(MAX_RUNS, len(starts))
    chosen = [starts[step * (len(starts) - 1) // max(1, count - 1)] for step in range(count)]
    ends = [*chosen[1:], packets]
    return [range(start, min(start + RUN, end)) for start, end in zip(chosen, ends, strict=True)]


def _longest_gap(survey: Survey, starts: Sequence[int]) -> float:
    """The most seconds from one keyframe to the next, or from the last one to the end."""
    times = [survey.packets[start].pts for start in starts]
    shown = [packet.pts for packet in survey.packets if packet.pts is not None]
    known = sorted(time for time in times if time is not None)
    if not known:
        return float("inf")
    gaps = (later - earlier for earlier, later in pairwise([min(shown), *known, max(shown)]))
    return float(max(gaps) * survey.time_base)


def _falls_quiet(survey: Survey) -> bool:
    info = survey.info
    quiet_bytes = QUIET_BYTES + QUIET_BITS_PER_PIXEL * info.width * info.height / 8
    quiet = (packet.size < quiet_bytes for packet in survey.packets if not packet.keyframe)
    longest = max((len(list(row)) for is_quiet, row in groupby(quiet) if is_quiet), default=0)
    return longest / info.fps >= QUIET_SECONDS

"""How long a clip's pictures last, by their own timestamps."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from vgen.errors import VideoError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vgen.video.packet_facts import PacketFacts
    from vgen.video.source import Opened

ROUNDED_KINDS = frozenset({"matroska", "webm"})
"""Containers whose timestamps are whole milliseconds, whatever the frame rate."""

UNMEASURED = frozenset({"vp9"})
"""Codecs of whose packets FFmpeg hands on no lengths from MP4, but guesses them."""

ROUNDING = 1
"""How far off such a timestamp may be, in units of the time base."""


def duration(clip: Opened, packets: Sequence[PacketFacts]) -> Fraction:
    """Seconds from the first picture to the end of the last; raises `VideoError` if there are none.

    Where a container rounds its timestamps and they keep to the frame rate that it states, that
    rate gives the exact duration.
    """
    shown = [p for p in packets if p.shown and p.pts is not None]
    times = sorted(_time(packet) for packet in shown)
    if not times:
        raise VideoError("holds no picture with a timestamp")
    rate = exact_rate(clip, times)
    if rate is not None:
        return len(times) / rate
    base = Fraction(clip.stream.time_base or 0)
    seconds = (times[-1] - times[0] + _last_step(clip, shown, times)) * base
    if seconds <= 0:
        raise VideoError("lasts no time")
    return seconds


def exact_rate(clip: Opened, times: Sequence[int]) -> Fraction | None:
    """The frame rate that a container states whose timestamps are rounded, if they keep to it.

    `times` are those of the pictures, in order, in units of the time base.
    """
    base, rate = Fraction(clip.stream.time_base or 0), Fraction(clip.stream.average_rate or 0)
    if clip.kind in ROUNDED_KINDS and rate and keep_to(times, 1 / rate / base):
        return rate
    return None


def keep_to(times: Sequence[int], step: Fraction) -> bool:
    """Whether rounded timestamps follow one another by `step`, in units of the time base."""
    return all(abs(time - times[0] - n * step) <= ROUNDING for n, time in enumerate(times))


def _time(packet: PacketFacts) -> int:
    return packet.pts or 0


def _last_step(clip: Opened, shown: Sequence[PacketFacts], times: Sequence[int]) -> int:
    """How long the last picture is shown, in units of the time base.

    MP4 stores steps in the order of decoding. Where that is another order, the last picture's own
    step may belong to a gap elsewhere in the clip: then it is no longer than the track as the
    header has it or, where this cannot be, than the usual step.
    """
    step = max(packet.duration for packet in shown if packet.pts == times[-1])
    stated = (clip.stream.duration or 0) - (times[-1] - times[0])
    if [packet.pts for packet in shown] == times:
        guessed = clip.stream.codec_context.codec.canonical_name in UNMEASURED
        return stated if guessed and stated > 0 else step
    usual = median(after - before for before, after in pairwise(times))
    return min(step, stated if stated > 0 else round(usual))

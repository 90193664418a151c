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
    base = Fraction(clip.stream.time_base or 0)
    rate = clip.stream.average_rate
    if clip.kind in ROUNDED_KINDS and rate and _keep_to(times, 1 / rate / base):
        return len(times) / Fraction(rate)
    seconds = (times[-1] - times[0] + _last_step(clip, shown, times)) * base
    if seconds <= 0:
        raise VideoError("lasts no time")
    return seconds


def _time(packet: PacketFacts) -> int:
    return packet.pts or 0


def _keep_to(times: Sequence[int], step: Fraction) -> bool:
    return all(abs(time - times[0] - n * step) <= ROUNDING for n, time in enumerate(times))


def _last_step(clip: Opened, shown: Sequence[PacketFacts], times: Sequence[int]) -> int:
    """How long the last picture is shown, in units of the time base.

    MP4 stores steps in the order of decoding. Where that is another order, the last picture's own
    step may belong to a gap elsewhere in the clip: then it is no longer than the track as the
    header has it or, where this cannot be, than the usual step.
    """
    step = max(packet.duration for packet in shown if packet.pts == times[-1])
    if [packet.pts for packet in shown] == times:
        return step
    stated = (clip.stream.duration or 0) - (times[-1] - times[0])
    usual = median(after - before for before, after in pairwise(times))
    return min(step, stated if stated > 0 else round(usual))

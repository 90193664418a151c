"""Which packets of a clip to decode for a judgement: a few short runs, or all of them."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vgen.video.packet_facts import PacketFacts
    from vgen.video.survey import Survey

SAMPLED = 12
"""Pictures of a sample: at 1024x576 one costs about 4 ms of CPU time, fine textures 5."""

MAX_RUNS = 3
"""Runs of four packets: with B-frames between references, three pictures in an unbroken row."""

FEW = 25
"""A clip of no more pictures, the most that Stable Video Diffusion makes, is decoded whole."""

QUIET_BYTES, QUIET_BITS_PER_PIXEL = 60, 0.003
"""Smaller packets repeat the picture before. In H.264 those of frozen, black and flat clips are so
small for seconds on end, those of slow but moving ones for 0.2 s at most."""

QUIET_SHARE = 0.8
"""Of the shortest fault: its first packets may still be large."""

MAX_PICTURES = 4_000
MAX_PIXELS = 2_000_000_000
"""Bounds on what a judgement decodes, hence on its time: two minutes of 1024x576 at 30 fps."""


def sample(survey: Survey, shortest_fault: float) -> list[range] | None:
    """Short runs of packets spread over the clip, each starting at a keyframe.

    None when the clip is short, and when runs could miss what makes it useless: the packets'
    framing cannot be checked or is broken, or for about `shortest_fault` seconds they are so small
    that nothing may be happening in them. A clip with one keyframe is sampled at its start only.
    """
    starts = keyframes(survey.packets)
    trusted = survey.checked and all(packet.sound for packet in survey.packets)
    if not trusted or starts[:1] != [0] or len(survey.packets) <= FEW:
        return None
    if _quiet_seconds(survey) >= QUIET_SHARE * shortest_fault:
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
    length = SAMPLED // count
    return [range(start, min(start + length, end)) for start, end in zip(chosen, ends, strict=True)]


def _quiet_seconds(survey: Survey) -> float:
    """The longest that packets are too small to hold a new picture."""
    info = survey.info
    quiet_bytes = QUIET_BYTES + QUIET_BITS_PER_PIXEL * info.width * info.height / 8
    quiet = (packet.size < quiet_bytes for packet in survey.packets if not packet.keyframe)
    longest = max((len(list(row)) for is_quiet, row in groupby(quiet) if is_quiet), default=0)
    return longest / float(info.fps)

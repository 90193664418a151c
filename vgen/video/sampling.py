"""Which packets of a clip to decode for a judgement: a few short runs, or all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vgen.video.lulls import may_stand_still

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vgen.video.packet_facts import PacketFacts
    from vgen.video.survey import Survey

SAMPLED_PIXELS = 12 * 1024 * 576
"""Pixels of a sample: 12 pictures at 1024x576, where one costs about 3 ms of CPU time."""

SAMPLED = 12
"""The fewest pictures of a sample, however large they are."""

MAX_RUNS = 3
"""Runs of four packets: with B-frames between references, three pictures in an unbroken row."""

FEW = 25
"""A clip of no more pictures, the most that Stable Video Diffusion makes, is decoded whole."""

MAX_PICTURES = 4_000
MAX_PIXELS = 2_000_000_000
"""Bounds on what a judgement decodes, hence on its time: two minutes of 1024x576 at 30 fps."""


def sample(survey: Survey, shortest_fault: float) -> list[range] | None:
    """Short runs of packets spread over the clip, each starting at a keyframe.

    None when the whole clip is hardly more, and when runs could miss what is wrong with it: the
    packets' framing cannot be checked or is broken, or by their sizes and times nothing new may be
    shown for about `shortest_fault` seconds. A clip with one keyframe is sampled at its start only.
    """
    starts = keyframes(survey.packets)
    count = max(SAMPLED, SAMPLED_PIXELS // (survey.info.width * survey.info.height))
    trusted = survey.checked and all(packet.sound for packet in survey.packets)
    if not trusted or starts[:1] != [0] or len(survey.packets) <= max(FEW, count):
        return None
    return None if may_stand_still(survey, shortest_fault) else _runs(starts, survey, count)


def everything(survey: Survey) -> list[range]:
    """All packets in one run, or as many from the start as may be decoded."""
    pixels = survey.info.width * survey.info.height
    return [range(min(len(survey.packets), MAX_PICTURES, max(1, MAX_PIXELS // pixels)))]


def keyframes(packets: Sequence[PacketFacts]) -> list[int]:
    """Where decoding may start: the indexes of the keyframes."""
    return [index for index, packet in enumerate(packets) if packet.keyframe]


def _runs(starts: Sequence[int], survey: Survey, pictures: int) -> list[range]:
    count = min(MAX_RUNS, len(starts))
    chosen = [starts[step * (len(starts) - 1) // max(1, count - 1)] for step in range(count)]
    ends = [*chosen[1:], len(survey.packets)]
    length = pictures // count
    return [range(start, min(start + length, end)) for start, end in zip(chosen, ends, strict=True)]

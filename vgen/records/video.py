"""What a video file is, measured, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction

from attrs import field, frozen


@frozen
class VideoInfo:
    """A video file as its packets say, not as its header claims.

    `duration` (seconds) runs from the first presentation timestamp to the end of the last frame of
    the first video stream and is exact; `container_duration` is the header's own claim.
    `frames` counts the packets found, `declared_frames` is the header's claim (0: it makes none).
    `fps` is `frames / duration`. `corrupt_packets` counts those the demuxer marked.
    """

    container: str
    codec: str
    pixel_format: str
    width: int
    height: int
    fps: Fraction
    frames: int
    declared_frames: int
    corrupt_packets: int
    duration: Fraction
    container_duration: Fraction | None
    size_bytes: int
    audio: bool
    comment: str = ""


class Fault(StrEnum):
    """What can be wrong with a clip that opens."""

    DAMAGED = "damaged"
    BLACK = "black"
    FLAT = "flat"
    FROZEN = "frozen"
    NOISE = "noise"
    FLICKER = "flicker"
    BLURRED = "blurred"


@frozen
class Judgement:
    """The faults of a clip, with the measures behind them.

    `explanations` has one plain line for each fault. A clip is `useless` only when that is certain:
    its file is cut short, fewer than half of its pictures can be decoded, or all of them show the
    same one colour and nothing else. `measures` holds every number by name, whether it led to a
    fault or not.
    """

    faults: tuple[Fault, ...]
    explanations: tuple[str, ...]
    useless: bool = False
    measures: Mapping[str, float] = field(factory=dict[str, float])
    frames_judged: int = 0


@frozen
class Inspection:
    """A probed and judged file."""

    info: VideoInfo
    judgement: Judgement

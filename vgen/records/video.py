"""What a video file is, measured, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction

from attrs import field, frozen

SIDEWAYS = (90, 270)
"""Rotations that exchange width and height."""


@frozen
class VideoInfo:
    """A video file as its packets say, not as its header claims.

    `duration` (seconds) runs from the first presentation timestamp to the end of the last frame of
    the first video stream and is exact; `container_duration` is the header's own claim.
    `container` is mp4, mov, matroska, webm or avi, `codec` as FFmpeg names it.
    `width` and `height` are those of the stored pictures. A player turns them clockwise by
    `rotation` degrees (0, 90, 180 or 270), as phones ask for, and shows each pixel `pixel_aspect`
    times as wide as high: `shown_size` is what is seen.
    `frames` counts the packets found, `declared_frames` is the header's claim (0: it makes none).
    `fps` is `frames / duration`. `corrupt_packets` counts those the demuxer marked.
    `audio_codec` is that of the first audio stream.
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
    rotation: int = 0
    pixel_aspect: Fraction = Fraction(1)
    audio_codec: str = ""

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height in which the pictures are shown, in pixels that are square."""
        width = round(self.width * self.pixel_aspect)
        turned = self.rotation in SIDEWAYS
        return (self.height, width) if turned else (width, self.height)


class Fault(StrEnum):
    """What can be wrong with a clip that opens."""

    DAMAGED = "damaged"
    BLACK = "black"
    FLAT = "flat"
    FROZEN = "frozen"
    NOISE = "noise"
    FLICKER = "flicker"
    BLURRED = "blurred"
    SHORT = "short"


@frozen
class Judgement:
    """The faults of a clip, with the measures behind them.

    `explanations` has one plain line for each fault. A clip is `useless` only when that is certain:
    its file is cut short, fewer than half of its pictures can be decoded, all of them show the same
    one colour and nothing else, there is a single one, or it lasts less than a tenth of what was
    asked for. `measures` holds every number by name, whether it led to a fault or not.
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

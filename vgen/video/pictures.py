"""The decoded pictures of a clip, in order of presentation, as planes of luma."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, frozen
from av.video.reformatter import ColorRange

from vgen.video.source import HOSTILE_BYTES_ERRORS, opened
from vgen.video.survey import video_packets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from vgen.video.source import Opened
    from vgen.video.survey import Survey

PLANAR = frozenset(
    {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray"}
)
"""Pixel formats with 8-bit luma in the first plane; others are converted."""

CODING_MARGIN = 256
"""Codecs keep pictures in memory larger than they are, but by less than this on each side."""


@frozen
class Picture:
    """One decoded picture. `rank` is its place in order of presentation, `seconds` its time."""

    rank: int
    seconds: float
    luma: NDArray[np.uint8]
    full_range: bool
    keyframe: bool


@define
class Tally:
    """Counts of a decoding.

    `failed` counts packets that do not decode and pictures out of place or of another size than
    the first, `patched` those in which the decoder had to guess.
    """

    pictures: int = 0
    failed: int = 0
    patched: int = 0


def pictures(
    source: Path | bytes, survey: Survey, runs: Iterable[range], tally: Tally
) -> Iterator[Picture]:
    """Decodes the runs of packets, each afresh, and counts in `tally`.

    Runs are in ascending order and start at keyframes. What fails is counted and passed over.
    """
    ranks, size = _ranks(survey), None
    with opened(source, peek=False) as clip:
        for frame in _frames(clip, survey, runs, tally):
            size = size or (frame.width, frame.height)
            if frame.pts is None or frame.pts not in ranks or (frame.width, frame.height) != size:
                tally.failed += 1
                continue
            yield Picture(
                rank=ranks[frame.pts],
                seconds=float(frame.pts * survey.time_base),
                luma=_luma(frame),
                full_range=frame.color_range == ColorRange.JPEG,
                keyframe=frame.key_frame,
            )


def _ranks(survey: Survey) -> dict[int, int]:
    times = {packet.pts for packet in survey.packets if packet.shown and packet.pts is not None}
    return {pts: rank for rank, pts in enumerate(sorted(times))}


def _frames(
    clip: Opened, survey: Survey, runs: Iterable[range], tally: Tally
) -> Iterator[VideoFrame]:
    context = clip.stream.codec_context
    _prepare(context, survey)
    packets, position = video_packets(clip), 0
    for run in runs:
        context.flush_buffers()
        chosen = islice(packets, run.start - position, run.stop - position)
        position = run.stop
        yield from _decoded(context, chosen, tally)


def _prepare(context: VideoCodecContext, survey: Survey) -> None:
    width, height = survey.info.width + CODING_MARGIN, survey.info.height + CODING_MARGIN
    context.thread_count = 1
    # Pictures larger than the file declares could take far more time and memory than planned for.
    context.options = {"max_pixels": str(width * height)}


def _decoded(
    context: VideoCodecContext, packets: Iterable[Packet[VideoStream]], tally: Tally
) -> Iterator[VideoFrame]:
    for packet in chain(packets, [None]):
        for frame in _decoded_packet(context, packet, tally):
            tally.pictures += 1
            tally.patched += frame.is_corrupt
            yield frame


def _decoded_packet(
    context: VideoCodecContext, packet: Packet[VideoStream] | None, tally: Tally
) -> list[VideoFrame]:
    try:
        # PyAV's stubs leave out the packet's type argument.
        return context.decode(packet)  # pyright: ignore[reportUnknownMemberType] - untyped in PyAV
    except HOSTILE_BYTES_ERRORS:
        tally.failed += 1
        return []


def _luma(frame: VideoFrame) -> NDArray[np.uint8]:
    """The plane of luma: a view into the frame's memory where that is possible."""
    if frame.format.name not in PLANAR:
        frame = frame.reformat(format="yuv420p", threads=1)
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]

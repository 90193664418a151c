"""The decoded pictures of a clip, in order of presentation, as planes of luma and chroma."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, frozen
from av.video.reformatter import ColorRange

from vgen.video.source import HOSTILE_BYTES_ERRORS, opened
from vgen.video.survey import video_packets

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from vgen.video.source import Opened
    from vgen.video.survey import Survey

PLANAR = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray"})
"""Pixel formats with 8-bit luma and chroma in planes of their own; others are converted, and so are
pictures of another format than the first."""

MAX_PEEKED = 40
"""Packets in which the first picture must come: codecs hold back 16 at the most."""

QUARTER_TURN, FULL_TURN = 90, 360

CODING_MARGIN = 256
"""Codecs keep pictures in memory larger than they are, but by less than this on each side."""


@frozen
class Picture:
    """One decoded picture. `rank` is its place in order of presentation, `seconds` its time.

    `chroma` has no plane in a picture that is grey by its format.
    """

    rank: int
    seconds: float
    luma: NDArray[np.uint8]
    chroma: tuple[NDArray[np.uint8], ...]
    full_range: bool
    keyframe: bool


@frozen
class Form:
    """How a clip's pixels are stored, and how they are to be shown, as in `VideoInfo`."""

    pixel_format: str
    rotation: int
    pixel_aspect: Fraction


@define
class Tally:
    """Counts of a decoding, and the form of the first picture.

    `failed` counts packets that do not decode and pictures out of place or of another size than
    the first, `patched` those in which the decoder had to guess, `sound` those that are in order.
    """

    pictures: int = 0
    failed: int = 0
    patched: int = 0
    sound: int = 0
    form: Form | None = None


def pictures(
    source: Path | bytes, survey: Survey, runs: Iterable[range], tally: Tally
) -> Generator[Picture]:
    """Decodes the runs of packets, each afresh, and counts in `tally`.

    Runs are in ascending order and start at keyframes. What fails is counted and passed over.
    """
    ranks, size, form = _ranks(survey), None, ""
    with opened(source) as clip:
        for frame in _frames(clip, survey, runs, tally):
            tally.form = tally.form or _form(clip, frame)
            size = size or (frame.width, frame.height)
            if frame.pts is None or frame.pts not in ranks or (frame.width, frame.height) != size:
                tally.failed += 1
                continue
            tally.sound += not frame.is_corrupt
            form = form or (frame.format.name if frame.format.name in PLANAR else "yuv420p")
            luma, *chroma = _planes(frame, form)
            yield Picture(
                rank=ranks[frame.pts],
                seconds=float(frame.pts * survey.time_base),
                luma=luma,
                chroma=tuple(chroma),
                full_range=frame.color_range == ColorRange.JPEG,
                keyframe=frame.key_frame,
            )


def first_form(source: Path | bytes, survey: Survey) -> Form | None:
    """The form of the first picture; None where none decodes."""
    tally = Tally()
    start = range(min(len(survey.packets), MAX_PEEKED))
    with closing(pictures(source, survey, [start], tally)) as found:
        next(found, None)
    return tally.form


def _form(clip: Opened, frame: VideoFrame) -> Form:
    turned = round(-frame.rotation / QUARTER_TURN) * QUARTER_TURN % FULL_TURN
    # What a container says counts more than what the codec does; some say 0:1, or nothing.
    stream = clip.stream
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or Fraction(1)
    return Form(frame.format.name, turned, aspect)


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


def _planes(frame: VideoFrame, form: str) -> Iterator[NDArray[np.uint8]]:
    """Luma and chroma in a planar format: views into the frame's memory where that is possible."""
    if frame.format.name != form:
        frame = frame.reformat(format=form, threads=1)
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        yield rows[:, : plane.width]

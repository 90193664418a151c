"""Clips as others encode them."""

# PyAV's stubs leave open the type of packets and of further options.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from itertools import count, islice
from typing import TYPE_CHECKING

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from .clips import FPS, HEIGHT, WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.container import OutputContainer

    from .clips import Frame

SAMPLE_RATE = 48_000
BLOCK = 1024


def foreign(  # noqa: PLR0913 - each is a way in which clips differ
    frames: Sequence[Frame],
    *,
    codec: str = "libx264",
    container: str = "mp4",
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    flags: str = "",
    times: Sequence[int] | None = None,
    silence: float = 0,
    fps: int = FPS,
    turned: int = 0,
    aspect: Fraction | None = None,
    sound: str = "aac",
    notes: dict[str, str] | None = None,
) -> bytes:
    """The frames, shown at `times` (milliseconds), with seconds of `silence` beside them.

    Players are asked to turn them clockwise by `turned` degrees, and that their pixels are
    `aspect` times as wide as high. `notes` are metadata of the pictures, `sound` the codec.
    """
    file = BytesIO()
    muxing = {"movflags": flags} if flags else {}
    with av.open(file, "w", container, container_options=muxing) as output:
        output.metadata["comment"] = "foreign"
        height, width = frames[0].shape[:2]
        stream = output.add_stream(codec, fps, options, width=width, height=height)
        assert isinstance(stream, VideoStream)
        stream.pix_fmt = pixels
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if turned:
            stream.set_display_rotation(-turned)
        stream.metadata.update(notes or {})
        voice = output.add_stream(sound, SAMPLE_RATE) if silence else None
        time_base = Fraction(1, 1000 if times else fps)
        _mux_pictures(output, stream, frames, times or range(len(frames)), time_base)
        if voice is not None:
            assert isinstance(voice, AudioStream)
            _mux_silence(output, voice, silence)
    return file.getvalue()


def resized(*parts: Sequence[Frame], formats: Sequence[str] = ()) -> bytes:
    """A WebM clip whose pictures change their size, or their format, from part to part."""
    file, shown = BytesIO(), count()
    with av.open(file, "w", "webm") as output:
        stream = output.add_stream("libvpx-vp9", FPS, width=WIDTH, height=HEIGHT)
        for part, pixels in zip(parts, formats or ["yuv420p"] * len(parts), strict=True):
            encoder = av.VideoCodecContext.create("libvpx-vp9", "w")
            encoder.height, encoder.width = part[0].shape[:2]
            encoder.pix_fmt, encoder.time_base = pixels, Fraction(1, FPS)
            for frame in [*part, None]:
                packets = encoder.encode(_yuv(frame, pixels))
                for packet in packets:
                    packet.pts = packet.dts = next(shown)
                    packet.stream = stream
                output.mux(packets)
    return file.getvalue()


def without_first_packet(clip: bytes) -> bytes:
    """The clip from its second packet on, not encoded anew."""
    file = BytesIO()
    with av.open(BytesIO(clip), "r") as whole, av.open(file, "w", "mp4") as output:
        stream = output.add_stream_from_template(whole.streams.video[0])
        for packet in islice(whole.demux(video=0), 1, None):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    return file.getvalue()


def sound(seconds: float) -> bytes:
    """An MP4 file with silence and no picture."""
    file = BytesIO()
    with av.open(file, "w", "mp4") as output:
        _mux_silence(output, output.add_stream("aac", SAMPLE_RATE), seconds)
    return file.getvalue()


def _yuv(frame: Frame | None, pixels: str) -> av.VideoFrame | None:
    return None if frame is None else av.VideoFrame.from_ndarray(frame).reformat(format=pixels)


def _mux_pictures(
    output: OutputContainer,
    stream: VideoStream,
    frames: Sequence[Frame],
    times: Sequence[int],
    time_base: Fraction,
) -> None:
    stream.codec_context.time_base = time_base
    for shown, frame in zip(times, frames, strict=True):
        picture = av.VideoFrame.from_ndarray(frame).reformat(format=stream.pix_fmt)
        picture.pts, picture.time_base = shown, time_base
        output.mux(stream.encode(picture))
    output.mux(stream.encode())


def _mux_silence(output: OutputContainer, stream: AudioStream, seconds: float) -> None:
    for start in range(0, int(SAMPLE_RATE * seconds), BLOCK):
        frame = av.AudioFrame.from_ndarray(np.zeros((2, BLOCK), np.float32), "fltp")
        frame.sample_rate, frame.pts = SAMPLE_RATE, start
        output.mux(stream.encode(frame))
    output.mux(stream.encode())

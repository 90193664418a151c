"""An opened video file: forced to its own container format and kept from opening anything else."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import av
from attrs import frozen
from av.error import FFmpegError
from av.stream import Disposition

from vgen.errors import VideoError
from vgen.video.sniff import SNIFFED_BYTES, sniff

if TYPE_CHECKING:
    from collections.abc import Generator

    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

MAX_SIDE = 8192
MAX_PIXELS = 8192 * 4320
"""8K, either way up: a decoder keeps several pictures in memory, 53 MB each at this size."""

MAX_STREAMS = 16

DEMUXERS = {"mp4": "mov", "mov": "mov", "matroska": "matroska", "webm": "matroska", "avi": "avi"}

OPTIONS = {
    "protocol_whitelist": "",  # a file may name others (MP4 data references): open none of them
    "max_streams": str(MAX_STREAMS),
    "max_pixels": str(MAX_PIXELS),
}

AT_A_GLANCE = {"skip_frame": "all", "probesize": "32"}
"""Decodes no picture when opening, which costs as much as all the rest."""

HOSTILE_BYTES_ERRORS = (
    FFmpegError,
    ValueError,  # undecodable metadata among others
    ArithmeticError,
    MemoryError,
    OSError,
)
"""What PyAV raises over broken files; found by mutating thousands of them."""


@frozen
class Opened:
    """A container whose first video stream is `stream`; `kind` as `sniff` names it."""

    container: InputContainer
    stream: VideoStream
    kind: str
    size_bytes: int


@contextmanager
def opened(source: Path | bytes, *, glance: bool = True) -> Generator[Opened]:
    """Opens a clip for demuxing and decoding.

    At a `glance` only the headers are read; otherwise as much as tells the form of every stream.
    Only regular files are opened, so that nothing blocks. Whatever the bytes hold, and wherever
    inside the block it shows, the error is a `VideoError` of one line.
    """
    options = OPTIONS | AT_A_GLANCE if glance else OPTIONS
    try:
        with _binary(source) as file:
            kind = sniff(file.read(SNIFFED_BYTES))
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            with av.open(
                file, "r", DEMUXERS[kind], options, metadata_errors="replace"
            ) as container:
                yield Opened(container, _first_video(container), kind, size)
    except HOSTILE_BYTES_ERRORS as error:
        raise VideoError(f"cannot be read as a video: {_reason(error)}") from error


def _binary(source: Path | bytes) -> BinaryIO:
    if isinstance(source, bytes):
        return BytesIO(source)
    try:
        file = open(  # noqa: SIM115 (the caller closes it)
            source, "rb", opener=_open_without_blocking
        )
    except (OSError, ValueError) as error:
        raise VideoError(f"cannot open {source}: {_reason(error)}") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise VideoError(f"cannot open {source}: not a regular file")
    return file


def _open_without_blocking(path: str, flags: int) -> int:
    # A named pipe without a writer would block; Windows has neither the flag nor such pipes.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _first_video(container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:  # cover art
            _check_picture(stream)
            return stream
    raise VideoError("holds no video stream")


def _check_picture(stream: VideoStream) -> None:
    # PyAV's stubs do not say that there is no context for an unknown codec.
    context = cast("VideoCodecContext | None", stream.codec_context)
    if context is None:
        raise VideoError("its video codec is unknown")
    width, height = context.width, context.height
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise VideoError(f"its pictures are {width}x{height} pixels, out of bounds")


def _reason(error: Exception) -> str:
    """The error's own words, without the codes and file names around them, on one line."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(words).split())

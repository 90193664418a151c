"""An encoder that turns frames into an H.264 MP4 file, the same bytes for the same frames."""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Self

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from vgen.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from types import TracebackType

    from av.container import OutputContainer
    from numpy.typing import NDArray

MIN_SIDE, MAX_SIDE = 16, 4096
MAX_FPS_TERM = 1_000_000
"""Largest numerator and denominator of a frame rate: an MP4 time scale has 32 bits."""

CODEC: Final = "libx264"
CODEC_OPTIONS = {"preset": "superfast", "crf": "20", "x264-params": "mbtree=1:rc-lookahead=10"}
"""A rainy city takes a third less CPU time than with preset veryfast, for 7 % more bytes: most of
what that one saves in bytes comes from its macroblock tree."""

KEYFRAME_SECONDS = 2


class Encoder:
    """Writes frames of one size, evenly spaced, to `path` as H.264 in MP4.

    Used as a context manager. The file appears at `path`, complete, when the block ends without an
    exception; until then it grows under a temporary name beside it, and after an exception nothing
    is left. It holds exactly the frames written: frame `i` is shown at `i / fps` seconds, and the
    whole lasts `frames / fps`. Equal frames and settings give equal bytes, on one release of PyAV.

    The pixels are yuv420p, BT.709, limited range; the index stands before the pictures, so that
    the clip plays while it downloads; `comment` becomes the file's comment tag.

    One thread at a time may use an encoder; several encoders may work in parallel threads.

    Raises `ValueError` for sides that are odd or outside 16..4096 pixels and for a frame rate that
    is not positive, `ConfigurationError` where PyAV was built without x264, and `OSError`, with
    its `errno`, when the file cannot be written.
    """

    def __init__(
        self, path: Path, *, width: int, height: int, fps: Fraction | int, comment: str = ""
    ) -> None:
        _check_sides(width, height)
        self.path = path
        self.width, self.height = width, height
        self.fps = _checked_fps(fps)
        self.comment = comment
        self.frames = 0
        self._temporary = path.absolute().with_name(f".{secrets.token_hex(8)}.part")
        self._container: OutputContainer | None = None

    def __repr__(self) -> str:
        size = f"{self.width}x{self.height}"
        return f"<Encoder {self.path} {size} at {self.fps} fps, {self.frames} frames written>"

    def __enter__(self) -> Self:
        _check_codec()
        container = av.open(
            str(self._temporary), "w", "mp4", container_options=self._container_options()
        )
        container.metadata["comment"] = self.comment
        self._add_stream(container)
        self._container = container
        try:
            with _plain_file_errors(self.path):
                container.start_encoding()
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if exc is None:
                with _plain_file_errors(self.path):
                    self._finish()
        finally:
            self._discard()

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Appends one RGB frame of shape (height, width, 3), full range.

        Raises `ValueError` for another shape or type, `OSError` when the file cannot be written.
        """
        _check_array("frame", frame, (self.height, self.width, 3))
        picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
        self._encode(
            picture.reformat(
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                src_color_range=ColorRange.JPEG,
                dst_color_range=ColorRange.MPEG,
                threads=1,
            )
        )

    def write_planes(
        self, y: NDArray[np.uint8], u: NDArray[np.uint8], v: NDArray[np.uint8]
    ) -> None:
        """Appends one frame given as BT.709 limited-range planes, `u` and `v` at half size.

        Raises as `write` does.
        """
        half = (self.height // 2, self.width // 2)
        _check_array("y", y, (self.height, self.width))
        _check_array("u", u, half)
        _check_array("v", v, half)
        packed = np.concatenate([y.ravel(), u.ravel(), v.ravel()]).reshape(-1, self.width)
        self._encode(av.VideoFrame.from_ndarray(packed, format="yuv420p"))

    def _encode(self, picture: av.VideoFrame) -> None:
        picture.pts = self.frames
        picture.time_base = 1 / self.fps
        with _plain_file_errors(self.path):
            _mux(self._open_container(), picture)
        self.frames += 1

    def _finish(self) -> None:
        container = self._open_container()
        if self.frames == 0:
            raise ValueError("a clip needs at least one frame")
        _mux(container, None)
        container.close()
        self._container = None
        self._temporary.replace(self.path)

    def _discard(self) -> None:
        container, self._container = self._container, None
        if container is not None:
            with suppress(FFmpegError):
                container.close()
        self._temporary.unlink(missing_ok=True)

    def _open_container(self) -> OutputContainer:
        if self._container is None:
            raise RuntimeError("the encoder is not open")
        return self._container

    def _container_options(self) -> dict[str, str]:
        # The movie time scale counts whole frames, so that the header's duration is exact too.
        return {"movflags": "+faststart", "movie_timescale": str(self.fps.numerator)}

    def _add_stream(self, container: OutputContainer) -> None:
        # PyAV's stubs leave the type of further options open.
        stream = container.add_stream(  # pyright: ignore[reportUnknownMemberType] - untyped in PyAV
            CODEC, self.fps, dict(CODEC_OPTIONS)
        )
        context = stream.codec_context
        context.width, context.height = self.width, self.height
        context.pix_fmt = "yuv420p"
        context.time_base = 1 / self.fps
        context.gop_size = max(1, round(KEYFRAME_SECONDS * self.fps))
        context.thread_count = 1  # x264 gives other bytes on each run with more threads
        context.colorspace = Colorspace.ITU709
        context.color_range = ColorRange.MPEG
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709


def _check_sides(width: int, height: int) -> None:
    for name, side in (("width", width), ("height", height)):
        if side % 2 or not MIN_SIDE <= side <= MAX_SIDE:
            raise ValueError(f"{name} must be even and within {MIN_SIDE}..{MAX_SIDE}, got {side}")


def _checked_fps(fps: Fraction | int) -> Fraction:
    try:
        rate = Fraction(fps)
    except (TypeError, ValueError, OverflowError):
        rate = Fraction(0)
    if rate <= 0 or max(rate.numerator, rate.denominator) > MAX_FPS_TERM:
        raise ValueError(
            f"fps must be a positive whole number, or a fraction of whole numbers up to "
            f"{MAX_FPS_TERM} such as Fraction(30000, 1001), got {fps}"
        )
    return rate


def _check_codec() -> None:
    try:
        av.Codec(CODEC, "w")
    except ValueError as error:
        raise ConfigurationError(
            f"this build of PyAV cannot encode H.264: it lacks {CODEC}"
        ) from error


def _check_array(name: str, array: NDArray[np.uint8], shape: tuple[int, ...]) -> None:
    if array.shape != shape or array.dtype != np.uint8:
        raise ValueError(
            f"{name} must be uint8 of shape {shape}, got {array.dtype} of shape {array.shape}"
        )


def _mux(container: OutputContainer, picture: av.VideoFrame | None) -> None:
    """Encodes one picture, or with None the rest, and writes what comes out."""
    # PyAV's stubs leave out the packets' type argument.
    stream = container.streams.video[0]
    container.mux(stream.encode(picture))  # pyright: ignore[reportUnknownMemberType] - untyped in PyAV


@contextmanager
def _plain_file_errors(path: Path) -> Generator[None]:
    """Turns FFmpeg's file errors into Python's own, which name `path`."""
    try:
        yield
    except FFmpegError as error:
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise

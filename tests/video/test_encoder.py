"""Encoding is exact, gives the same bytes every time, and leaves a whole file or none."""

from __future__ import annotations

import errno
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from vgen.errors import ConfigurationError
from vgen.video import Encoder, encoder, probe

from .clips import clouds, encode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .clips import Frame

RATES = [7, 8, 24, 30, Fraction(25, 6), Fraction(30000, 1001), Fraction(1, 10)]

ENCODE_NOISE = """
import sys
from pathlib import Path
import numpy as np
from vgen.video import Encoder
frames = np.random.default_rng(1).integers(0, 256, (16, 240, 320, 3), dtype=np.uint8)
with Encoder(Path(sys.argv[1]), width=320, height=240, fps=8) as encoder:
    for frame in frames:
        encoder.write(frame)
"""

ENCODE_WITH_LITTLE_ROOM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
try:
    exec(sys.argv[2])
except OSError as error:
    print(type(error).__name__, error.errno, error.filename)
"""


def grey(width: int = 64, height: int = 48, level: int = 90) -> Frame:
    """One picture of one grey."""
    return np.full((height, width, 3), level, np.uint8)


def run(script: str, *arguments: object) -> str:
    """What a script prints in a process of its own."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.parametrize("count", [1, 2, 25, 61])
@pytest.mark.parametrize("fps", RATES, ids=str)
def test_frames_and_duration_are_exact(tmp_path: Path, fps: Fraction | int, count: int) -> None:
    """Frame i is shown at i / fps, and the whole lasts exactly frames / fps."""
    path = encode(tmp_path / "clip.mp4", [grey(level=40 + i) for i in range(count)], fps)
    info = probe(path)
    assert (info.frames, info.declared_frames, info.fps) == (count, count, fps)
    assert info.duration == Fraction(count) / fps
    assert abs((info.container_duration or 0) - info.duration) < Fraction(1, 1_000_000)
    with av.open(path) as container:
        times = [(frame.pts or 0) * (frame.time_base or 0) for frame in container.decode(video=0)]
    assert times == [i / Fraction(fps) for i in range(count)]


@pytest.mark.parametrize(("width", "height"), [(16, 16), (48, 64), (722, 406), (4096, 16)])
def test_size_is_kept(tmp_path: Path, width: int, height: int) -> None:
    """Any even size from 16 to 4096 pixels is encoded as it is."""
    info = probe(encode(tmp_path / "clip.mp4", [grey(width, height)] * 3))
    assert (info.width, info.height, info.pixel_format) == (width, height, "yuv420p")


def test_same_frames_same_bytes(tmp_path: Path) -> None:
    """Two processes that encode the same frames write the same file."""
    paths = [tmp_path / "one.mp4", tmp_path / "two.mp4"]
    for path in paths:
        run(ENCODE_NOISE, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    # What x264 writes about itself; with more threads the bytes would differ now and then.
    assert b" threads=1 " in paths[0].read_bytes()


def test_tags(tmp_path: Path) -> None:
    """Index first, BT.709 limited range, the comment, two seconds between keyframes, no date."""
    path = tmp_path / "clip.mp4"
    with Encoder(path, width=64, height=48, fps=8, comment="procédural ✓") as clip:
        for level in range(40):
            clip.write(grey(level=level))
    data = path.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    with av.open(path) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)
        assert context.color_range == 1
        assert "creation_time" not in container.metadata
        keyframes = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    places = [i for i, is_keyframe in enumerate([*keyframes, True]) if is_keyframe]
    assert max(later - earlier for earlier, later in pairwise(places)) == 16
    info = probe(path)
    assert (info.container, info.codec, info.comment) == ("mp4", "h264", "procédural ✓")


def test_colours_survive(tmp_path: Path) -> None:
    """Colours come back, by the BT.709 matrix, as they were written."""
    colours = [(200, 40, 40), (40, 180, 60), (30, 60, 220), (250, 250, 250), (5, 5, 5)]
    frames = [np.full((48, 64, 3), colour, np.uint8) for colour in colours]
    path = encode(tmp_path / "clip.mp4", frames)
    with av.open(path) as container:
        for colour, frame in zip(colours, container.decode(video=0), strict=True):
            back = frame.to_ndarray(format="rgb24", src_colorspace="ITU709")
            assert np.abs(back.mean(axis=(0, 1)) - colour).max() < 5


def test_planes_are_written_as_they_are(tmp_path: Path) -> None:
    """`write_planes` takes luma and chroma without converting them."""
    path = tmp_path / "clip.mp4"
    y = np.full((48, 64), 60, np.uint8)
    u, v = np.full((24, 32), 100, np.uint8), np.full((24, 32), 150, np.uint8)
    with Encoder(path, width=64, height=48, fps=8) as clip:
        clip.write_planes(y, u, v)
    with av.open(path) as container:
        luma, chroma = np.split(next(container.decode(video=0)).to_ndarray(), [48])
    assert luma == pytest.approx(np.full((48, 64), 60), abs=2)
    assert chroma.reshape(2, -1).mean(axis=1) == pytest.approx([100, 150], abs=2)


@pytest.mark.parametrize(
    ("width", "height", "fps"),
    [(63, 48, 8), (64, 14, 8), (64, 4098, 8), (0, 48, 8), (64, 48, 0), (64, 48, -1)],
)
def test_impossible_settings(tmp_path: Path, width: int, height: int, fps: int) -> None:
    """Odd or extreme sides and frame rates without meaning are refused before anything is made."""
    with pytest.raises(ValueError, match=r"must be"):
        Encoder(tmp_path / "clip.mp4", width=width, height=height, fps=fps)


def test_fps_must_fit_the_file(tmp_path: Path) -> None:
    """A frame rate that no MP4 time scale can hold is refused."""
    with pytest.raises(ValueError, match="fps"):
        Encoder(tmp_path / "clip.mp4", width=64, height=48, fps=Fraction(29.97))


@pytest.mark.parametrize(
    "frame",
    [grey(48, 64), grey()[..., 0], grey().astype(np.float32)],
    ids=["shape", "grey", "type"],
)
def test_unfit_frames(tmp_path: Path, frame: Frame) -> None:
    """A frame of another shape or type is a `ValueError`, and no file appears."""
    with (
        pytest.raises(ValueError, match="must be uint8 of shape"),
        Encoder(tmp_path / "clip.mp4", width=64, height=48, fps=8) as clip,
    ):
        clip.write(frame)
    assert list(tmp_path.iterdir()) == []


def test_a_clip_needs_a_frame(tmp_path: Path) -> None:
    """No frames, no file, but an error."""
    with (
        pytest.raises(ValueError, match="at least one frame"),
        Encoder(tmp_path / "clip.mp4", width=64, height=48, fps=8),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def frames_and_then(error: type[BaseException]) -> Iterator[Frame]:
    """Two pictures before something goes wrong."""
    yield grey()
    yield grey()
    raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_failure_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    """After any exception the temporary file is gone and an older clip stands untouched."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"older")
    with pytest.raises(error):
        encode(path, frames_and_then(error))
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"older"


def test_success_replaces(tmp_path: Path) -> None:
    """A finished clip takes the place of an older file in one step."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"older")
    encode(path, clouds(3))
    assert probe(path).frames == 3
    assert list(tmp_path.iterdir()) == [path]


def test_missing_folder(tmp_path: Path) -> None:
    """A folder that is not there is Python's own error, naming the clip's path."""
    path = tmp_path / "nowhere" / "clip.mp4"
    with pytest.raises(FileNotFoundError) as caught, Encoder(path, width=64, height=48, fps=8):
        pass
    assert caught.value.filename == str(path)


@pytest.mark.skipif(sys.platform == "win32", reason="limits on file size are POSIX")
def test_no_room_left(tmp_path: Path) -> None:
    """When the disk takes no more, the error has its number and no half file stays behind."""
    path = tmp_path / "clip.mp4"
    told = run(ENCODE_WITH_LITTLE_ROOM, path, ENCODE_NOISE)
    assert told == f"OSError {errno.EFBIG} {path}"
    assert list(tmp_path.iterdir()) == []


def test_encoder_missing_from_pyav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PyAV built without x264 is a configuration error that says so."""
    monkeypatch.setattr(encoder, "CODEC", "libmissing")
    with (
        pytest.raises(ConfigurationError, match="cannot encode"),
        Encoder(tmp_path / "clip.mp4", width=64, height=48, fps=8),
    ):
        pass


@pytest.mark.parametrize("fps", [29.97, float("nan"), float("inf"), "fast", 0, -24, None])
def test_frame_rates_that_are_refused(tmp_path: Path, fps: Any) -> None:
    """A frame rate that MP4 cannot hold exactly is refused by its name, with an example of one."""
    with pytest.raises(
        ValueError, match=r"^fps must be a positive .* Fraction\(30000, 1001\), got"
    ):
        Encoder(tmp_path / "clip.mp4", width=64, height=48, fps=fps)


def test_closed_encoder_takes_no_frames(tmp_path: Path) -> None:
    """Writing before or after the block is an error, not a crash."""
    clip = Encoder(tmp_path / "clip.mp4", width=64, height=48, fps=8)
    with pytest.raises(RuntimeError, match="not open"):
        clip.write(grey())
    assert repr(clip) == f"<Encoder {tmp_path / 'clip.mp4'} 64x48 at 8 fps, 0 frames written>"

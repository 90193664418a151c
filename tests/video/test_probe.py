"""Probing: what a clip holds by its packets, and one plain line for whatever is no clip."""

from __future__ import annotations

import os
import sys
from fractions import Fraction
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from vgen.errors import VideoError
from vgen.records.jsonio import from_json, to_json
from vgen.records.video import VideoInfo
from vgen.video import inspect, judge, probe, source, survey

from .clips import FPS, clouds, encode
from .foreign import foreign, sound

if TYPE_CHECKING:
    from pathlib import Path

    from .clips import Frame


@cache
def frames() -> list[Frame]:
    """Two seconds of pictures."""
    return clouds(2 * FPS)


def picture(kind: str) -> bytes:
    """A picture file."""
    file = BytesIO()
    Image.new("RGB", (64, 48)).save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds as this package encodes them."""
    return encode(tmp_path_factory.mktemp("probe") / "clip.mp4", frames()).read_bytes()


BAD = {
    "nothing": (b"", "an empty file"),
    "one zero": (b"\0", "an unknown kind"),
    "zeros": (bytes(4096), "an unknown kind"),
    "random": (np.random.default_rng(0).bytes(4096), "an unknown kind"),
    "HTML": (b"<!doctype html><title>404</title>", "an HTML or XML page"),
    "XML": (b"\xef\xbb\xbf  <?xml version='1.0'?><Error/>", "an HTML or XML page"),
    "JSON object": (b'{"detail": "not found"}', "JSON"),
    "JSON list": (b"[]", "JSON"),
    "text": ("Généré: désolé.\r\n".encode(), "text"),
    "text cut in a character": (("é" * 400).encode()[:511], "text"),
    "Latin-1": ("désolé".encode("latin-1"), "an unknown kind"),
    "ffconcat": (b"ffconcat version 1.0\nfile good.mp4\n", "a playlist"),
    "m3u8": (b"#EXTM3U\n#EXTINF:2,\ngood.mp4\n", "a playlist"),
    "PNG": (picture("PNG"), "a PNG picture"),
    "JPEG": (picture("JPEG"), "a JPEG picture"),
    "GIF": (picture("GIF"), "a GIF picture"),
    "WebP": (picture("WEBP"), "a WebP picture"),
    "AVIF": (b"\0\0\0\x20ftypavif\0\0\0\0avifmif1", "an AVIF or HEIF picture"),
    "WAV": (b"RIFF\x24\0\0\0WAVEfmt ", "a WAV sound file"),
    "AVI, cut": (b"RIFF\x24\0\0\0AVI LIST", "cannot be read"),
    "ZIP": (b"PK\x03\x04\x14\0", "a ZIP archive"),
    "PDF": (b"%PDF-1.7\n", "a PDF document"),
    "only a brand": (b"\0\0\0\x18ftypisom\0\0\2\0isommp41", "cannot be read"),
    "only EBML": (b"\x1a\x45\xdf\xa3" + bytes(100), "cannot be read"),
}


@pytest.mark.parametrize(("data", "words"), BAD.values(), ids=BAD)
def test_bad_input(data: bytes, words: str) -> None:
    """Whatever is no clip is a `VideoError` that says, on one line, what it seems to be."""
    with pytest.raises(VideoError, match=words) as caught:
        probe(data)
    assert "\n" not in str(caught.value)


def test_index_cut_off() -> None:
    """A clip whose index stood at its lost end is no clip."""
    with pytest.raises(VideoError, match="cannot be read"):
        probe(foreign(frames())[:-400])


def test_sound_alone() -> None:
    """An MP4 file without pictures is no clip."""
    with pytest.raises(VideoError, match="holds no video stream"):
        probe(sound(1))


def test_own_clip(clip: bytes) -> None:
    """Every field of a clip of our own making."""
    assert probe(clip) == VideoInfo(
        container="mp4",
        codec="h264",
        pixel_format="yuv420p",
        width=256,
        height=144,
        fps=Fraction(FPS),
        frames=2 * FPS,
        declared_frames=2 * FPS,
        corrupt_packets=0,
        duration=Fraction(2),
        container_duration=Fraction(2),
        size_bytes=len(clip),
        audio=False,
        comment="",
        rotation=0,
        pixel_aspect=Fraction(1),
        audio_codec="",
    )


def test_path_and_bytes_agree(tmp_path: Path, clip: bytes) -> None:
    """A file probes as its bytes do."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip)
    assert probe(path) == probe(clip)


TEN_BITS = "yuv422p10le"
FOREIGN: dict[str, tuple[str, str, dict[str, Any]]] = {
    "one keyframe": ("mp4", "h264", {"options": {"g": "250"}}),
    "no B-frames": ("mp4", "h264", {"options": {"bf": "0"}}),
    "fragmented": ("mp4", "h264", {"flags": "frag_keyframe+empty_moov"}),
    "QuickTime": ("mov", "h264", {"container": "mov"}),
    "Matroska": ("matroska", "h264", {"container": "matroska"}),
    "WebM": ("webm", "vp9", {"codec": "libvpx-vp9", "container": "webm"}),
    "MPEG-4 Part 2": ("mp4", "mpeg4", {"codec": "mpeg4"}),
    "AVI": ("avi", "mpeg4", {"codec": "mpeg4", "container": "avi"}),
    "AVI, H.264": ("avi", "h264", {"container": "avi", "options": {"bf": "0"}}),
    "ProRes": ("mov", "prores", {"codec": "prores_ks", "container": "mov", "pixels": TEN_BITS}),
    "HEVC": ("mp4", "hevc", {"codec": "libx265", "options": {"x265-params": "log-level=none"}}),
    "ten bits": ("mp4", "h264", {"pixels": "yuv420p10le"}),
    "late start": ("mp4", "h264", {"times": [5000 + 1000 * i // FPS for i in range(30)]}),
    "with sound": ("mp4", "h264", {"silence": 3}),
}


@pytest.mark.parametrize(("container", "codec", "making"), FOREIGN.values(), ids=FOREIGN)
def test_foreign_clips(container: str, codec: str, making: dict[str, Any]) -> None:
    """Clips of other making probe with their exact count and duration, and are in order."""
    data = foreign(frames(), **making)
    info = probe(data)
    assert (info.container, info.codec, info.frames) == (container, codec, 30)
    assert abs(info.duration - 2) <= Fraction(1, 1000)  # times in milliseconds, for one
    assert info.fps == 30 / info.duration
    assert judge(data).faults == judge(data, thorough=True).faults == ()


def test_sound_may_last_longer() -> None:
    """The duration is that of the pictures; the container's claim stands beside it."""
    info = probe(foreign(frames(), silence=3))
    assert (info.audio, info.audio_codec) == (True, "aac")
    assert info.container_duration is not None
    assert info.container_duration > 2 == info.duration


def test_uneven_frames() -> None:
    """With a variable frame rate the duration runs to the end of the last frame."""
    times = [0, 40, 50, 200, 230, 600]
    info = probe(foreign(frames()[:6], times=times))
    assert info.duration > Fraction(600, 1000)
    assert info.fps == 6 / info.duration


def gap(before: int) -> list[int]:
    """Times of 30 pictures at 25 a second that stop for two seconds, so many before the end."""
    return [40 * n + 2000 * (n >= 30 - before) for n in range(30)]


@pytest.mark.parametrize("before", range(1, 7))
@pytest.mark.parametrize(
    "making",
    [
        {},
        {"container": "mov"},
        {"codec": "mpeg4", "options": {"bf": "2"}},
        {"options": {"bf": "0"}},
    ],
    ids=str,
)
def test_a_gap_is_not_counted_twice(making: dict[str, Any], before: int) -> None:
    """The last picture lasts a step of its own, whatever step comes last in order of decoding."""
    small = [frame[::4, ::4] for frame in frames()]
    info = probe(foreign(small, fps=25, times=gap(before), **making))
    assert info.duration == Fraction(3200, 1000)


@pytest.mark.parametrize("fps", [7, 16, 24, 29, 30, 60])
@pytest.mark.parametrize("container", ["matroska", "webm"])
def test_rounded_timestamps(container: str, fps: int) -> None:
    """Where a container counts in milliseconds, an even frame rate is exact all the same."""
    small = [frame[::4, ::4] for frame in frames()[: fps // 2]]
    codec = "libvpx-vp9" if container == "webm" else "libx264"
    info = probe(foreign(small, codec=codec, container=container, fps=fps))
    assert (info.fps, info.duration) == (Fraction(fps), Fraction(fps // 2, fps))


def test_uneven_frames_in_milliseconds() -> None:
    """Where a container's timestamps keep to no frame rate, they are taken as they are."""
    times = [0, 40, 50, 200, 230, 600]
    info = probe(foreign(frames()[:6], container="matroska", times=times))
    assert abs(info.duration - Fraction(667, 1000)) <= Fraction(1, 1000)


@pytest.mark.parametrize(
    ("turned", "seen"), [(0, (256, 144)), (90, (144, 256)), (180, (256, 144)), (270, (144, 256))]
)
@pytest.mark.parametrize("container", ["mp4", "mov", "matroska"])
def test_a_turned_clip(container: str, turned: int, seen: tuple[int, int]) -> None:
    """A phone's clip says by how much it is to be turned, and in which size it is seen."""
    info = probe(foreign(frames()[:3], container=container, turned=turned))
    assert (info.width, info.height, info.rotation) == (256, 144, turned)
    assert info.shown_size == seen


def test_pixels_that_are_not_square() -> None:
    """A wide film in narrow pictures says how wide its pixels are shown."""
    info = probe(foreign(frames()[:3], aspect=Fraction(4, 3), turned=90))
    assert info.pixel_aspect == Fraction(4, 3)
    assert info.shown_size == (144, 341)


@pytest.mark.parametrize("container", ["matroska", "avi"])
def test_the_pictures_may_say_it_themselves(container: str) -> None:
    """Where the container does not tell the shape of pixels, the compressed pictures do."""
    info = probe(foreign(frames()[:3], container=container, aspect=Fraction(4, 3)))
    assert info.pixel_aspect == Fraction(4, 3)


def test_vp9_in_mp4_lasts_to_its_end() -> None:
    """FFmpeg hands on no lengths of its packets; the track knows how long the last one is."""
    times = [0, 40, 50, 200, 230, 600]
    info, h264 = (
        probe(foreign(frames()[:6], codec=codec, times=times, options=options))
        for codec, options in (("libvpx-vp9", {}), ("libx264", {"bf": "0"}))
    )
    assert info.duration == h264.duration > Fraction(600, 1000)


def test_a_record_can_be_written_down(clip: bytes) -> None:
    """What a probe finds, and an inspection, come back from JSON as they were."""
    for record in (probe(clip), inspect(clip)):
        assert from_json(to_json(record), type(record)) == record


def test_truncated_clip(clip: bytes) -> None:
    """A clip cut in half still probes, by the packets that are left."""
    info = probe(clip[: len(clip) // 2])
    assert info.declared_frames == 30
    assert 0 < info.frames < 30
    assert info.duration < 2


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_comment(container: str) -> None:
    """The comment tag is found whichever way the container spells its name."""
    assert probe(foreign(frames()[:2], container=container)).comment == "foreign"


def test_missing_file(tmp_path: Path) -> None:
    """A file that cannot be opened is a `VideoError` that names it."""
    with pytest.raises(VideoError, match=r"cannot open .*nothing\.mp4: No such file"):
        probe(tmp_path / "nothing.mp4")
    with pytest.raises(VideoError, match="cannot open"):
        probe(tmp_path / "a\0b.mp4")


def test_folder(tmp_path: Path) -> None:
    """A folder is no clip."""
    with pytest.raises(VideoError, match="cannot open"):
        probe(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are files on POSIX only")
def test_pipe_does_not_block(tmp_path: Path) -> None:
    """A named pipe nobody writes to is refused at once."""
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(VideoError, match="not a regular file"):
        probe(tmp_path / "pipe.mp4")


def test_enormous_pictures(clip: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sides of pictures are bounded, and so is their area."""
    for bound, largest in (("MAX_SIDE", 255), ("MAX_PIXELS", 256 * 144 - 1)):
        with monkeypatch.context() as bounded:
            bounded.setattr(source, bound, largest)
            with pytest.raises(VideoError, match="256x144 pixels, out of bounds"):
                probe(clip)


def test_too_many_packets(clip: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of packets read is bounded."""
    monkeypatch.setattr(survey, "MAX_PACKETS", 10)
    with pytest.raises(VideoError, match="more than 10 packets"):
        probe(clip)

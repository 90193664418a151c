"""Other containers become MP4: no packet is lost, and no time, turn or shape changes."""

# PyAV's stubs leave open the type of packets and of further options.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import resource
from collections import Counter
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import pytest
from attrs import evolve
from PIL import Image

from vgen.errors import VideoError
from vgen.video import inspect, probe
from vgen.video.remux import KEPT, check_copy, read_moments, remux
from vgen.video.source import opened

from .clips import FPS, clouds
from .foreign import foreign

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer

    from .clips import Frame

UNEVEN = [0, 40, 50, 200, 230, 600, 640, 900, 905, 1000, 1700, 1733]
SLOW_END = [*UNEVEN[:-1], 1701]
FAST = list(range(0, 120, 10))
HEVC: dict[str, Any] = {"codec": "libx265", "options": {"x265-params": "log-level=none"}}
REORDERED = {"codec": "mpeg4", "options": {"bf": "2"}}


@cache
def frames(count: int = 30) -> list[Frame]:
    """Small pictures that move."""
    return [frame[::2, ::2] for frame in clouds(count)]


def copied(data: bytes, folder: Path) -> Path | None:
    """The clip in MP4; `None` where it cannot be: then there is no file."""
    source, target = folder / "source", folder / "target.mp4"
    source.write_bytes(data)
    if remux(source, probe(data), target):
        return target
    assert not target.exists()
    return None


def packets(data: bytes) -> dict[int, list[bytes]]:
    """What each stream's packets hold."""
    found: dict[int, list[bytes]] = {}
    with av.open(BytesIO(data), "r") as container:
        for packet in container.demux():
            if packet.size:
                found.setdefault(packet.stream_index, []).append(bytes(packet))
    return found


def shown(data: bytes) -> list[Fraction]:
    """When each decoded picture is shown, in seconds from the first."""
    with av.open(BytesIO(data), "r") as container:
        times = [(frame.pts or 0) * (frame.time_base or 0) for frame in container.decode(video=0)]
    return [Fraction(time - times[0]) for time in times]


TAKEN: dict[str, dict[str, Any]] = {
    "QuickTime": {"container": "mov"},
    "QuickTime, HEVC": {"container": "mov", **HEVC},
    "QuickTime, MPEG-4": {"container": "mov", **REORDERED},
    "QuickTime, uneven": {"container": "mov", "times": UNEVEN},
    "QuickTime, ten bits": {"container": "mov", "pixels": "yuv420p10le"},
    "Matroska": {"container": "matroska"},
    "Matroska, no B-frames": {"container": "matroska", "options": {"bf": "0"}},
    "Matroska, HEVC": {"container": "matroska", **HEVC},
    "Matroska, AV1": {"container": "matroska", "codec": "libsvtav1"},
    "Matroska, MPEG-4": {"container": "matroska", **REORDERED},
    "Matroska, uneven": {"container": "matroska", "times": UNEVEN},
    "Matroska, uneven at its end": {"container": "matroska", "times": SLOW_END},
    "Matroska, faster than it says": {"container": "matroska", "times": FAST},
    "Matroska, uneven without B-frames": {
        "container": "matroska",
        "times": SLOW_END,
        "options": {"bf": "0"},
    },
    "Matroska, late": {
        "container": "matroska",
        "times": [5000 + 1000 * n // FPS for n in range(30)],
    },
    "WebM, VP9": {"container": "webm", "codec": "libvpx-vp9"},
    "WebM, AV1": {"container": "webm", "codec": "libsvtav1"},
    "WebM, AV1, uneven": {"container": "webm", "codec": "libsvtav1", "times": UNEVEN},
    "WebM, uneven": {"container": "webm", "codec": "libvpx-vp9", "times": UNEVEN},
    "AVI, MPEG-4": {"container": "avi", "codec": "mpeg4"},
    "AVI, MPEG-4 with B-frames": {"container": "avi", **REORDERED},
    "AVI, H.264 without B-frames": {"container": "avi", "options": {"bf": "0"}},
}


@pytest.mark.parametrize("making", TAKEN.values(), ids=TAKEN)
def test_what_mp4_takes(tmp_path: Path, making: dict[str, Any]) -> None:
    """The copy has the same packets, the same exact duration, and nothing wrong with it."""
    data = foreign(frames()[: len(making.get("times", range(30)))], **making)
    target = copied(data, tmp_path)
    assert target is not None
    before, after = probe(data), inspect(target)
    assert (before.container, after.info.container) != ("mp4", "mp4")
    assert after.info.container == "mp4"
    assert {name: getattr(after.info, name) for name in KEPT} == {
        name: getattr(before, name) for name in KEPT
    }
    assert after.info.declared_frames == after.info.frames
    assert after.judgement.faults == inspect(data).judgement.faults
    assert after.info.comment == before.comment


@pytest.mark.parametrize("making", TAKEN.values(), ids=TAKEN)
def test_pictures_are_shown_when_they_were(tmp_path: Path, making: dict[str, Any]) -> None:
    """Each picture has its time, but for what the container had rounded, and starts at once."""
    data = foreign(frames()[: len(making.get("times", range(30)))], **making)
    target = copied(data, tmp_path)
    assert target is not None
    pairs = zip(shown(target.read_bytes()), shown(data), strict=True)
    assert all(abs(after - before) <= Fraction(1, 1000) for after, before in pairs)
    with av.open(str(target), "r") as container:
        assert container.start_time == 0


@pytest.mark.parametrize("fps", [7, 24, 25, 30, 60])
@pytest.mark.parametrize("container", ["matroska", "webm"])
def test_an_even_rate_is_exact(tmp_path: Path, container: str, fps: int) -> None:
    """Times that a container has rounded to milliseconds are those of the frame rate in MP4."""
    codec = "libvpx-vp9" if container == "webm" else "libx264"
    target = copied(foreign(frames(), codec=codec, container=container, fps=fps), tmp_path)
    assert target is not None
    info = probe(target)
    assert info.duration == Fraction(30, fps)
    assert abs((info.container_duration or 0) - info.duration) < Fraction(1, 1_000_000)
    assert shown(target.read_bytes()) == [Fraction(n, fps) for n in range(30)]


SOUNDS = {
    "aac": "aac",
    "mp3": "libmp3lame",
    "opus": "libopus",
    "ac3": "ac3",
    "eac3": "eac3",
    "flac": "flac",
    "alac": "alac",
}
CARRIED = {
    "matroska": tuple(SOUNDS),
    "mov": ("aac", "mp3", "ac3", "eac3", "alac"),
    "avi": ("aac", "mp3", "ac3"),
}


@pytest.mark.parametrize(
    ("container", "codec"), [(kind, codec) for kind in CARRIED for codec in CARRIED[kind]]
)
def test_sound_is_kept(tmp_path: Path, container: str, codec: str) -> None:
    """Every packet of the sound is there, byte by byte, but for the padding of the last heard."""
    pictures = "mpeg4" if container == "avi" else "libx264"
    data = foreign(frames(), codec=pictures, container=container, silence=2, sound=SOUNDS[codec])
    target = copied(data, tmp_path)
    assert target is not None
    assert probe(target).audio_codec == codec
    assert packets(target.read_bytes())[1] == packets(data)[1]
    with av.open(str(target), "r") as after, av.open(BytesIO(data), "r") as before:
        assert [s.codec_context.sample_rate for s in after.streams.audio] == [
            s.codec_context.sample_rate for s in before.streams.audio
        ]
    assert 0 <= heard(target.read_bytes()) - heard(data) <= Fraction(27, 1000)


def heard(data: bytes) -> Fraction:
    """How long the sound lasts by its samples, in seconds."""
    with av.open(BytesIO(data), "r") as container:
        return sum(
            (Fraction(frame.samples, frame.sample_rate) for frame in container.decode(audio=0)),
            Fraction(0),
        )


def test_samples_tell_how_long_sound_lasts(tmp_path: Path) -> None:
    """Packets of 1024 samples last as long in MP4, however Matroska has rounded their times."""
    target = copied(foreign(frames(), container="matroska", silence=2), tmp_path)
    with av.open(str(target), "r") as container:
        steps = Counter(packet.duration for packet in container.demux(audio=0) if packet.size)
    assert steps.keys() == {1024}


@pytest.mark.parametrize("turned", [90, 180, 270])
@pytest.mark.parametrize("container", ["mov", "matroska"])
def test_turn_and_pixel_aspect_are_kept(tmp_path: Path, container: str, turned: int) -> None:
    """A clip is seen as it was, whether the container says so or only its codec."""
    data = foreign(frames()[:6], container=container, turned=turned, aspect=Fraction(4, 3))
    target = copied(data, tmp_path)
    assert target is not None
    info = probe(target)
    assert (info.rotation, info.pixel_aspect) == (turned, Fraction(4, 3))
    assert info.shown_size == probe(data).shown_size


def test_hidden_pictures_stay_hidden(tmp_path: Path) -> None:
    """Pictures that an edit list only decodes are neither shown nor counted after the copy."""
    data = cut_in(foreign(frames(), container="mov", options={"bf": "0", "g": "250"}), 5)
    before = probe(data)
    assert before.frames == 25
    target = copied(data, tmp_path)
    assert target is not None
    after = probe(target)
    assert (after.frames, after.duration) == (25, before.duration)


def cut_in(clip: bytes, hidden: int) -> bytes:
    """The clip without its first pictures, which later ones need: they come before time zero."""
    file = BytesIO()
    with av.open(BytesIO(clip), "r") as whole, av.open(file, "w", "mov") as output:
        stream = output.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.size:
                earlier = hidden * (packet.duration or 0)
                packet.pts = (packet.pts or 0) - earlier
                packet.dts = (packet.dts or 0) - earlier
                packet.stream = stream
                output.mux(packet)
    return file.getvalue()


REFUSED: dict[str, dict[str, Any]] = {
    "ProRes": {"container": "mov", "codec": "prores_ks", "pixels": "yuv422p10le"},
    "VP8": {"container": "webm", "codec": "libvpx"},
    "Motion JPEG": {"container": "avi", "codec": "mjpeg", "pixels": "yuvj420p"},
    "PCM": {"container": "mov", "silence": 1, "sound": "pcm_s16le"},
    "H.264 with B-frames in AVI": {"container": "avi"},
    "FFV1": {"container": "matroska", "codec": "ffv1"},
}


@pytest.mark.parametrize("making", REFUSED.values(), ids=REFUSED)
def test_what_mp4_does_not_take(tmp_path: Path, making: dict[str, Any]) -> None:
    """Nothing is written where a codec has no place in MP4, or nobody knows when to show what."""
    assert copied(foreign(frames(), **making), tmp_path) is None


def test_transparency_is_not_lost(tmp_path: Path) -> None:
    """A WebM clip with an alpha channel, which MP4 would drop, stays as it is."""
    data = foreign(frames(), container="webm", codec="libvpx-vp9", notes={"alpha_mode": "1"})
    assert copied(data, tmp_path) is None


def copy_pictures(clip: InputContainer, output: OutputContainer, *, cover: bytes = b"") -> None:
    """Copy a clip's pictures, with a cover beside them."""
    stream = output.add_stream_from_template(clip.streams.video[0])
    if cover:
        output.add_attachment("cover.png", "image/png", cover)
    for packet in clip.demux(video=0):
        if packet.size:
            packet.stream = stream
            output.mux(packet)


def test_a_second_picture_track_is_not_lost(tmp_path: Path) -> None:
    """A clip with two of them stays as it is."""
    file = BytesIO()
    with av.open(file, "w", "matroska") as output:
        streams = [output.add_stream("libx264", FPS, width=128, height=72) for _ in range(2)]
        for stream in streams:
            for frame in [*map(av.VideoFrame.from_ndarray, frames(6)), None]:
                output.mux(stream.encode(frame))
    assert copied(file.getvalue(), tmp_path) is None


def test_subtitles_are_not_lost(tmp_path: Path) -> None:
    """A clip with subtitles stays as it is."""
    file, clip = BytesIO(), foreign(frames(6))
    with av.open(BytesIO(clip), "r") as whole, av.open(file, "w", "matroska") as output:
        words = output.add_mux_stream("subrip", time_base=Fraction(1, 1000))
        copy_pictures(whole, output)
        packet = av.Packet(b"Hello")
        packet.stream, packet.pts, packet.dts, packet.duration = words, 0, 0, 200
        output.mux(packet)
    with av.open(BytesIO(file.getvalue()), "r") as made:
        assert len(made.streams.subtitles) == 1
    assert copied(file.getvalue(), tmp_path) is None


def test_apple_plays_hevc(tmp_path: Path) -> None:
    """Its players want the parameters of HEVC in the header alone, and the mark that says so."""
    target = copied(foreign(frames(), container="matroska", **HEVC), tmp_path)
    assert target is not None
    with av.open(str(target), "r") as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


def test_a_cover_is_left_out(tmp_path: Path) -> None:
    """A cover picture is no second track: the rest is copied."""
    picture, file = BytesIO(), BytesIO()
    Image.new("RGB", (64, 48)).save(picture, "PNG")
    clip = foreign(frames(6))
    with av.open(BytesIO(clip), "r") as whole, av.open(file, "w", "matroska") as output:
        copy_pictures(whole, output, cover=picture.getvalue())
    with av.open(BytesIO(file.getvalue()), "r") as made:
        assert len(made.streams.video) == 2
    target = copied(file.getvalue(), tmp_path)
    assert target is not None
    with av.open(str(target), "r") as made:
        assert len(made.streams) == 1


@pytest.mark.parametrize(
    "making",
    [
        {"container": "webm", "codec": "libvpx-vp9", "silence": 2, "sound": "libopus"},
        {"container": "mov", "silence": 2, "turned": 90},
        {"container": "matroska", "times": UNEVEN},
    ],
    ids=str,
)
def test_the_same_clip_gives_the_same_bytes(tmp_path: Path, making: dict[str, Any]) -> None:
    """Neither a time nor a version of a library is in the copy: its digest can be compared."""
    data = foreign(frames()[: len(making.get("times", range(30)))], **making)
    once, again = (copied(data, folder(tmp_path, name)) for name in ("once", "again"))
    assert once is not None
    assert again is not None
    assert once.read_bytes() == again.read_bytes()
    assert b"Lavf" not in once.read_bytes()
    with av.open(str(once)) as container:
        assert "creation_time" not in container.metadata


def folder(parent: Path, name: str) -> Path:
    """A new folder."""
    made = parent / name
    made.mkdir()
    return made


@pytest.mark.parametrize("change", [{"frames": 31}, {"width": 130}, {"rotation": 90}])
def test_a_copy_that_differs_is_not_kept(tmp_path: Path, change: dict[str, Any]) -> None:
    """What a probe finds in the copy must be what it has found before, in every point."""
    data = foreign(frames(), container="matroska")
    source, target = tmp_path / "source", tmp_path / "target.mp4"
    source.write_bytes(data)
    assert not remux(source, evolve(probe(data), **change), target)
    assert not target.exists()


@pytest.mark.parametrize("stream", [0, 1])
def test_a_copy_that_lacks_a_packet_is_none(tmp_path: Path, stream: int) -> None:
    """Packets are counted, those of sound too."""
    data = foreign(frames(), container="matroska", silence=1)
    target = copied(data, tmp_path)
    assert target is not None
    with opened(data) as clip:
        moments = read_moments(clip)
    check_copy(target, probe(data), moments)
    moments[stream].append(moments[stream][-1])
    with pytest.raises(VideoError, match="its copy differs"):
        check_copy(target, probe(data), moments)


@pytest.mark.parametrize("size", [0, 100, 4_000, 13_000])
def test_no_room_is_told(tmp_path: Path, size: int) -> None:
    """Where the disk is full the clip is not taken for one that MP4 refuses; nothing is left."""
    source, target = tmp_path / "source", tmp_path / "target.mp4"
    source.write_bytes(foreign(frames(), container="matroska"))
    info, before = probe(source), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            remux(source, info, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not target.exists()


@pytest.mark.parametrize("codec", ["libvpx-vp9", "libx264"])
def test_a_broken_clip_is_refused_in_one_way(tmp_path: Path, codec: str) -> None:
    """What is cut short, or no clip any more, gives no copy and no other error."""
    container = "webm" if codec == "libvpx-vp9" else "matroska"
    data = foreign(frames(), codec=codec, container=container)
    info, source, target = probe(data), tmp_path / "source", tmp_path / "target.mp4"
    for kept in (0, 40, len(data) // 2, len(data) - 300):
        source.write_bytes(data[:kept])
        assert not remux(source, info, target)
        assert not target.exists()

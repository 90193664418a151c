"""Probing opens the file it was given and no other, whatever the bytes name."""

from __future__ import annotations

import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import av
import pytest

from vgen.errors import VideoError
from vgen.video import judge, probe, source

from .clips import clouds, encode
from .foreign import foreign
from .opens import openings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify watches on Linux only")

PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile {}\n",
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n",
    "list with a brand": "\0\0\0\x18ftypisom\nffconcat version 1.0\nfile {}\n",
    "SDP": "v=0\no=- 0 0 IN IP4 {}\nm=video 9 RTP/AVP 96\n",
}


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A good clip in the current folder."""
    monkeypatch.chdir(tmp_path)
    return encode(tmp_path / "good.mp4", clouds(10))


def test_the_witness_sees(planted: Path) -> None:
    """FFmpeg left to itself follows a playlist into another file, and the witness tells."""
    listing = planted.with_name("list.txt")
    listing.write_text(PLAYLISTS["ffconcat"].format(planted.name))
    with openings(planted.parent) as names:
        av.open(listing).close()
    assert planted.name in names


@pytest.mark.parametrize("form", PLAYLISTS.values(), ids=PLAYLISTS)
def test_playlists_lead_nowhere(planted: Path, form: str) -> None:
    """A playlist that names a good clip is no clip, and that clip is never opened."""
    text = form.format(planted.name)
    listing = planted.with_name("list.mp4")
    listing.write_text(text)
    with openings(planted.parent) as names:
        for given in (text.encode(), listing):
            with pytest.raises(VideoError):
                probe(given)
    assert set(names) == {listing.name}


def test_the_container_is_not_guessed(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FFmpeg reads a clip as the container that its first bytes announce, or not at all."""
    monkeypatch.setitem(source.DEMUXERS, "mp4", "matroska")
    with pytest.raises(VideoError, match="cannot be read"):
        probe(planted)


def with_data_elsewhere(clip: bytes, target: Path) -> bytes:
    """The clip with a Macintosh alias to `target` in place of "the data is in this file"."""
    path = str(target).encode() + b"\0" * (len(str(target)) % 2)
    steps = struct.pack(">HH16xHH", 1, 1, 2, len(path)) + path + struct.pack(">hH", -1, 0)
    alias = b"alis" + bytes(4 + 10 + 28 + 12 + 64 + 16) + steps + bytes(64)
    old, new = b"\0\0\0\x0curl \0\0\0\1", struct.pack(">I", 4 + len(alias)) + alias
    clip = clip.replace(old, new)
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        at = clip.index(box) - 4
        size = int.from_bytes(clip[at : at + 4]) + len(new) - len(old)
        clip = clip[:at] + struct.pack(">I", size) + clip[at + 4 :]
    return clip


def test_data_references_lead_nowhere(planted: Path) -> None:
    """An MP4 file whose index says that its pictures are in another file gets none opened."""
    lure = planted.with_name("lure.mp4")
    lure.write_bytes(with_data_elsewhere(foreign(clouds(10)), planted))
    with openings(planted.parent) as names:
        av.open(lure, options={"enable_drefs": "1", "use_absolute_path": "1"}).close()
    assert set(names) == {lure.name, planted.name}  # so the lure works
    with openings(planted.parent) as names, pytest.raises(VideoError, match="no picture"):
        probe(lure)
    assert set(names) == {lure.name}


@pytest.mark.parametrize("name", ["concat:good.mp4", "file:good.mp4", "http:good.mp4"])
def test_paths_are_no_urls(planted: Path, name: str) -> None:
    """A path that looks like an FFmpeg protocol is a path all the same."""
    renamed = planted.with_name(name)
    with pytest.raises(VideoError, match="No such file"):
        probe(renamed)
    planted.rename(renamed)
    assert probe(renamed).frames == 10


def test_nothing_is_printed() -> None:
    """Importing and judging write nothing to standard output or standard error."""
    script = "from vgen.video import judge; import sys; judge(sys.stdin.buffer.read())"
    clip = b"\0\0\0\x18ftypisom\0\0\2\0isommp41\0\0\0\x08moov"
    done = subprocess.run(
        [sys.executable, "-c", f"try:\n {script}\nexcept Exception: pass"],
        input=clip,
        check=True,
        capture_output=True,
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_broken_pictures_print_nothing(planted: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """FFmpeg's complaints about broken pictures stay inside."""
    data = bytearray(planted.read_bytes())
    data[-2000:-1000] = bytes(range(250)) * 4
    assert judge(bytes(data)).faults
    assert capfd.readouterr() == ("", "")

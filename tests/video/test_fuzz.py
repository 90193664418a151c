"""Broken clips: whatever the bytes, the answer is an inspection or a `VideoError`."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from vgen.errors import VideoError
from vgen.video import inspect, probe
from vgen.video.remux import remux

from .clips import clouds, encode
from .foreign import foreign

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = int(os.environ.get("VGEN_FUZZ_RUNS", "300"))

OWN = "index first"
SEEDS: dict[str, dict[str, Any]] = {
    OWN: {},
    "plain": {},
    "fragmented": {"flags": "frag_keyframe+empty_moov", "options": {"g": "5"}},
    "with sound": {"silence": 1},
    "HEVC": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "uneven": {"times": [0, 30, 90, 100, 180, 240, 250, 300, 380, 400, 410, 500]},
    "WebM": {"codec": "libvpx-vp9", "container": "webm"},
    "Matroska": {"container": "matroska", "silence": 1},
    "QuickTime": {"container": "mov", "silence": 1, "turned": 90},
    "AVI": {"container": "avi", "codec": "mpeg4"},
}
HEADER_BYTES = 1500
BOXES = (b"moov", b"trak", b"stsd", b"stts", b"ctts", b"stsc", b"stsz", b"stco", b"mdhd", b"tkhd")


@cache
def seed_clip(name: str) -> bytes:
    """A whole clip to break."""
    if name == OWN:
        with TemporaryDirectory() as folder:
            return encode(Path(folder, "clip.mp4"), clouds(12)).read_bytes()
    return foreign(clouds(12), **SEEDS[name])


def flip_bits(data: bytearray, random: Random) -> None:
    """Flips a few bits anywhere."""
    for _ in range(random.choice([1, 5, 50])):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def change_header(data: bytearray, random: Random) -> None:
    """Sets four bytes near the start to something extreme."""
    at = random.randrange(min(len(data), HEADER_BYTES))
    data[at : at + 4] = random.choice(
        [bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", random.randbytes(4)]
    )


def change_box(data: bytearray, random: Random) -> None:
    """Sets a box's size, or a field inside it, to something extreme."""
    at = data.find(random.choice(BOXES))
    at = max(0, at - 4 + random.choice([0, 12, 16, 20, 24]))
    data[at : at + 4] = random.choice([bytes(4), b"\0\0\0\1", b"\xff" * 4, random.randbytes(4)])


def cut_off(data: bytearray, random: Random) -> None:
    """Drops the end."""
    del data[random.randrange(len(data)) :]


def insert(data: bytearray, random: Random) -> None:
    """Pushes everything behind a place further back."""
    at = random.randrange(len(data))
    data[at:at] = random.randbytes(random.choice([1, 7, 400]))


def swap(data: bytearray, random: Random) -> None:
    """Exchanges two stretches."""
    size = random.choice([4, 64, 1000])
    one, other = (random.randrange(max(1, len(data) - size)) for _ in range(2))
    kept = data[one : one + size]
    data[one : one + size] = data[other : other + size]
    data[other : other + size] = kept


def overwrite(data: bytearray, random: Random) -> None:
    """Puts zeros or garbage over a stretch."""
    at, size = random.randrange(len(data)), random.choice([16, 300, 3000])
    data[at : at + size] = random.choice([bytes(size), random.randbytes(size)])


MUTATIONS: tuple[Callable[[bytearray, Random], None], ...] = (
    flip_bits,
    change_header,
    change_box,
    cut_off,
    insert,
    swap,
    overwrite,
)


def mutant(name: str, number: int) -> bytes:
    """A clip broken in one to three ways; the same for the same arguments."""
    random = Random(f"{name} {number}")  # noqa: S311 (nothing secret)
    data = bytearray(seed_clip(name))
    for mutate in random.choices(MUTATIONS, k=random.choice([1, 1, 2, 3])):
        if data:
            mutate(data, random)
    return bytes(data)


@pytest.mark.parametrize("name", SEEDS)
def test_seed_is_whole(name: str) -> None:
    """The clips that are broken below are in order to begin with."""
    assert inspect(seed_clip(name)).judgement.faults == ()


@pytest.mark.parametrize("name", SEEDS)
def test_broken_clips(name: str, tmp_path: Path) -> None:
    """No mutation gets another answer than an inspection or a `VideoError`, and a copy or none."""
    source, target = tmp_path / "source", tmp_path / "target.mp4"
    for number in range(-(-RUNS // len(SEEDS))):
        data = mutant(name, number)
        try:
            info = inspect(data, thorough=number % 2 == 0).info
        except VideoError:
            continue
        assert info.duration > 0
        source.write_bytes(data)
        if remux(source, info, target):
            assert probe(target).duration == info.duration

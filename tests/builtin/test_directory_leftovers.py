"""What a killed process leaves beside the clips disappears; what a live one is at stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import IO

import pytest
import trio

from vgen import DirectoryStorage

SIZE = 3 * 2**20
KEY = "job/clip_000.mp4"
STORES = """
import sys, trio, vgen
from pathlib import Path
trio.run(vgen.DirectoryStorage(sys.argv[1]).write, sys.argv[2], Path("/dev/stdin"))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the clips go."""
    return tmp_path / "clips"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A file to be stored."""
    path = tmp_path / "made.mp4"
    path.write_bytes(b"whole")
    return path


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A file that is never at its end before its writer says so."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def feed(feeding: IO[bytes]) -> None:
    """Send more than a pipe holds and a copy takes at once: some is written when all is sent."""
    feeding.writelines(bytes(2**20) for _ in range(SIZE // 2**20))


def killed_half_way(root: Path, key: str) -> None:
    """Have a process store a clip, and kill it in the middle."""
    command = [sys.executable, "-c", STORES, str(root), key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        feed(process.stdin)
        process.kill()
    assert process.returncode == -signal.SIGKILL


def below(folder: Path) -> list[str]:
    """Every file below a folder, hidden ones too."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())


@pytest.mark.parametrize("key", [KEY, "x" * 255])
def test_the_next_write_removes_what_was_left(root: Path, clip: Path, key: str) -> None:
    """However often a process was killed, what is there in the end is the clip alone."""
    for _ in range(2):
        killed_half_way(root, key)
    (left,) = below(root)
    assert left.endswith(".part")
    trio.run(DirectoryStorage(root).write, key, clip)
    assert below(root) == [key]
    assert (root / key).read_bytes() == clip.read_bytes()


def test_other_files_stay(root: Path, clip: Path) -> None:
    """Nothing is removed but what was on its way to the same clip."""
    others = [".clip_000.mp4.mine.part", ".clip_001.mp4.x", ".hidden", "clip_000.mp4.part"]
    (root / "job").mkdir(parents=True)
    for name in others:
        (root / "job" / name).write_text("mine")
    trio.run(DirectoryStorage(root).write, KEY, clip)
    assert below(root) == sorted([KEY, *(f"job/{name}" for name in others)])


def test_a_live_writer_is_left_alone(root: Path, clip: Path, pipe: Path) -> None:
    """Two that store the same clip at once both succeed; the last to end stands."""
    storage = DirectoryStorage(root)
    live = Thread(target=trio.run, args=(storage.write, KEY, pipe))
    live.start()
    with pipe.open("wb", buffering=0) as feeding:
        feed(feeding)
        trio.run(storage.write, KEY, clip)
        assert (root / KEY).read_bytes() == clip.read_bytes()
        assert len(below(root)) == 2
    live.join()
    assert below(root) == [KEY]
    assert (root / KEY).stat().st_size == SIZE

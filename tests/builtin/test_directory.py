"""Clips in a directory: whole or not at all, below the directory or nowhere."""

from __future__ import annotations

import hashlib
import os
import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import trio

from tests.syncs import watch_syncs
from vgen import DirectoryStorage
from vgen.errors import ConfigurationError, StorageError
from vgen.records.clip import StoredFile


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the clips go; not there yet."""
    return tmp_path / "clips"


@pytest.fixture
def storage(root: Path) -> DirectoryStorage:
    """The storage under test."""
    return DirectoryStorage(root)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A file to be stored."""
    path = tmp_path / "made.mp4"
    path.write_bytes(b"clip" * 1000)
    return path


def below(folder: Path) -> list[str]:
    """Every file below a folder, temporary ones too."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())


def test_a_clip_is_stored_under_its_key(storage: DirectoryStorage, root: Path, clip: Path) -> None:
    """Folders are made, the bytes are there, nothing else is, and the source stays."""
    stored = trio.run(storage.write, "job/a b/clip_000.mp4", clip)
    digest = hashlib.sha256(clip.read_bytes()).hexdigest()
    assert stored == StoredFile("job/a b/clip_000.mp4", 4000, digest)
    assert below(root) == ["job/a b/clip_000.mp4"]
    assert (root / stored.reference).read_bytes() == clip.read_bytes()
    assert trio.run(storage.stat, stored.reference) == stored
    assert repr(storage) == f"<DirectoryStorage {str(root)!r}>"


def test_storing_again_replaces(storage: DirectoryStorage, root: Path, clip: Path) -> None:
    """The newer bytes stand under the key, in a file of their own: a reader keeps the older."""
    trio.run(storage.write, "clip.mp4", clip)
    with (root / "clip.mp4").open("rb") as reading:
        clip.write_bytes(b"new")
        assert (trio.run(storage.write, "clip.mp4", clip)).size == 3
        assert len(reading.read()) == 4000
    assert (root / "clip.mp4").read_bytes() == b"new"
    assert below(root) == ["clip.mp4"]


def test_the_url_leads_to_the_file(storage: DirectoryStorage, root: Path, clip: Path) -> None:
    """A `file:` URL whose path, unquoted, is the clip."""
    trio.run(storage.write, "job/é %41 #1.mp4", clip)
    url = urlsplit(trio.run(storage.url, "job/é %41 #1.mp4"))
    assert (url.scheme, url.netloc, url.query, url.fragment) == ("file", "", "", "")
    assert Path(unquote(url.path)).samefile(root / "job/é %41 #1.mp4")


def test_a_relative_root_has_whole_urls(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the service was started, the URL is one that others can open."""
    monkeypatch.chdir(tmp_path)
    storage = DirectoryStorage("out")
    trio.run(storage.write, "clip.mp4", clip)
    assert trio.run(storage.url, "clip.mp4") == (tmp_path / "out/clip.mp4").as_uri()


def test_what_is_not_there_is_none(storage: DirectoryStorage, root: Path, clip: Path) -> None:
    """A missing file, a folder and a file taken for a folder are no stored clips."""
    assert trio.run(storage.stat, "clip.mp4") is None
    trio.run(storage.write, "job/clip.mp4", clip)
    assert trio.run(storage.stat, "job/other.mp4") is None
    assert trio.run(storage.stat, "job") is None
    assert trio.run(storage.stat, "job/clip.mp4/x") is None
    assert below(root) == ["job/clip.mp4"]


def test_what_cannot_be_seen_is_not_taken_for_missing(
    storage: DirectoryStorage, root: Path
) -> None:
    """A clip that may be there is never reported as gone: it would be made and paid for again."""
    root.mkdir()
    (root / "clip.mp4").symlink_to("clip.mp4")
    with pytest.raises(StorageError) as caught:
        trio.run(storage.stat, "clip.mp4")
    assert caught.value.retryable


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/etc/clip.mp4",
        "../clip.mp4",
        "job/../../clip.mp4",
        "job/..",
        "./clip.mp4",
        "job//clip.mp4",
        "job/",
        "job\\clip.mp4",
        "..\\clip.mp4",
        "clip\0.mp4",
        "\ud800/clip.mp4",
    ],
)
def test_a_key_cannot_leave(
    storage: DirectoryStorage, tmp_path: Path, clip: Path, key: str
) -> None:
    """A key that is no plain path below the directory is refused by every method."""
    with pytest.raises(StorageError) as caught:
        trio.run(storage.write, key, clip)
    assert not caught.value.retryable
    for method in (storage.check_writable, storage.stat, storage.url):
        with pytest.raises(StorageError):
            trio.run(method, key)
    assert below(tmp_path) == ["made.mp4"]


def test_a_linked_folder_cannot_lead_out(
    storage: DirectoryStorage, root: Path, tmp_path: Path, clip: Path
) -> None:
    """Neither a link to a folder elsewhere nor one that goes in circles is followed."""
    (tmp_path / "elsewhere").mkdir()
    root.mkdir()
    (root / "job").symlink_to(tmp_path / "elsewhere")
    (root / "circle").symlink_to(root / "circle")
    for key in ("job/clip.mp4", "circle/clip.mp4"):
        with pytest.raises(StorageError):
            trio.run(storage.write, key, clip)
    assert below(tmp_path / "elsewhere") == []


def test_a_linked_clip_is_replaced(
    storage: DirectoryStorage, root: Path, tmp_path: Path, clip: Path
) -> None:
    """A link in the clip's own place gives way; what it led to is not written."""
    root.mkdir()
    (tmp_path / "other").write_text("mine")
    (root / "clip.mp4").symlink_to(tmp_path / "other")
    trio.run(storage.write, "clip.mp4", clip)
    assert (tmp_path / "other").read_text() == "mine"
    assert (root / "clip.mp4").read_bytes() == clip.read_bytes()


def test_the_longest_name_can_be_stored(storage: DirectoryStorage, clip: Path) -> None:
    """A name as long as the file system allows is no problem, and one longer is an error."""
    trio.run(storage.write, "x" * 255, clip)
    with pytest.raises(StorageError, match="too long"):
        trio.run(storage.write, "x" * 256, clip)


@pytest.mark.parametrize("key", ["made.mp4/clip.mp4", "folder"])
def test_a_place_that_is_taken_is_an_error(tmp_path: Path, clip: Path, key: str) -> None:
    """A file where a folder should be, or a folder where the clip should, stays as it is."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError):
        trio.run(DirectoryStorage(tmp_path).write, key, clip)
    assert below(tmp_path) == ["made.mp4"]


def test_a_missing_clip_is_an_error(storage: DirectoryStorage, root: Path) -> None:
    """What is not there cannot be stored, and leaves nothing."""
    with pytest.raises(StorageError):
        trio.run(storage.write, "clip.mp4", root / "never.mp4")
    assert below(root) == []


@contextmanager
def full_after(size: int) -> Generator[None]:
    """Let no file grow beyond a size, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_copy_that_fails_half_way_leaves_nothing(
    storage: DirectoryStorage, root: Path, clip: Path
) -> None:
    """The clip that stood under the key stays, and no part of the new one is to be seen."""
    trio.run(storage.write, "clip.mp4", clip)
    clip.write_bytes(b"new!" * 100_000)
    with full_after(100_000), pytest.raises(StorageError, match="too large"):
        trio.run(storage.write, "clip.mp4", clip)
    assert below(root) == ["clip.mp4"]
    assert (root / "clip.mp4").stat().st_size == 4000


def test_half_a_clip_is_never_seen(storage: DirectoryStorage, root: Path, tmp_path: Path) -> None:
    """While the copy runs its place is empty; cancelled, it comes to its end and is whole."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    seen: list[StoredFile | None] = []

    async def store_and_cancel() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(storage.write, "clip.mp4", pipe)
            with await trio.to_thread.run_sync(lambda: pipe.open("wb", buffering=0)) as feeding:
                feeding.write(b"half")
                seen.append(await storage.stat("clip.mp4"))
                nursery.cancel_scope.cancel()
                feeding.write(b"whole")

    trio.run(store_and_cancel)
    assert seen == [None]
    assert (root / "clip.mp4").read_bytes() == b"halfwhole"
    assert below(root) == ["clip.mp4"]


def test_what_cannot_be_written_is_found_out_before(
    storage: DirectoryStorage, root: Path, clip: Path
) -> None:
    """A directory in a clip's place, or a file in its folder's, is named as a write would name it.

    A check makes nothing, and a clip that is there may be replaced.
    """
    trio.run(storage.check_writable, "job/clip.mp4")
    assert not root.exists()
    trio.run(storage.write, "clip.mp4", clip)
    trio.run(storage.check_writable, "clip.mp4")
    (root / "taken.mp4").mkdir()
    for key in ("taken.mp4", "clip.mp4/clip.mp4"):
        with pytest.raises(StorageError) as caught:
            trio.run(storage.check_writable, key)
        assert not caught.value.retryable
        with pytest.raises(StorageError) as written:
            trio.run(storage.write, key, clip)
        assert str(written.value).startswith(f"cannot write {root}")
        assert str(caught.value).startswith(f"cannot write {root / key}: ")


def test_a_clip_is_forced_to_disk(
    storage: DirectoryStorage, root: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its content, its name, and the names of its folders: it is there after a power failure."""
    synced = watch_syncs(monkeypatch)
    trio.run(storage.write, "job/clip.mp4", clip)
    assert synced >= {path.stat().st_ino for path in (root / "job/clip.mp4", root / "job", root)}


def refused(_path: Path, _mode: int) -> bool:
    """Say that a folder cannot be written to, as the system says it of another user's."""
    return False


def test_a_folder_that_cannot_be_written_to_is_found_out_before(
    storage: DirectoryStorage, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its clips are refused with the reason."""
    root.mkdir()
    monkeypatch.setattr("os.access", refused)
    with pytest.raises(StorageError, match="Permission denied"):
        trio.run(storage.check_writable, "job/clip.mp4")


async def test_clips_have_urls_where_they_are_served(tmp_path: Path) -> None:
    """Below the base URL, each part of the key quoted; without one they are files."""
    for base in ("https://example.org/clips", "https://example.org/clips/"):
        storage = DirectoryStorage(tmp_path, base_url=base)
        assert await storage.url("a b/ü.mp4") == "https://example.org/clips/a%20b/%C3%BC.mp4"
    assert (await DirectoryStorage(tmp_path).url("a.mp4")).startswith("file://")


@pytest.mark.parametrize("base", ["", "clips", "ftp://example.org", "https://", "https://a/?b=c"])
def test_a_wrong_base_url_is_refused(tmp_path: Path, base: str) -> None:
    """At once, and by its name."""
    with pytest.raises(ConfigurationError, match=r"^base_url: must be an https: or http: address"):
        DirectoryStorage(tmp_path, base_url=base)

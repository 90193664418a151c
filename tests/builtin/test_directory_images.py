"""Reference images from directories: what the user named, and nothing beyond."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
import trio

from vgen import DirectoryStorage
from vgen.errors import StorageError

LIMIT = 1000


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of images, with one in a folder of its own."""
    folder = tmp_path / "images"
    (folder / "scenes").mkdir(parents=True)
    (folder / "scenes" / "a b.png").write_bytes(b"scene")
    return folder


@pytest.fixture
def storage(tmp_path: Path, images: Path) -> DirectoryStorage:
    """A storage that may read the images."""
    return DirectoryStorage(tmp_path / "clips", images=[images])


def read(storage: DirectoryStorage, reference: str, *, max_bytes: int = LIMIT) -> bytes:
    """What the storage has under that name."""
    return trio.run(partial(storage.read, reference, max_bytes=max_bytes))


def refusal(storage: DirectoryStorage, reference: str, *, max_bytes: int = LIMIT) -> str:
    """Why the storage will not read it, now or ever."""
    with pytest.raises(StorageError) as caught:
        read(storage, reference, max_bytes=max_bytes)
    assert not caught.value.retryable
    assert str(caught.value).startswith(f"{reference}: ")
    return str(caught.value)


def test_an_image_is_read_by_path_or_url(storage: DirectoryStorage, images: Path) -> None:
    """A relative path, an absolute one below the folder, and `file:` URLs name the same image."""
    path = images / "scenes" / "a b.png"
    for reference in (
        "scenes/a b.png",
        "scenes/../scenes/a b.png",
        str(path),
        path.as_uri(),
        f"FILE://LocalHost{path.as_uri()[7:]}",
        f"{path.as_uri()}?version=2#top",
        "file:scenes/a%20b.png",
    ):
        assert read(storage, reference) == b"scene"


def test_a_path_is_taken_as_it_is(storage: DirectoryStorage, images: Path) -> None:
    """In a path, unlike in a URL, percent signs, question marks and colons are letters."""
    for name in ("a%20b.png", "what?.png", "shot 1: dusk.png", "#1.png", "50%"):
        (images / name).write_bytes(name.encode())
        assert read(storage, name) == name.encode()


def test_the_folders_are_looked_at_in_order(tmp_path: Path) -> None:
    """The first folder that has the image wins, and the clips' own directory comes last."""
    for name, files in {"one": ["a"], "two": ["a", "b"], "clips": ["a", "b", "c"]}.items():
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).write_text(name)
    storage = DirectoryStorage(
        str(tmp_path / "clips"), images=[str(tmp_path / "one"), tmp_path / "two"]
    )
    assert [read(storage, name) for name in "abc"] == [b"one", b"two", b"clips"]


@pytest.mark.parametrize(
    "reference",
    [
        "../secret.png",
        "scenes/../../secret.png",
        "/etc/passwd",
        "file:///etc/passwd",
        "file:%2e%2e/secret.png",
        "file:..%2fsecret.png",
        "link.png",
        "linked/secret.png",
    ],
)
def test_nothing_else_can_be_read(
    storage: DirectoryStorage, images: Path, tmp_path: Path, reference: str
) -> None:
    """Neither dots, nor absolute paths, nor links lead out of the folders."""
    (tmp_path / "secret.png").write_text("secret")
    (images / "link.png").symlink_to(tmp_path / "secret.png")
    (images / "linked").symlink_to(tmp_path)
    assert "is outside the folders" in refusal(storage, reference)


def test_a_link_within_is_followed(storage: DirectoryStorage, images: Path) -> None:
    """A link to another image of the folder is as good as the image."""
    (images / "same.png").symlink_to(images / "scenes" / "a b.png")
    assert read(storage, "same.png") == b"scene"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("scenes/c.png", "no such file"),
        ("scenes/a b.png/x", "no such file"),
        ("scenes", "directory"),
        ("", "directory"),
        ("x" * 300, "too long"),
        ("scenes/\0.png", "null"),
        ("file:%00.png", "null"),
        ("\ud800.png", "surrogates"),
        ("circle", "circle"),
        ("file://elsewhere/a.png", "names another host"),
        ("file://[::1/a.png", "IPv6"),
        ("ftp://images.example/a.png", "cannot read ftp: URLs"),
        ("data:image/png;base64,AAAA", "cannot read data: URLs"),
        ("s3://bucket/a.png", "cannot read s3: URLs"),
    ],
)
def test_what_is_no_image_is_told(
    storage: DirectoryStorage, images: Path, reference: str, said: str
) -> None:
    """Whatever the name, the answer is an error of storage that says what is wrong with it."""
    (images / "circle").symlink_to("circle")
    assert said in refusal(storage, reference)


def test_a_pipe_is_not_waited_for(storage: DirectoryStorage, images: Path) -> None:
    """What is no regular file is refused at once, though nobody ever writes to it."""
    os.mkfifo(images / "pipe.png")
    assert "is not a file" in refusal(storage, "pipe.png")


def test_a_device_is_no_image() -> None:
    """A device below an allowed folder is refused before it is read."""
    assert "is not a file" in refusal(DirectoryStorage("/dev"), "zero")


def open_files() -> int:
    """How many descriptors this process has, one for this very look among them."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_no_file_is_left_open(storage: DirectoryStorage, images: Path) -> None:
    """Refusals keep no descriptors: a service may refuse as many images as it likes."""
    os.mkfifo(images / "pipe.png")
    refusal(storage, "scenes")
    before = open_files()
    for _ in range(3):
        refusal(storage, "scenes")
        refusal(storage, "pipe.png")
    assert open_files() <= before


def test_the_limit_is_in_bytes(storage: DirectoryStorage, images: Path) -> None:
    """As many bytes as are allowed are read, and one more is an error."""
    (images / "big.png").write_bytes(bytes(LIMIT))
    assert read(storage, "big.png") == bytes(LIMIT)
    assert "is larger than" in refusal(storage, "big.png", max_bytes=LIMIT - 1)
    assert read(storage, "scenes/a b.png", max_bytes=5) == b"scene"


def test_the_web_is_asked_for_web_addresses() -> None:
    """`http:` and `https:` in any case go to the web, which has no private addresses."""
    storage = DirectoryStorage("/nowhere")
    for scheme in ("http", "HTTPS"):
        with pytest.raises(StorageError, match="not a public address"):
            read(storage, f"{scheme}://127.0.0.1/a.png")

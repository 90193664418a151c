"""The contract of `Storage`, as tests."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trio

from vgen.errors import StorageError
from vgen.ports.storage import Storage
from vgen.testing.contracts.checkpoints import cancel_at, checkpoints
from vgen.testing.contracts.trio_tests import TrioTests, in_trio

KEY = "0b5e/clip_000.mp4"
SHORT, LONG = b"a short clip", b"a longer clip, " * 10_000
INVALID_KEYS = (
    "",
    ".",
    "..",
    "../out.mp4",
    "a/../../out.mp4",
    "/out.mp4",
    "a//b",
    "a/",
    "a\\b",
    "a\0b",
)


class StorageContract(TrioTests):
    """The promises of `vgen.ports.storage.Storage`, one test each.

    ```python
    class TestMine(StorageContract):
        def make(self, folder: Path) -> Storage:
            return Mine(folder)
    ```

    `make` gets an empty folder; two storages made for the same folder have the same files. A
    reference must contain its key.

    Override `put` where an image cannot be put into the storage as a file in that folder.
    """

    @abstractmethod
    def make(self, folder: Path) -> Storage:
        """Make the storage."""

    async def put(self, storage: Storage, folder: Path, data: bytes) -> str:
        """Put an image where the storage reads it, and return its reference."""
        del storage
        await trio.Path(folder, "picture.png").write_bytes(data)
        return "picture.png"

    @in_trio
    async def test_a_key_is_checked_before_it_is_written(self, tmp_path: Path) -> None:
        """A key that a clip can be written to passes the check, before and after."""
        storage = self.make(tmp_path)
        await storage.check_writable(KEY)
        await storage.write(KEY, write_file(tmp_path, SHORT))
        await storage.check_writable(KEY)
        await storage.aclose()

    @in_trio
    async def test_an_image_is_read(self, tmp_path: Path) -> None:
        """Reading an image returns its bytes, every time."""
        storage = self.make(tmp_path)
        reference = await self.put(storage, tmp_path, SHORT)
        for _ in range(2):
            assert await storage.read(reference, max_bytes=2**20) == SHORT
        await storage.aclose()

    @in_trio
    async def test_a_read_is_bounded(self, tmp_path: Path) -> None:
        """An image of `max_bytes` is read; one byte more is an error that is not retryable."""
        storage = self.make(tmp_path)
        reference = await self.put(storage, tmp_path, SHORT)
        assert await storage.read(reference, max_bytes=len(SHORT)) == SHORT
        with pytest.raises(StorageError) as caught:
            await storage.read(reference, max_bytes=len(SHORT) - 1)
        assert not caught.value.retryable
        await storage.aclose()

    @in_trio
    async def test_a_missing_image_is_not_retryable(self, tmp_path: Path) -> None:
        """Reading a missing image raises an error that is not retryable."""
        storage = self.make(tmp_path)
        with pytest.raises(StorageError) as caught:
            await storage.read("no such picture.png", max_bytes=2**20)
        assert not caught.value.retryable
        await storage.aclose()

    @in_trio
    async def test_what_was_written_is_there(self, tmp_path: Path) -> None:
        """`stat` finds a written file by its reference, from another instance too."""
        storage = self.make(tmp_path)
        written = await storage.write(KEY, write_file(tmp_path, SHORT))
        assert written.size == len(SHORT)
        assert await storage.stat(written.reference) == written
        await storage.aclose()
        other = self.make(tmp_path)
        assert await other.stat(written.reference) == written
        await other.aclose()

    @in_trio
    async def test_writing_again_replaces(self, tmp_path: Path) -> None:
        """Writing to a key again replaces its file and keeps its reference."""
        storage = self.make(tmp_path)
        first = await storage.write(KEY, write_file(tmp_path, LONG))
        assert await storage.write(KEY, write_file(tmp_path, LONG)) == first
        second = await storage.write(KEY, write_file(tmp_path, SHORT))
        assert second.reference == first.reference
        assert await storage.stat(first.reference) == second
        await storage.aclose()

    @in_trio
    async def test_a_copy_is_a_file_of_its_own(self, tmp_path: Path) -> None:
        """`copy` stores the same content under another key, replacing what was there."""
        storage = self.make(tmp_path)
        first = await storage.write(KEY, write_file(tmp_path, LONG))
        other = await storage.write("other.mp4", write_file(tmp_path, SHORT))
        copied = await storage.copy(first.reference, "other.mp4")
        assert copied.reference == other.reference
        assert copied.size == first.size
        assert await storage.stat(copied.reference) == copied
        await storage.write(KEY, write_file(tmp_path, SHORT))
        assert await storage.stat(copied.reference) == copied
        await storage.aclose()

    @in_trio
    async def test_a_missing_file_is_not_copied(self, tmp_path: Path) -> None:
        """Copying a missing file raises an error that is not retryable, and nothing is stored."""
        storage = self.make(tmp_path)
        with pytest.raises(StorageError) as caught:
            await storage.copy(KEY, "other.mp4")
        assert not caught.value.retryable
        assert await storage.stat("other.mp4") is None
        await storage.aclose()

    @in_trio
    async def test_a_removed_file_is_gone(self, tmp_path: Path) -> None:
        """`remove` leaves no file, and all others as they are; it can be stored again."""
        storage = self.make(tmp_path)
        first = await storage.write(KEY, write_file(tmp_path, SHORT))
        other = await storage.copy(first.reference, "other.mp4")
        await storage.remove(first.reference)
        assert await storage.stat(first.reference) is None
        assert await storage.stat(other.reference) == other
        assert await storage.write(KEY, write_file(tmp_path, SHORT)) == first
        await storage.aclose()

    @in_trio
    async def test_a_missing_file_may_be_removed(self, tmp_path: Path) -> None:
        """`remove` may be repeated, and does nothing where there is no such file or folder."""
        storage = self.make(tmp_path)
        reference = (await storage.write(KEY, write_file(tmp_path, SHORT))).reference
        for _ in range(2):
            await storage.remove(reference)
        await storage.remove(reference.replace(KEY, "nowhere/clip.mp4"))
        assert await storage.stat(reference) is None
        await storage.aclose()

    @in_trio
    async def test_a_cancelled_remove_can_be_repeated(self, tmp_path: Path) -> None:
        """Cancelled at any checkpoint, `remove` leaves the whole file or none."""
        storage = self.make(tmp_path)
        clip = write_file(tmp_path, LONG)
        for number in checkpoints():
            reference = (await storage.write(KEY, clip)).reference
            complete = not await cancel_at(number, storage.remove(reference))
            found = await storage.stat(reference)
            assert found is None or found.size == len(LONG)
            if complete:
                break
            await storage.remove(reference)
            assert await storage.stat(reference) is None
        await storage.aclose()

    @in_trio
    async def test_keys_do_not_mix(self, tmp_path: Path) -> None:
        """Different keys have different files, even where their names are alike."""
        storage = self.make(tmp_path)
        references: dict[str, str] = {}
        sizes = {"a/b.mp4": b"1", "a/c.mp4": b"22", "b.mp4": b"333", "A/b c.mp4": b"4444"}
        for key, data in sizes.items():
            references[key] = (await storage.write(key, write_file(tmp_path, data))).reference
        for key, data in sizes.items():
            found = await storage.stat(references[key])
            assert found is not None
            assert found.size == len(data), key
        await storage.aclose()

    @in_trio
    async def test_a_missing_file_has_no_stat(self, tmp_path: Path) -> None:
        """`stat` returns `None` where no file was stored."""
        storage = self.make(tmp_path)
        assert await storage.stat(KEY) is None
        await storage.aclose()

    @pytest.mark.parametrize("key", INVALID_KEYS)
    @in_trio
    async def test_an_invalid_key_is_refused(self, tmp_path: Path, key: str) -> None:
        """A key that could lead out of the storage raises an error that is not retryable."""
        root = tmp_path / "root"
        root.mkdir()
        storage = self.make(root)
        clip = write_file(tmp_path, SHORT)
        with pytest.raises(StorageError) as caught:
            await storage.write(key, clip)
        assert not caught.value.retryable
        assert files_in(tmp_path) == {root, clip}
        await storage.aclose()

    @in_trio
    async def test_a_missing_file_is_not_written(self, tmp_path: Path) -> None:
        """Writing a missing file raises `StorageError`, and nothing is stored."""
        storage = self.make(tmp_path)
        with pytest.raises(StorageError):
            await storage.write(KEY, tmp_path / "gone.mp4")
        assert await storage.stat(KEY) is None
        await storage.aclose()

    @in_trio
    async def test_a_url_can_be_created(self, tmp_path: Path) -> None:
        """`url` returns a URL for a stored file, every time."""
        storage = self.make(tmp_path)
        written = await storage.write(KEY, write_file(tmp_path, SHORT))
        for _ in range(2):
            assert urlsplit(await storage.url(written.reference)).scheme
        await storage.aclose()

    @in_trio
    async def test_a_cancelled_write_leaves_no_partial_file(self, tmp_path: Path) -> None:
        """Cancelled at any checkpoint, `write` leaves a whole file or none, and can be repeated."""
        storage = self.make(tmp_path)
        clip = write_file(tmp_path, LONG)
        reference = (await storage.write(KEY, clip)).reference
        for number in checkpoints():
            key = f"cut/{number}.mp4"
            complete = not await cancel_at(number, storage.write(key, clip))
            found = await storage.stat(reference.replace(KEY, key))
            assert found is None or found.size == len(LONG)
            if complete:
                break
            assert (await storage.write(key, clip)).size == len(LONG)
        await storage.aclose()

    @in_trio
    async def test_a_cancelled_replacement_is_old_or_new(self, tmp_path: Path) -> None:
        """Cancelled at any checkpoint, a replacement leaves the old file or the new one."""
        storage = self.make(tmp_path)
        old, new = write_file(tmp_path, SHORT, "old.mp4"), write_file(tmp_path, LONG, "new.mp4")
        written = await storage.write(KEY, old)
        for checkpoint in checkpoints():
            if not await cancel_at(checkpoint, storage.write(KEY, new)):
                break
            found = await storage.stat(written.reference)
            assert found is not None
            assert found.size in {len(SHORT), len(LONG)}
        await storage.aclose()

    @in_trio
    async def test_two_writers_do_not_mix(self, tmp_path: Path) -> None:
        """After two writes at once, the file is wholly the one or the other."""
        storage = self.make(tmp_path)
        files = [write_file(tmp_path, data, f"{len(data)}.mp4") for data in (SHORT, LONG)]
        async with trio.open_nursery() as nursery:
            for file in files:
                nursery.start_soon(storage.write, KEY, file)
        reference = (await storage.write("other.mp4", files[0])).reference
        found = await storage.stat(reference.replace("other.mp4", KEY))
        assert found is not None
        assert found.size in {len(SHORT), len(LONG)}
        await storage.aclose()

    @in_trio
    async def test_closing_may_be_repeated(self, tmp_path: Path) -> None:
        """A storage can be closed twice, also after a cancelled close."""
        for number in checkpoints():
            storage = self.make(tmp_path)
            await storage.stat(KEY)
            complete = not await cancel_at(number, storage.aclose())
            await storage.aclose()
            if complete:
                return


def files_in(folder: Path) -> set[Path]:
    """Return the paths in a folder."""
    return set(folder.iterdir())


def write_file(folder: Path, data: bytes, name: str = "clip of mine.mp4") -> Path:
    """Write a file to be stored."""
    path = folder / name
    path.write_bytes(data)
    return path

"""What every storage must keep, as tests."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trio

from vgen.errors import StorageError
from vgen.ports.storage import Storage
from vgen.testing.contracts.cutting import checkpoints, cut_at
from vgen.testing.contracts.stage import Stage, in_trio

KEY = "0b5e/clip_000.mp4"
SHORT, LONG = b"a short clip", b"a longer clip, " * 10_000
ASTRAY = ("", ".", "..", "../out.mp4", "a/../../out.mp4", "/out.mp4", "a//b", "a/", "a\\b", "a\0b")


class StorageContract(Stage):
    """The promises of `vgen.ports.storage.Storage`, one test each.

    ```python
    class TestMine(StorageContract):
        def make(self, folder: Path) -> Storage:
            return Mine(folder)
    ```

    `make` is given an empty folder, which is of use to some; the same folder means the same
    files. A reference is expected to carry its key.

    Override `put` where an image cannot be put into the storage as a file in that folder.
    """

    @abstractmethod
    def make(self, folder: Path) -> Storage:
        """Make the storage."""

    async def put(self, storage: Storage, folder: Path, data: bytes) -> str:
        """Put an image where the storage reads it, and give the reference to it."""
        del storage
        await trio.Path(folder, "picture.png").write_bytes(data)
        return "picture.png"

    @in_trio
    async def test_an_image_is_read(self, tmp_path: Path) -> None:
        """An image comes as the bytes that were put there, as often as it is read."""
        storage = self.make(tmp_path)
        reference = await self.put(storage, tmp_path, SHORT)
        for _ in range(2):
            assert await storage.read(reference, max_bytes=2**20) == SHORT
        await storage.aclose()

    @in_trio
    async def test_a_read_is_bounded(self, tmp_path: Path) -> None:
        """An image of just `max_bytes` is read; one byte more is an error, and for good."""
        storage = self.make(tmp_path)
        reference = await self.put(storage, tmp_path, SHORT)
        assert await storage.read(reference, max_bytes=len(SHORT)) == SHORT
        with pytest.raises(StorageError) as caught:
            await storage.read(reference, max_bytes=len(SHORT) - 1)
        assert not caught.value.retryable
        await storage.aclose()

    @in_trio
    async def test_a_missing_image_is_missing_for_good(self, tmp_path: Path) -> None:
        """What is not there cannot be read, and to try again is of no use."""
        storage = self.make(tmp_path)
        with pytest.raises(StorageError) as caught:
            await storage.read("no such picture.png", max_bytes=2**20)
        assert not caught.value.retryable
        await storage.aclose()

    @in_trio
    async def test_what_was_written_is_there(self, tmp_path: Path) -> None:
        """A written file has a reference that finds it again, from another instance too."""
        storage = self.make(tmp_path)
        written = await storage.write(KEY, a_file(tmp_path, SHORT))
        assert written.size == len(SHORT)
        assert await storage.stat(written.reference) == written
        await storage.aclose()
        other = self.make(tmp_path)
        assert await other.stat(written.reference) == written
        await other.aclose()

    @in_trio
    async def test_writing_again_replaces(self, tmp_path: Path) -> None:
        """A key has one file, the one written last; the reference to it stays the same."""
        storage = self.make(tmp_path)
        first = await storage.write(KEY, a_file(tmp_path, LONG))
        assert await storage.write(KEY, a_file(tmp_path, LONG)) == first
        second = await storage.write(KEY, a_file(tmp_path, SHORT))
        assert second.reference == first.reference
        assert await storage.stat(first.reference) == second
        await storage.aclose()

    @in_trio
    async def test_keys_do_not_mix(self, tmp_path: Path) -> None:
        """Files of different keys are different files, whatever they have in common."""
        storage = self.make(tmp_path)
        references: dict[str, str] = {}
        sizes = {"a/b.mp4": b"1", "a/c.mp4": b"22", "b.mp4": b"333", "A/b c.mp4": b"4444"}
        for key, data in sizes.items():
            references[key] = (await storage.write(key, a_file(tmp_path, data))).reference
        for key, data in sizes.items():
            found = await storage.stat(references[key])
            assert found is not None
            assert found.size == len(data), key
        await storage.aclose()

    @in_trio
    async def test_nothing_is_none(self, tmp_path: Path) -> None:
        """Where no file was stored there is none, which is no error."""
        storage = self.make(tmp_path)
        assert await storage.stat(KEY) is None
        await storage.aclose()

    @pytest.mark.parametrize("key", ASTRAY)
    @in_trio
    async def test_a_key_does_not_leave(self, tmp_path: Path, key: str) -> None:
        """A key that might lead out of the storage, or nowhere, is refused, and for good."""
        root = tmp_path / "root"
        root.mkdir()
        storage = self.make(root)
        clip = a_file(tmp_path, SHORT)
        with pytest.raises(StorageError) as caught:
            await storage.write(key, clip)
        assert not caught.value.retryable
        assert files_in(tmp_path) == {root, clip}
        await storage.aclose()

    @in_trio
    async def test_a_file_that_is_gone_is_not_written(self, tmp_path: Path) -> None:
        """Without a file to store there is an error of the storage's, and nothing is stored."""
        storage = self.make(tmp_path)
        with pytest.raises(StorageError):
            await storage.write(KEY, tmp_path / "gone.mp4")
        assert await storage.stat(KEY) is None
        await storage.aclose()

    @in_trio
    async def test_a_url_can_be_minted(self, tmp_path: Path) -> None:
        """A stored file has a URL, as often as one is asked for."""
        storage = self.make(tmp_path)
        written = await storage.write(KEY, a_file(tmp_path, SHORT))
        for _ in range(2):
            assert urlsplit(await storage.url(written.reference)).scheme
        await storage.aclose()

    @in_trio
    async def test_a_write_cut_short_leaves_nothing_half(self, tmp_path: Path) -> None:
        """Cancelled at any checkpoint, the file is whole or not there, and can be written again."""
        storage = self.make(tmp_path)
        clip = a_file(tmp_path, LONG)
        reference = (await storage.write(KEY, clip)).reference
        for number in checkpoints():
            key = f"cut/{number}.mp4"
            complete = not await cut_at(number, storage.write(key, clip))
            found = await storage.stat(reference.replace(KEY, key))
            assert found is None or found.size == len(LONG)
            if complete:
                break
            assert (await storage.write(key, clip)).size == len(LONG)
        await storage.aclose()

    @in_trio
    async def test_a_replacement_cut_short_is_old_or_new(self, tmp_path: Path) -> None:
        """Cancelled at any checkpoint, a replacement leaves the old file or the new one."""
        storage = self.make(tmp_path)
        old, new = a_file(tmp_path, SHORT, "old.mp4"), a_file(tmp_path, LONG, "new.mp4")
        written = await storage.write(KEY, old)
        for checkpoint in checkpoints():
            if not await cut_at(checkpoint, storage.write(KEY, new)):
                break
            found = await storage.stat(written.reference)
            assert found is not None
            assert found.size in {len(SHORT), len(LONG)}
        await storage.aclose()

    @in_trio
    async def test_two_writers_do_not_mix(self, tmp_path: Path) -> None:
        """Of two writes at once, one is the file in the end, whole."""
        storage = self.make(tmp_path)
        files = [a_file(tmp_path, data, f"{len(data)}.mp4") for data in (SHORT, LONG)]
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
        """Closed twice, or cancelled while it closes, it is closed."""
        for number in checkpoints():
            storage = self.make(tmp_path)
            await storage.stat(KEY)
            complete = not await cut_at(number, storage.aclose())
            await storage.aclose()
            if complete:
                return


def files_in(folder: Path) -> set[Path]:
    """Give what is in a folder."""
    return set(folder.iterdir())


def a_file(folder: Path, data: bytes, name: str = "clip of mine.mp4") -> Path:
    """Write a file to be stored."""
    path = folder / name
    path.write_bytes(data)
    return path

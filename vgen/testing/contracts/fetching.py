"""What a backend promises about fetching clips."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from attrs import evolve

from vgen.errors import AttemptError
from vgen.ports.backend import VideoBackend
from vgen.records.status import State, Ticket
from vgen.testing.contracts.backend_base import BackendTestBase, make_picture
from vgen.testing.contracts.checkpoints import cancel_at, checkpoints
from vgen.testing.contracts.trio_tests import in_trio
from vgen.video import probe


class FetchPromises(BackendTestBase):
    """A fetched file is a whole clip of the quoted length, or there is no file."""

    @in_trio
    async def test_the_file_is_the_clip_that_was_quoted(self, tmp_path: Path) -> None:
        """For each length, the file is a sound video, as long as quoted within a frame."""
        async with self.make() as backend:
            for number, seconds in enumerate(self.lengths()):
                request, path = self.request(seconds), tmp_path / f"{number}.mp4"
                await backend.fetch(await self.succeeded(backend, request), path)
                info = probe(path)
                deviation = abs(float(info.duration) - backend.quote(request).duration)
                assert deviation <= 1 / info.fps + 1e-3, (
                    f"asked for {seconds} s, it is {deviation:.3f} s off"
                )
                assert info.corrupt_packets == 0

    @in_trio
    async def test_an_image_makes_a_clip(self, tmp_path: Path) -> None:
        """Where images are supported, a request with one makes a sound video too."""
        async with self.make() as backend:
            if not backend.capabilities.image:
                pytest.skip("it does not support images")
            image = make_picture()
            request = evolve(self.shortest, image="picture.png", image_sha256=image.sha256)
            prepared = await backend.prepare(request, image)
            ticket = await backend.submit(prepared, uuid4())
            status = await self.verdict(backend, ticket)
            assert status.state is State.SUCCEEDED, str(status)
            await backend.fetch(ticket, tmp_path / "clip.mp4")
        assert probe(tmp_path / "clip.mp4").frames

    @in_trio
    async def test_fetching_may_be_repeated(self, tmp_path: Path) -> None:
        """A second fetch writes the same file, or raises an error and leaves no file."""
        async with self.make() as backend:
            ticket = await self.succeeded(backend)
            first, second = tmp_path / "first.mp4", tmp_path / "second.mp4"
            await backend.fetch(ticket, first)
            if await fetched(backend, ticket, second):
                assert content(second) == content(first)

    @in_trio
    async def test_fetching_again_replaces_what_is_there(self, tmp_path: Path) -> None:
        """A file that is left at the path is replaced as a whole."""
        path = tmp_path / "clip.mp4"
        write(path, b"remains" * 100_000)
        async with self.make() as backend:
            await backend.fetch(await self.succeeded(backend), path)
        assert probe(path).frames
        assert b"remains" not in content(path)

    @in_trio
    async def test_without_a_clip_no_file_is_written(self, tmp_path: Path) -> None:
        """For an unknown ticket or a cancelled attempt, `fetch` raises and leaves no file."""
        async with self.make() as backend:
            assert not await fetched(backend, self.unknown(backend), tmp_path / "unknown.mp4")
            ticket = await self.submit(backend, self.shortest)
            if (await backend.cancel(ticket)).state is State.CANCELLED:
                assert not await fetched(backend, ticket, tmp_path / "cancelled.mp4")

    @in_trio
    async def test_a_fetch_that_cannot_write_fails(self, tmp_path: Path) -> None:
        """Where the file cannot be written, `fetch` raises `AttemptError` and can be repeated."""
        async with self.make() as backend:
            ticket = await self.succeeded(backend)
            with pytest.raises(AttemptError):
                await backend.fetch(ticket, tmp_path / "no folder" / "clip.mp4")
            await backend.fetch(ticket, tmp_path / "clip.mp4")

    @in_trio
    async def test_a_cancelled_fetch_leaves_no_partial_file(self, tmp_path: Path) -> None:
        """Cancelled at any checkpoint, `fetch` leaves a whole file or none, and can be repeated."""
        async with self.make() as backend:
            ticket = await self.succeeded(backend)
            path = tmp_path / "clip.mp4"
            for checkpoint in checkpoints():
                if not await cancel_at(checkpoint, backend.fetch(ticket, path)):
                    break
                if path.exists():
                    assert probe(path).frames
                    ticket = await self.succeeded(backend)
            assert probe(path).frames


async def fetched(backend: VideoBackend, ticket: Ticket, path: Path) -> bool:
    """Fetch, and return whether it succeeded; it may fail with `AttemptError` only."""
    try:
        await backend.fetch(ticket, path)
    except AttemptError:
        assert files_named(path.parent, path.name) == [], "it failed, and left a file"
        return False
    assert probe(path).frames
    return True


def content(path: Path) -> bytes:
    """Return a file's bytes."""
    return path.read_bytes()


def write(path: Path, data: bytes) -> None:
    """Write a file."""
    path.write_bytes(data)


def files_named(folder: Path, name: str) -> list[Path]:
    """Return the files of a folder whose names contain this one."""
    return [path for path in folder.iterdir() if name in path.name]

"""What a backend promises of the files that it hands over."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from attrs import evolve

from vgen.errors import AttemptError
from vgen.ports.backend import VideoBackend
from vgen.records.status import State, Ticket
from vgen.testing.contracts.bench import BackendBench, a_picture
from vgen.testing.contracts.cutting import checkpoints, cut_at
from vgen.testing.contracts.stage import in_trio
from vgen.video import probe


class FetchPromises(BackendBench):
    """The clip as a file: whole, as long as was quoted, or not there."""

    @in_trio
    async def test_the_file_is_the_clip_that_was_quoted(self, tmp_path: Path) -> None:
        """For each length offered, a sound video comes, as long as quoted within a frame."""
        async with self.make() as backend:
            for number, seconds in enumerate(self.lengths()):
                request, path = self.request(seconds), tmp_path / f"{number}.mp4"
                await backend.fetch(await self.succeeded(backend, request), path)
                info = probe(path)
                off = abs(float(info.duration) - backend.quote(request).duration)
                assert off <= 1 / info.fps + 1e-3, f"asked for {seconds} s, it is {off:.3f} s off"
                assert info.corrupt_packets == 0

    @in_trio
    async def test_an_image_makes_a_clip(self, tmp_path: Path) -> None:
        """Where it takes images, a request with one makes a sound video too."""
        async with self.make() as backend:
            if not backend.capabilities.image:
                pytest.skip("it takes no images")
            image = a_picture()
            request = evolve(self.shortest, image="picture.png", image_sha256=image.sha256)
            prepared = await backend.prepare(request, image)
            ticket = await backend.submit(prepared, uuid4())
            status = await self.verdict(backend, ticket)
            assert status.state is State.SUCCEEDED, str(status)
            await backend.fetch(ticket, tmp_path / "clip.mp4")
        assert probe(tmp_path / "clip.mp4").frames

    @in_trio
    async def test_fetching_may_be_repeated(self, tmp_path: Path) -> None:
        """The same file comes again, or, where it is kept no longer, an error and no file."""
        async with self.make() as backend:
            ticket = await self.succeeded(backend)
            first, second = tmp_path / "first.mp4", tmp_path / "second.mp4"
            await backend.fetch(ticket, first)
            if await fetched(backend, ticket, second):
                assert content(second) == content(first)

    @in_trio
    async def test_fetching_again_replaces_what_is_there(self, tmp_path: Path) -> None:
        """The remains of an earlier try at the same path are written over, whole."""
        path = tmp_path / "clip.mp4"
        put(path, b"remains" * 100_000)
        async with self.make() as backend:
            await backend.fetch(await self.succeeded(backend), path)
        assert probe(path).frames
        assert b"remains" not in content(path)

    @in_trio
    async def test_what_is_not_there_is_not_written(self, tmp_path: Path) -> None:
        """An unknown ticket and a cancelled attempt have no clip: an error and no file."""
        async with self.make() as backend:
            assert not await fetched(backend, self.unknown(backend), tmp_path / "unknown.mp4")
            ticket = await self.submit(backend, self.shortest)
            if (await backend.cancel(ticket)).state is State.CANCELLED:
                assert not await fetched(backend, ticket, tmp_path / "cancelled.mp4")

    @in_trio
    async def test_a_fetch_that_cannot_write_fails(self, tmp_path: Path) -> None:
        """Where the file cannot be written, an error of vgen's says so, and it can be had yet."""
        async with self.make() as backend:
            ticket = await self.succeeded(backend)
            with pytest.raises(AttemptError):
                await backend.fetch(ticket, tmp_path / "no folder" / "clip.mp4")
            await backend.fetch(ticket, tmp_path / "clip.mp4")

    @in_trio
    async def test_a_fetch_cut_short_leaves_no_half_file(self, tmp_path: Path) -> None:
        """Cancelled at any checkpoint, a fetch leaves a whole file or none, and can be repeated."""
        async with self.make() as backend:
            ticket = await self.succeeded(backend)
            path = tmp_path / "clip.mp4"
            for checkpoint in checkpoints():
                if not await cut_at(checkpoint, backend.fetch(ticket, path)):
                    break
                if path.exists():
                    assert probe(path).frames
                    ticket = await self.succeeded(backend)
            assert probe(path).frames


async def fetched(backend: VideoBackend, ticket: Ticket, path: Path) -> bool:
    """Try to fetch; whether the file came. Where it did not, an error of vgen's says so."""
    try:
        await backend.fetch(ticket, path)
    except AttemptError:
        assert list_of(path.parent, path.name) == [], "it failed, and left a file"
        return False
    assert probe(path).frames
    return True


def content(path: Path) -> bytes:
    """Give a file's bytes."""
    return path.read_bytes()


def put(path: Path, data: bytes) -> None:
    """Write a file."""
    path.write_bytes(data)


def list_of(folder: Path, name: str) -> list[Path]:
    """Give the files of a folder that carry the name in theirs."""
    return [path for path in folder.iterdir() if name in path.name]

"""The animatic as vgen sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.metadata import entry_points
from pathlib import Path
from uuid import uuid4

import pytest
import trio

from vgen.abc import Generator, Prepared, State, Status
from vgen.video import probe
from vgen_animatic import Animatic

from .animatics import image_of, request_for, scenery


@pytest.fixture
async def backend() -> AsyncIterator[Animatic]:
    """An open backend."""
    async with Animatic(workers=2) as opened:
        yield opened


def ignore(_status: Status) -> None:
    """Watch nothing."""


def test_is_found_by_its_name() -> None:
    """Vgen finds it through its entry point."""
    (found,) = entry_points(group="vgen.backends", name="animatic")
    assert found.load() is Animatic


def test_says_what_it_can_do() -> None:
    """It works from text and from images, at any length and size, for nothing, by procedure."""
    able = Animatic().capabilities
    assert able.text
    assert able.image
    assert able.any_duration
    assert able.can_cancel
    assert not able.paid
    assert able.generator is Generator.PROCEDURAL
    assert able.max_size == (4096, 4096)
    assert able.nearest_duration(300.0) == 300.0
    assert able.nearest_duration(1 / 24) == 1 / 24


@pytest.mark.parametrize(
    ("negative", "ignored"),
    [("", ("steps",)), ("  ", ("steps",)), ("blur", ("steps", "negative_prompt"))],
)
def test_says_what_it_ignores(negative: str, ignored: tuple[str, ...]) -> None:
    """The quote costs nothing and names the fields that change nothing."""
    quote = Animatic().quote(request_for("the sea", negative_prompt=negative))
    assert quote.hold == 0
    assert quote.ignored == ignored


async def test_renders_several_at_once(backend: Animatic, tmp_path: Path) -> None:
    """Clips from text and from an image come out together, each complete."""
    wanted = [Prepared(request_for("the sea")), Prepared(request_for("x"), image_of(scenery()))]
    tickets = [await backend.submit(prepared, uuid4()) for prepared in wanted]
    async with trio.open_nursery() as nursery:
        for ticket in tickets:
            nursery.start_soon(backend.wait_finished, ticket, ignore)
    for number, ticket in enumerate(tickets):
        await backend.fetch(ticket, tmp_path / f"{number}.mp4")
        assert probe(tmp_path / f"{number}.mp4").frames == 6


async def test_a_broken_image_fails_its_attempt(backend: Animatic) -> None:
    """The verdict says why; nothing is raised."""
    prepared = Prepared(request_for("x"), image_of(b"no picture"))
    ticket = await backend.submit(prepared, uuid4())
    verdict = await backend.wait_finished(ticket, ignore)
    assert verdict.state is State.FAILED
    assert "cannot be drawn" in str(verdict.failure)


async def test_cancelling_stops_at_the_next_frame(backend: Animatic) -> None:
    """A clip of five minutes ends as soon as it is cancelled, and the next one is rendered."""
    ticket = await backend.submit(Prepared(request_for("the sea", seconds=300.0)), uuid4())
    begun = trio.Event()

    async def wait() -> None:
        await backend.wait_finished(ticket, lambda _status: begun.set())
        begun.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await begun.wait()
        verdict = await backend.cancel(ticket)
    assert verdict.state is State.CANCELLED
    following = await backend.submit(Prepared(request_for("the sea")), uuid4())
    assert (await backend.wait_finished(following, ignore)).state is State.SUCCEEDED

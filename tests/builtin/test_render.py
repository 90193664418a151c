"""A plain render function becomes a backend: taken in, rendered, fetched."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import trio
import trio.testing
from attrs import evolve

from tests.records.samples import REQUEST, an_attempt
from vgen.abc import RenderBackend
from vgen.errors import (
    AttemptError,
    ConfigurationError,
    GenerationError,
    RetryableError,
    VideoError,
)
from vgen.records.money import Price
from vgen.records.request import ClipRequest, Image, Prepared
from vgen.records.status import Absent, State, Status, Ticket

from .studio import IMAGE, Studio, a_backend, state_of, submitted, unheard, write


async def test_a_clip_is_rendered_and_fetched(tmp_path: Path) -> None:
    """Submit takes it in, waiting renders it with reports on the way, fetch hands it over once."""
    heard: list[Status] = []
    async with a_backend() as backend:
        ticket = await submitted(backend, image=IMAGE)
        assert await state_of(backend, ticket) == Status(State.QUEUED)
        verdict = await backend.wait_finished(ticket, heard.append)
        assert verdict == Status(State.SUCCEEDED, progress=1.0)
        assert [(status.state, status.progress) for status in heard] == [
            (State.RUNNING, 0.5),
            (State.RUNNING, 1.0),
        ]
        assert await state_of(backend, ticket) == verdict
        assert repr(backend) == "<RenderBackend 'drawn': 1 held, 0 running>"
        await backend.fetch(ticket, tmp_path / "clip.mp4")
        assert (tmp_path / "clip.mp4").read_bytes() == b"a lighthousepicture"
        assert repr(backend) == "<RenderBackend 'drawn': 0 held, 0 running>"
        with pytest.raises(GenerationError, match="fetched before"):
            await backend.fetch(ticket, tmp_path / "again.mp4")


async def test_images_are_not_kept() -> None:
    """With the verdict the image is let go, which may be large, and the service long-lived."""
    image = evolve(IMAGE, width=2)
    alive = weakref.ref(image)
    async with a_backend() as backend:
        ticket = await submitted(backend, image=image)
        del image
        assert alive() is not None
        await backend.wait_finished(ticket, unheard)
        gc.collect()
        assert alive() is None
        assert (await state_of(backend, ticket)).state is State.SUCCEEDED


async def test_a_fetch_that_failed_may_be_repeated(tmp_path: Path) -> None:
    """Until the clip is where it should be, the backend keeps it."""
    async with a_backend() as backend:
        ticket = await submitted(backend)
        await backend.wait_finished(ticket, unheard)
        with pytest.raises(RetryableError):
            await backend.fetch(ticket, tmp_path / "no" / "clip.mp4")
        await backend.fetch(ticket, tmp_path / "clip.mp4")
    assert (tmp_path / "clip.mp4").read_bytes() == b"a lighthouse"


async def test_a_verdict_can_be_waited_for_twice() -> None:
    """A clip is rendered once, however many wait for it, then or later."""
    rendered: list[str] = []

    def render(
        request: ClipRequest, image: Image | None, path: Path, progress: Callable[[float], None]
    ) -> None:
        rendered.append(path.name)
        write(request, image, path, progress)

    async with a_backend(render) as backend:
        ticket = await submitted(backend)
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(backend.wait_finished, ticket, unheard)
        assert (await backend.wait_finished(ticket, unheard)).state is State.SUCCEEDED
    assert len(rendered) == 1


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (OSError(28, "No space left on device"), RetryableError, "No space left"),
        (VideoError("no codec"), GenerationError, "no codec"),
        (ValueError("odd size"), GenerationError, "odd size"),
        (GenerationError("refused"), GenerationError, "refused"),
        (RetryableError("busy"), RetryableError, "busy"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_errors_are_verdicts(error: Exception, kind: type[AttemptError], said: str) -> None:
    """What a render function raises says whether another attempt could help."""

    def render(*_: object) -> None:
        raise error

    async with a_backend(render) as backend:
        ticket = await submitted(backend)
        verdict = await backend.wait_finished(ticket, unheard)
        assert verdict.state is State.FAILED
        assert type(verdict.failure) is kind
        assert said in str(verdict.failure)
        assert await backend.wait_finished(ticket, unheard) == verdict


async def test_rendering_nothing_is_a_failure() -> None:
    """A function that returns without a file has not succeeded."""

    def render(*_: object) -> None:
        """Do nothing."""

    async with a_backend(render) as backend:
        ticket = await submitted(backend)
        verdict = await backend.wait_finished(ticket, unheard)
        assert verdict.state is State.FAILED
        assert isinstance(verdict.failure, GenerationError)


async def test_tickets_of_another_process_have_failed(tmp_path: Path) -> None:
    """What is not held here was lost with its process: it failed, and may be tried again."""
    ticket = Ticket("drawn", "long ago")
    async with a_backend() as backend:
        for status in (
            await state_of(backend, ticket),
            await backend.wait_finished(ticket, unheard),
        ):
            assert status.state is State.FAILED
            assert isinstance(status.failure, RetryableError)
            assert status.billed is None
        assert await backend.cancel(ticket) == Status(State.CANCELLED)
        with pytest.raises(GenerationError, match="never rendered"):
            await backend.fetch(ticket, tmp_path / "clip.mp4")


async def test_what_was_taken_in_is_found() -> None:
    """Attempts of this process have their ticket; of any other it is certain that they are gone."""
    attempt = an_attempt(UUID(int=1))
    async with a_backend() as backend:
        assert backend.capabilities.can_find
        assert await backend.find(attempt) == Absent()
        ticket = await backend.submit(Prepared(REQUEST), attempt.attempt_id)
        assert await backend.find(attempt) == ticket
    assert await backend.find(attempt) == Absent()


async def break_off(backend: RenderBackend, studio: Studio) -> None:
    """Render a clip, and fail before it is fetched."""
    async with backend:
        await backend.wait_finished(await submitted(backend), unheard)
        assert studio.paths[0].exists()
        raise ZeroDivisionError


async def test_closing_removes_whatever_is_left() -> None:
    """Rendered and unfetched clips go with the backend, after an error too; then it takes none."""
    studio = Studio()
    studio.enough.set()
    backend = a_backend(studio)
    with pytest.raises(ZeroDivisionError):
        await break_off(backend, studio)
    assert not studio.paths[0].parent.exists()
    with pytest.raises(GenerationError, match="not open"):
        await submitted(backend)
    await backend.aclose()


async def test_closing_succeeds_without_the_folder() -> None:
    """Somebody else may have cleared the temporary files away."""
    studio = Studio()
    studio.enough.set()
    async with a_backend(studio) as backend:
        await backend.wait_finished(await submitted(backend), unheard)
        studio.paths[0].unlink()
        studio.paths[0].parent.rmdir()


def test_a_quote_is_pure_and_says_what_is_ignored() -> None:
    """Free without a price, at the nearest length, naming what cannot be honoured."""
    backend = a_backend()
    quote = backend.quote(evolve(REQUEST, duration=9.5))
    assert (quote.duration, quote.hold, quote.ignored) == (8.0, Decimal(0), ("steps",))
    assert quote == backend.quote(evolve(REQUEST, duration=9.5))
    bare = backend.quote(evolve(REQUEST, steps=0))
    assert (quote.notes, bare.ignored, bare.notes) == ((), (), ("made without steps",))
    assert not backend.capabilities.paid


def test_a_price_is_held_with_a_frame_to_spare() -> None:
    """A length that is rounded up to a whole frame still costs no more than its hold."""
    price = Price(base=Decimal("0.10"), per_second=Decimal("0.01"))
    backend = a_backend(price=price)
    quote = backend.quote(evolve(REQUEST, duration=4.0, fps=25))
    assert quote.price == price
    assert quote.hold == price.cost(4.04)
    assert backend.capabilities.paid


@pytest.mark.parametrize("workers", [None, 1, 3])
async def test_only_so_many_render_at_once(workers: int | None) -> None:
    """By default as many as there are cores, four at most."""
    studio = Studio()
    async with a_backend(studio, workers=workers) as backend:
        async with trio.open_nursery() as nursery:
            for _ in range(6):
                nursery.start_soon(backend.wait_finished, await submitted(backend), unheard)
            await trio.testing.wait_all_tasks_blocked()
            running = repr(backend)
            studio.enough.set()
        most = workers or 4
        assert running in {
            f"<RenderBackend 'drawn': 6 held, {n} running>" for n in range(1, most + 1)
        }
        assert workers is None or str(workers) in running


def test_no_workers_are_refused() -> None:
    """A backend that could never render is not made."""
    with pytest.raises(ConfigurationError, match=r"^workers: must be at least 1, got 0$"):
        a_backend(workers=0)

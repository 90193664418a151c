"""A rendering can be stopped at any time, by whoever waits and by whoever cancels."""

from __future__ import annotations

import trio
import trio.testing

from vgen.records.status import State, Status

from .studio import IMAGE, Studio, a_backend, state_of, submitted, unheard, waited_for


async def test_cancelling_the_wait_stops_the_rendering() -> None:
    """At its next frame, with no file left; waiting again renders it anew."""
    studio = Studio()
    async with a_backend(studio) as backend:
        ticket = await submitted(backend)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(backend.wait_finished, ticket, unheard)
            await studio.started.wait()
            assert repr(backend) == "<RenderBackend 'drawn': 1 held, 1 running>"
            nursery.cancel_scope.cancel()
        assert not studio.paths[0].exists()
        assert await state_of(backend, ticket) == Status(State.QUEUED)
        studio.enough.set()
        assert (await backend.wait_finished(ticket, unheard)).state is State.SUCCEEDED
    assert len(studio.paths) == 2


async def test_a_running_attempt_can_be_cancelled() -> None:
    """Cancel answers once it has stopped; whoever waits is told, and so is who asks later."""
    studio = Studio()
    async with a_backend(studio) as backend:
        ticket = await submitted(backend, image=IMAGE)
        async with waited_for(backend, ticket) as verdicts:
            await studio.started.wait()
            assert (await state_of(backend, ticket)).state is State.RUNNING
            assert await backend.cancel(ticket) == Status(State.CANCELLED)
            assert not studio.paths[0].exists()
        assert verdicts == [Status(State.CANCELLED)]
        assert await backend.cancel(ticket) == Status(State.CANCELLED)
        assert await backend.wait_finished(ticket, unheard) == Status(State.CANCELLED)
        assert await state_of(backend, ticket) == Status(State.CANCELLED)


async def test_an_attempt_that_waits_its_turn_can_be_cancelled() -> None:
    """More than `workers` wait; one of those that wait is cancelled without being rendered."""
    studio = Studio()
    async with a_backend(studio, workers=1) as backend:
        first, second, third = [await submitted(backend) for _ in range(3)]
        async with waited_for(backend, first) as firsts:
            await studio.started.wait()
            async with waited_for(backend, second) as seconds:
                await trio.testing.wait_all_tasks_blocked()
                assert await state_of(backend, second) == Status(State.QUEUED)
                assert await backend.cancel(second) == Status(State.CANCELLED)
            async with waited_for(backend, third) as thirds:
                studio.enough.set()
        assert seconds == [Status(State.CANCELLED)]
        assert firsts == thirds == [Status(State.SUCCEEDED, progress=1.0)]
    assert len(studio.paths) == 2


async def test_what_nobody_waits_for_can_be_cancelled() -> None:
    """It is never rendered, whoever waits for it later."""
    studio = Studio()
    async with a_backend(studio) as backend:
        ticket = await submitted(backend)
        assert await backend.cancel(ticket) == Status(State.CANCELLED)
        assert await backend.wait_finished(ticket, unheard) == Status(State.CANCELLED)
    assert studio.paths == []


async def test_a_cancelled_cancel_still_cancels() -> None:
    """Who gives up waiting for the end has asked for it all the same."""
    studio = Studio()
    async with a_backend(studio) as backend:
        ticket = await submitted(backend)
        async with waited_for(backend, ticket) as verdicts:
            await studio.started.wait()
            with trio.CancelScope() as scope:
                scope.cancel()
                await backend.cancel(ticket)
        assert verdicts == [Status(State.CANCELLED)]


async def test_cancelling_before_the_start_is_not_forgotten() -> None:
    """Even when the one who cancelled did not stay to see it."""
    async with a_backend() as backend:
        ticket = await submitted(backend)
        with trio.CancelScope() as scope:
            scope.cancel()
            await backend.cancel(ticket)
        assert await backend.wait_finished(ticket, unheard) == Status(State.CANCELLED)


async def test_a_finished_attempt_stays_finished() -> None:
    """Cancelling what has succeeded says that it has."""
    async with a_backend() as backend:
        ticket = await submitted(backend)
        verdict = await backend.wait_finished(ticket, unheard)
        assert await backend.cancel(ticket) == verdict

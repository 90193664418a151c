"""What a backend promises of cancellation, the provider's and Trio's, and of its end."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from vgen.errors import AttemptError
from vgen.ports.backend import VideoBackend, WaitableBackend
from vgen.records.status import Absent, State, Status, Ticket
from vgen.testing.contracts.bench import BackendBench, a_picture
from vgen.testing.contracts.cutting import checkpoints, cut_at
from vgen.testing.contracts.stage import in_trio

Call = Callable[[VideoBackend, Ticket], Coroutine[Any, Any, object]]


class CancelPromises(BackendBench):
    """A request to stop is safe to repeat, and whoever is cancelled leaves nothing running."""

    @in_trio
    async def test_cancelling_may_be_repeated(self) -> None:
        """Cancelled twice, an attempt stands where it stood, with an answer each time."""
        async with self.make() as backend:
            ticket = await self.submit(backend, self.shortest)
            first = await backend.cancel(ticket)
            second = await backend.cancel(ticket)
            if first.is_verdict:
                assert second == first
            verdict = await self.verdict(backend, ticket)
            assert verdict.is_verdict
            assert await backend.cancel(ticket) == verdict

    @in_trio
    async def test_what_is_cancelled_at_once_ends_as_cancelled(self) -> None:
        """Where it can cancel, an attempt that has hardly begun makes no clip."""
        async with self.make() as backend:
            if not backend.capabilities.can_cancel:
                pytest.skip("it cannot cancel")
            ticket = await self.submit(backend, self.shortest)
            await backend.cancel(ticket)
            verdict = await self.verdict(backend, ticket)
            assert verdict.state in {State.CANCELLED, State.SUCCEEDED}
            bill, hold = verdict.billed, backend.quote(self.shortest).hold
            assert (bill or 0) <= hold

    @in_trio
    async def test_a_success_cannot_be_cancelled(self) -> None:
        """Cancelled too late, a clip that succeeded stays a success, with the same bill."""
        async with self.make() as backend:
            ticket = await self.submit(backend, self.shortest)
            verdict = await self.verdict(backend, ticket)
            assert await backend.cancel(ticket) == verdict
            assert await self.verdict(backend, ticket) == verdict

    @in_trio
    async def test_an_unknown_ticket_can_be_cancelled(self) -> None:
        """Nobody's ticket has an answer that is no success, or an error of vgen's."""
        async with self.make() as backend:
            try:
                status = await backend.cancel(self.unknown(backend))
            except AttemptError:
                return
            assert isinstance(status, Status)
            assert status.state is not State.SUCCEEDED

    @in_trio
    async def test_a_submit_cut_short_can_be_found(self) -> None:
        """Cancelled at any checkpoint, an attempt was sent and is found, or was not and is not."""
        async with self.make() as backend:
            prepared = await backend.prepare(self.shortest, self.picture())
            attempt_id = uuid4()
            for checkpoint in checkpoints():
                if not await cut_at(checkpoint, backend.submit(prepared, attempt_id)):
                    break
                found = await self.finding(backend, attempt_id)
                if isinstance(found, Ticket):
                    await backend.cancel(found)
                    assert (await self.verdict(backend, found)).is_verdict
                elif backend.capabilities.can_find:
                    assert found == Absent()
                attempt_id = uuid4()

    @pytest.mark.parametrize("call", ["prepare", "status", "find"])
    @in_trio
    async def test_a_question_cut_short_changes_nothing(self, call: str) -> None:
        """Cancelled at any checkpoint, a question can be asked again and the attempt goes on."""
        async with self.make() as backend:
            attempt_id = uuid4()
            ticket = await self.submit(backend, self.shortest, attempt_id)
            image = a_picture() if self.shortest.image else None
            calls: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
                "prepare": partial(backend.prepare, self.shortest, image),
                "status": partial(backend.status, [ticket]),
                "find": partial(backend.find, self.attempt(backend, attempt_id)),
            }
            for checkpoint in checkpoints():
                if not await cut_at(checkpoint, calls[call]()):
                    break
            assert (await self.verdict(backend, ticket)).state is State.SUCCEEDED

    @in_trio
    async def test_a_wait_cut_short_leaves_the_attempt(self) -> None:
        """Where it tells its verdict, whoever stops waiting has not ended the attempt."""
        async with self.make() as backend:
            if not isinstance(backend, WaitableBackend):
                pytest.skip("it is asked, it does not tell")
            ticket = await self.submit(backend, self.shortest)
            for checkpoint in checkpoints():
                waiting = backend.wait_finished(ticket, lambda _status: None)
                if not await cut_at(checkpoint, waiting):
                    break
                state = (await backend.status([ticket]))[ticket].state
                assert state not in {State.FAILED, State.CANCELLED}
            assert (await self.verdict(backend, ticket)).state is State.SUCCEEDED

    @in_trio
    async def test_a_cancel_cut_short_can_be_repeated(self) -> None:
        """Cancelled at any checkpoint, the request to stop can be made again and is answered."""
        async with self.make() as backend:
            ticket = await self.submit(backend, self.shortest)
            for checkpoint in checkpoints():
                if not await cut_at(checkpoint, backend.cancel(ticket)):
                    break
                assert isinstance(await backend.cancel(ticket), Status)
                assert (await self.verdict(backend, ticket)).is_verdict
                ticket = await self.submit(backend, self.shortest)

    @in_trio
    async def test_closing_may_be_repeated(self) -> None:
        """Closed twice, with work of all kinds in hand, it is closed."""
        backend = self.make()
        async with backend:
            await self.succeeded(backend)
            await self.submit(backend, self.shortest)
        await backend.aclose()

    @in_trio
    async def test_closing_cut_short_closes(self) -> None:
        """Cancelled at any checkpoint, it has let go all the same, and leaves nothing running."""
        for checkpoint in checkpoints():
            backend = await self.make().__aenter__()
            await self.submit(backend, self.shortest)
            if not await cut_at(checkpoint, backend.aclose()):
                return
            await backend.aclose()

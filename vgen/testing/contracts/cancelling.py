"""What a backend promises about cancelling attempts, Trio's cancellation, and closing."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from vgen.errors import AttemptError
from vgen.ports.backend import VideoBackend, WaitableBackend
from vgen.records.status import Absent, State, Status, Ticket
from vgen.testing.contracts.backend_base import BackendTestBase, make_picture, said
from vgen.testing.contracts.checkpoints import cancel_at, checkpoints
from vgen.testing.contracts.trio_tests import in_trio

Call = Callable[[VideoBackend, Ticket], Coroutine[Any, Any, object]]


class CancelPromises(BackendTestBase):
    """`cancel` can be repeated, and a cancelled call leaves nothing running."""

    @in_trio
    async def test_cancelling_may_be_repeated(self) -> None:
        """A second `cancel` returns the same verdict and changes nothing."""
        async with self.make() as backend:
            ticket = await self.submit(backend, self.shortest)
            first = await backend.cancel(ticket)
            second = await backend.cancel(ticket)
            if first.is_final:
                assert said(second) == said(first)
            verdict = await self.verdict(backend, ticket)
            assert verdict.is_final
            assert said(await backend.cancel(ticket)) == said(verdict)

    @in_trio
    async def test_an_attempt_can_be_cancelled_at_once(self) -> None:
        """Cancelled right after its submit, an attempt ends, and its bill is within the hold."""
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
        """Cancelling a success changes neither its verdict nor its bill."""
        async with self.make() as backend:
            ticket = await self.submit(backend, self.shortest)
            verdict = await self.verdict(backend, ticket)
            assert said(await backend.cancel(ticket)) == said(verdict)
            assert said(await self.verdict(backend, ticket)) == said(verdict)

    @in_trio
    async def test_an_unknown_ticket_can_be_cancelled(self) -> None:
        """Cancelling an unknown ticket returns no success, or raises `AttemptError`."""
        async with self.make() as backend:
            try:
                status = await backend.cancel(self.unknown(backend))
            except AttemptError:
                return
            assert isinstance(status, Status)
            assert status.state is not State.SUCCEEDED

    @in_trio
    async def test_a_cancelled_submit_can_be_found(self) -> None:
        """After a submit cancelled at any checkpoint, `find` says whether it was sent."""
        async with self.make() as backend:
            prepared = await backend.prepare(self.shortest, self.picture())
            attempt_id = uuid4()
            for checkpoint in checkpoints():
                if not await cancel_at(checkpoint, backend.submit(prepared, attempt_id)):
                    break
                found = await self.find(backend, attempt_id)
                if isinstance(found, Ticket):
                    await backend.cancel(found)
                    assert (await self.verdict(backend, found)).is_final
                elif backend.capabilities.can_find:
                    assert found == Absent()
                attempt_id = uuid4()

    @pytest.mark.parametrize("call", ["prepare", "status", "find"])
    @in_trio
    async def test_a_cancelled_query_changes_nothing(self, call: str) -> None:
        """Cancelled at any checkpoint, a query can be repeated and the attempt goes on."""
        async with self.make() as backend:
            attempt_id = uuid4()
            ticket = await self.submit(backend, self.shortest, attempt_id)
            image = make_picture() if self.shortest.image else None
            calls: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
                "prepare": partial(backend.prepare, self.shortest, image),
                "status": partial(backend.status, [ticket]),
                "find": partial(backend.find, self.attempt(backend, attempt_id)),
            }
            for checkpoint in checkpoints():
                if not await cancel_at(checkpoint, calls[call]()):
                    break
            assert (await self.verdict(backend, ticket)).state is State.SUCCEEDED

    @in_trio
    async def test_a_cancelled_wait_leaves_the_attempt(self) -> None:
        """Cancelling `wait_finished` does not end the attempt."""
        async with self.make() as backend:
            if not isinstance(backend, WaitableBackend):
                pytest.skip("it has no wait_finished")
            ticket = await self.submit(backend, self.shortest)
            for checkpoint in checkpoints():
                waiting = backend.wait_finished(ticket, lambda _status: None)
                if not await cancel_at(checkpoint, waiting):
                    break
                state = (await backend.status([ticket]))[ticket].state
                assert state not in {State.FAILED, State.CANCELLED}
            assert (await self.verdict(backend, ticket)).state is State.SUCCEEDED

    @in_trio
    async def test_a_cancelled_cancel_can_be_repeated(self) -> None:
        """Cancelled at any checkpoint, `cancel` can be called again and returns a status."""
        async with self.make() as backend:
            ticket = await self.submit(backend, self.shortest)
            for checkpoint in checkpoints():
                if not await cancel_at(checkpoint, backend.cancel(ticket)):
                    break
                assert isinstance(await backend.cancel(ticket), Status)
                assert (await self.verdict(backend, ticket)).is_final
                ticket = await self.submit(backend, self.shortest)

    @in_trio
    async def test_closing_may_be_repeated(self) -> None:
        """A backend with finished and running attempts can be closed twice."""
        backend = self.make()
        async with backend:
            await self.succeeded(backend)
            await self.submit(backend, self.shortest)
        await backend.aclose()

    @in_trio
    async def test_a_cancelled_close_closes(self) -> None:
        """Cancelled at any checkpoint, closing leaves nothing running, and can be repeated."""
        for checkpoint in checkpoints():
            backend = await self.make().__aenter__()
            await self.submit(backend, self.shortest)
            if not await cancel_at(checkpoint, backend.aclose()):
                return
            await backend.aclose()

"""What a backend promises about the attempts that it has accepted."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
import trio

from vgen.ports.backend import VideoBackend, WaitableBackend
from vgen.records.jsonio import from_json, to_json
from vgen.records.request import ClipRequest
from vgen.records.status import Absent, State, Status, Ticket, Unknown
from vgen.testing.contracts.backend_base import BackendTestBase, said
from vgen.testing.contracts.trio_tests import in_trio
from vgen.video import probe


class AttemptPromises(BackendTestBase):
    """Tickets, verdicts, bills and `find`."""

    @in_trio
    async def test_a_ticket_survives_json(self, tmp_path: Path) -> None:
        """A ticket names its backend and account, and its copy from JSON works as well."""
        async with self.make() as backend:
            ticket = await self.submit(backend, self.shortest)
            assert (ticket.backend, ticket.account) == (backend.name, backend.account)
            copy = from_json(to_json(ticket), Ticket)
            assert copy == ticket
            assert copy in await backend.status([copy])
            assert (await self.verdict(backend, copy)).state is State.SUCCEEDED
            await backend.fetch(copy, tmp_path / "clip.mp4")

    @in_trio
    async def test_a_ticket_outlives_its_process(self, tmp_path: Path) -> None:
        """Durable tickets work in another instance: `status`, waiting and `fetch`."""
        if not self.make().capabilities.durable_tickets:
            pytest.skip("its tickets are not durable")
        async with self.make() as backend:
            ticket = await self.submit(backend, self.shortest)
        async with self.make() as other:
            assert ticket in await other.status([ticket]), "the second instance knows nothing of it"
            assert (await self.verdict(other, ticket)).state is State.SUCCEEDED
            await other.fetch(ticket, tmp_path / "clip.mp4")
        assert probe(tmp_path / "clip.mp4").frames

    @in_trio
    async def test_one_status_call_answers_for_many_tickets(self) -> None:
        """`status` answers for all tickets asked for, and for no others."""
        async with self.make() as backend:
            tickets = [await self.submit(backend, self.shortest) for _ in range(3)]
            assert len(set(tickets)) == len(tickets)
            assert set(await backend.status(tickets)) == set(tickets)
            assert not await backend.status([])

    @in_trio
    async def test_an_unknown_ticket_has_no_success(self) -> None:
        """An unknown ticket is left out of `status`, or not found, and has no bill.

        Where tickets do not outlive their process, it may have failed too.
        """
        async with self.make() as backend:
            known, unknown = await self.submit(backend, self.shortest), self.unknown(backend)
            answers = await backend.status([unknown, known])
            assert known in answers
            if unknown in answers:
                died = answers[unknown].state is State.FAILED
                assert answers[unknown].state is State.NOT_FOUND or (
                    died and not backend.capabilities.durable_tickets
                )
                assert not answers[unknown].billed

    @in_trio
    async def test_a_verdict_never_changes(self) -> None:
        """A verdict and its bill stay the same, however often they are asked or waited for.

        Its progress may differ: here and below, that is no part of a verdict.
        """
        async with self.make() as backend:
            ticket = await self.submit(backend, self.shortest)
            verdict = await self.verdict(backend, ticket)
            assert verdict.state is State.SUCCEEDED, str(verdict)
            for _ in range(2):
                assert said((await backend.status([ticket]))[ticket]) == said(verdict)
                assert said(await self.verdict(backend, ticket)) == said(verdict)

    @in_trio
    async def test_attempts_do_not_disturb_each_other(self, tmp_path: Path) -> None:
        """Attempts at once (`max_concurrent`, at most three) each get their own length."""
        async with self.make() as backend:
            count = min(3, backend.capabilities.max_concurrent or 3)
            requests = [self.request(self.lengths()[number % 2 - 1]) for number in range(count)]
            async with trio.open_nursery() as nursery:
                for number, request in enumerate(requests):
                    path = tmp_path / f"{number}.mp4"
                    nursery.start_soon(self._check_attempt, backend, request, path)

    @in_trio
    async def test_the_bill_is_within_the_hold(self, tmp_path: Path) -> None:
        """The bill, reported or by the true length, is never above the quoted hold."""
        async with self.make() as backend:
            for number, seconds in enumerate(self.lengths()):
                path = tmp_path / f"{number}.mp4"
                await self._check_attempt(backend, self.request(seconds), path)

    async def _check_attempt(self, backend: VideoBackend, request: ClipRequest, path: Path) -> None:
        quote = backend.quote(request)
        ticket = await self.submit(backend, request)
        status = await self.verdict(backend, ticket)
        assert status.state is State.SUCCEEDED, str(status)
        await backend.fetch(ticket, path)
        info = probe(path)
        true_length = float(info.duration)
        assert abs(true_length - quote.duration) <= 1 / info.fps + 1e-3
        bill = status.billed
        if bill is None:
            bill = quote.price.cost(true_length)
        assert bill <= quote.hold, f"billed ${bill} for {true_length} s, held ${quote.hold}"

    @in_trio
    async def test_an_accepted_attempt_is_found(self) -> None:
        """`find` returns an accepted attempt's ticket, or `Unknown` if not supported."""
        async with self.make() as backend:
            attempt_id = uuid4()
            ticket = await self.submit(backend, self.shortest, attempt_id)
            found = await self.find(backend, attempt_id)
            expected = ticket if backend.capabilities.can_find else Unknown()
            assert found in {ticket, expected}

    @in_trio
    async def test_an_attempt_never_sent_is_absent(self) -> None:
        """`find` returns `Absent` for an attempt never sent, or `Unknown` if not supported."""
        async with self.make() as backend:
            found = await self.find(backend, uuid4())
            if backend.capabilities.can_find:
                assert found == Absent()
            else:
                assert found == Unknown(), "can_find is False, and find does not return Unknown()"

    @in_trio
    async def test_progress_is_a_fraction(self) -> None:
        """Every status before a verdict has a progress from 0 to 1, or none."""
        statuses: list[Status] = []
        async with self.make() as backend:
            ticket = await self.submit(backend, self.shortest)
            if isinstance(backend, WaitableBackend):
                await backend.wait_finished(ticket, statuses.append)
            else:
                statuses.append((await backend.status([ticket]))[ticket])
        assert all(0 <= (status.progress or 0) <= 1 for status in statuses)

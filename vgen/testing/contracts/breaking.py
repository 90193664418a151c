"""What a backend promises of a connection that breaks: no clip is paid for twice, or given up."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import trio
from trio.testing import MockClock

from vgen.errors import AttemptError, NetworkError, RetryableError, SubmitInDoubtError
from vgen.ports.backend import VideoBackend
from vgen.records.status import Absent, State, Status, Ticket
from vgen.testing.contracts.backend_base import BackendTestBase
from vgen.testing.contracts.fetching import content, files_named
from vgen.testing.contracts.trio_tests import in_trio
from vgen.testing.wire import Breakage, Wire
from vgen.video import probe

NOT_ACCEPTED = (Breakage.REFUSED, Breakage.RATE_LIMITED)
DOUBTFUL = (
    Breakage.LOST,
    Breakage.RESET,
    Breakage.SILENCE,
    Breakage.SERVER_ERROR,
    Breakage.GATEWAY_TIMEOUT,
    Breakage.PAGE,
    Breakage.EMPTY,
)
NO_ANSWER = (Breakage.RESET, Breakage.SERVER_ERROR, Breakage.PAGE)
GOES_ON = {State.QUEUED, State.RUNNING, State.SUCCEEDED}
"""What may be said of an attempt that will succeed."""

SILENCE, VIRTUAL_SILENCE = 0.2, 90.0
"""How long an answer is waited for where the backend sets no limit, in seconds of the clock."""


class BreakPromises(BackendTestBase):
    """What breaks on the way to the provider is told as what it is."""

    @in_trio
    async def test_a_submit_is_sent_once(self) -> None:
        """One call of `submit` sends one request that can be accepted."""
        wire = self._wire()
        async with self.make() as backend:
            before = wire.accepted
            await self.submit(backend, self.shortest)
            sent = wire.accepted - before
            assert sent == 1, f"it was sent {sent} times, as far as the wire has seen"

    @pytest.mark.parametrize("how", NOT_ACCEPTED, ids=lambda how: how.name.lower())
    @in_trio
    async def test_a_submit_that_was_not_accepted_is_no_doubt(self, how: Breakage) -> None:
        """Where nothing was accepted, `submit` raises `RetryableError`, and sends nothing again."""
        wire = self._wire()
        async with self.make() as backend:
            before = wire.accepted
            outcome = await self._submit_broken(backend, wire, how)
            assert wire.accepted == before, f"{how}: it was sent again"
            assert isinstance(outcome, RetryableError), f"{how}: {outcome!r}"

    @pytest.mark.parametrize("how", DOUBTFUL, ids=lambda how: how.name.lower())
    @in_trio
    async def test_a_submit_without_an_answer_is_in_doubt(self, how: Breakage) -> None:
        """Where it may have been accepted, `submit` says so, sends nothing again; `find` has it.

        It raises `SubmitInDoubtError`, or what is no `AttemptError`: all others say that nothing
        was accepted.
        """
        wire = self._wire()
        async with self.make() as backend:
            before, attempt_id = wire.accepted, uuid4()
            outcome = await self._submit_broken(backend, wire, how, attempt_id)
            assert wire.accepted <= before + 1, f"{how}: it was sent again"
            assert _is_doubt(outcome), f"{how}: {outcome!r}"
            if backend.capabilities.can_find:
                assert isinstance(await self.find(backend, attempt_id), Ticket)

    @in_trio
    async def test_not_found_is_no_verdict(self) -> None:
        """A ticket that the provider does not know is `State.NOT_FOUND`, and may be found later.

        Where the question was about many, it may be left out, or `RetryableError` be raised.
        """
        wire = self._wire()
        async with self.make() as backend:
            ticket = await self.submit(backend, self.shortest)
            _break_question(wire, Breakage.NOT_FOUND)
            answers = await _asked(backend, ticket)
            assert ticket not in answers or answers[ticket].state is State.NOT_FOUND
            assert (await self.verdict(backend, ticket)).state is State.SUCCEEDED

    @pytest.mark.parametrize("how", NO_ANSWER, ids=lambda how: how.name.lower())
    @in_trio
    async def test_a_broken_answer_is_no_status(self, how: Breakage) -> None:
        """Without a sound answer `status` raises `RetryableError`, or leaves the ticket out."""
        wire = self._wire()
        async with self.make() as backend:
            ticket = await self.submit(backend, self.shortest)
            _break_question(wire, how)
            answers = await _asked(backend, ticket)
            assert ticket not in answers or answers[ticket].state in GOES_ON, f"{how}: {answers}"
            assert (await self.verdict(backend, ticket)).state is State.SUCCEEDED

    @pytest.mark.parametrize("how", NO_ANSWER, ids=lambda how: how.name.lower())
    @in_trio
    async def test_a_broken_answer_is_no_absence(self, how: Breakage) -> None:
        """Without a sound answer `find` does not say `Absent` of what was accepted."""
        wire = self._wire()
        async with self.make() as backend:
            attempt_id = uuid4()
            await self.submit(backend, self.shortest, attempt_id)
            _break_question(wire, how)
            with suppress(AttemptError):
                found = await backend.find(self.attempt(backend, attempt_id))
                assert found != Absent(), how

    @pytest.mark.parametrize("how", NO_ANSWER, ids=lambda how: how.name.lower())
    @in_trio
    async def test_a_cancel_without_an_answer_is_no_verdict(self, how: Breakage) -> None:
        """Without a sound answer `cancel` raises `AttemptError`, or does not claim that it ended.

        The attempt may go on, and be billed.
        """
        wire = self._wire()
        async with self.make() as backend:
            ticket = await self.submit(backend, self.shortest)
            _break_question(wire, how)
            with suppress(AttemptError):
                status = await backend.cancel(ticket)
                verdict = await self.verdict(backend, ticket)
                assert not status.is_final or status.state is verdict.state, f"{how}: {status}"

    @in_trio
    async def test_a_broken_download_leaves_no_file(self, tmp_path: Path) -> None:
        """A download that breaks raises `NetworkError`, leaves no file, and can be repeated."""
        wire = self._wire()
        path, again = tmp_path / "clip.mp4", tmp_path / "again.mp4"
        async with self.make() as backend:
            ticket = await self.succeeded(backend)
            _break_question(wire, Breakage.CUT)
            try:
                await backend.fetch(ticket, path)
            except NetworkError:
                assert files_named(tmp_path, path.name) == [], "it broke, and left a file"
            await backend.fetch(ticket, again)
        assert probe(again).frames
        assert not path.exists() or content(path) == content(again), "a part passes for the whole"

    def _wire(self) -> Wire:
        wire = self.wire()
        if wire is None:
            pytest.skip("nothing to break: override `wire` if it has a provider")
        return wire

    async def _submit_broken(
        self, backend: VideoBackend, wire: Wire, how: Breakage, attempt_id: UUID | None = None
    ) -> Ticket | Exception:
        """Return what becomes of a submit that breaks, within the time that a runner gives it."""
        prepared = await backend.prepare(self.shortest, self.picture())
        try:
            wire.break_submit(how)
        except NotImplementedError:
            pytest.skip(f"its wire cannot break like this: {how}")
        virtual = isinstance(trio.lowlevel.current_clock(), MockClock)
        patience = VIRTUAL_SILENCE if virtual else SILENCE
        try:
            with trio.fail_after(patience if how is Breakage.SILENCE else self.timeout):
                return await backend.submit(prepared, attempt_id or uuid4())
        except Exception as error:  # noqa: BLE001 - it is what the tests look at
            return error


def _is_doubt(outcome: Ticket | Exception) -> bool:
    """Whether a runner neither sends this again nor forgets it."""
    if isinstance(outcome, Ticket):
        return False
    return isinstance(outcome, SubmitInDoubtError) or not isinstance(outcome, AttemptError)


def _break_question(wire: Wire, how: Breakage) -> None:
    try:
        wire.break_question(how)
    except NotImplementedError:
        pytest.skip(f"its wire cannot break like this: {how}")


async def _asked(backend: VideoBackend, ticket: Ticket) -> Mapping[Ticket, Status]:
    """Ask for a status; none is a good answer too."""
    try:
        return await backend.status([ticket])
    except RetryableError:
        return {}

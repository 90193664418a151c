"""One connection to Postgres on Trio: one question at a time, over libpq."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Self

import psycopg
import trio
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from vgen.errors import ConfigurationError
from vgen_supabase.refusals import LostAnswerError, RefusedError

DEFAULTS = {"application_name": "vgen", "keepalives_idle": "10", "tcp_user_timeout": "15000"}
"""What libpq is told where the address says nothing: a dead server is noticed within seconds."""

CONNECTING = 5.0
"""How long a connection may take to be made, in seconds."""

CLOSED = re.compile(
    "authentication failed|no pg_hba.conf entry|does not exist|permission denied"
    "|not permitted to log in|no such (user|database)|user not found|no password supplied"
)
"""How Postgres and poolers say that they will never let us in; libpq hands no SQLSTATE on."""


class Connection:
    """A connection that one task uses at a time.

    Once a question was cancelled or has lost its answer, it is good for nothing but to be closed.
    """

    def __init__(self, libpq: pq.abc.PGconn) -> None:
        self._libpq = libpq

    @classmethod
    async def open(cls, address: str) -> Self:
        """Connect to a `postgresql://` address.

        Raises:
            LostAnswerError: there is no connection to be had now.
            ConfigurationError: the server does not let this user in.
        """
        try:
            with trio.fail_after(CONNECTING):
                libpq = pq.PGconn.connect_start((await _resolved(address)).encode())
                return cls(await _connected(libpq))
        except trio.TooSlowError:
            raise LostAnswerError(f"no connection within {CONNECTING:g} s") from None
        except OSError as error:
            raise LostAnswerError(str(error)) from error

    @property
    def sound(self) -> bool:
        """Whether it can be asked: it stands, has answered, and left no transaction open."""
        return self._libpq.transaction_status == pq.TransactionStatus.IDLE

    def close(self) -> None:
        """Hang up."""
        self._libpq.finish()

    async def ask(self, query: str, values: Sequence[str]) -> str | None:
        """Run a query that gives one value.

        Raises:
            LostAnswerError: the connection broke; the query may have been run.
            RefusedError: the database refused, and changed nothing.
        """
        try:
            self._libpq.send_query_params(query.encode(), [value.encode() for value in values])
            (answer,) = await self._answers()
        except psycopg.OperationalError as error:
            raise LostAnswerError(_line(str(error))) from error
        value = answer.get_value(0, 0)
        return None if value is None else value.decode()

    async def run(self, script: str) -> None:
        """Run the statements of a script.

        Raises:
            LostAnswerError: the connection broke; they may have been run.
            RefusedError: the database refused one, and did none of those after it.
        """
        try:
            self._libpq.send_query(script.encode())
            await self._answers()
        except psycopg.OperationalError as error:
            raise LostAnswerError(_line(str(error))) from error

    async def _answers(self) -> list[pq.abc.PGresult]:
        await trio.lowlevel.checkpoint_if_cancelled()
        while self._libpq.flush():
            await trio.lowlevel.wait_writable(self._libpq.socket)
        answers: list[pq.abc.PGresult] = []
        while True:
            while self._libpq.is_busy():
                await trio.lowlevel.wait_readable(self._libpq.socket)
                self._libpq.consume_input()
            answer = self._libpq.get_result()
            if answer is None:
                break
            answers.append(answer)
        for answer in answers:
            _check(answer)
        return answers


async def _resolved(address: str) -> str:
    """Give what libpq is told, with the host looked up: libpq would block the loop over it.

    It tries all of the host's addresses in turn.
    """
    told = {**DEFAULTS, **conninfo_to_dict(address)}
    host = str(told.get("host") or "")
    if host and "hostaddr" not in told and not host.startswith(("/", "@")) and "," not in host:
        found = await trio.socket.getaddrinfo(host, None, type=trio.socket.SOCK_STREAM)
        places = list(dict.fromkeys(str(each[4][0]) for each in found))
        told |= {"host": ",".join([host] * len(places)), "hostaddr": ",".join(places)}
    return make_conninfo(**{name: str(value) for name, value in told.items()})


async def _connected(libpq: pq.abc.PGconn) -> pq.abc.PGconn:
    """See a connection through to its being made."""
    try:
        while True:
            state = libpq.connect_poll()
            if state == pq.PollingStatus.READING:
                await trio.lowlevel.wait_readable(libpq.socket)
            elif state == pq.PollingStatus.WRITING:
                await trio.lowlevel.wait_writable(libpq.socket)
            else:
                break
    except BaseException:
        libpq.finish()
        raise
    if state == pq.PollingStatus.FAILED:
        message = _text(libpq.error_message)
        libpq.finish()
        raise _closed_door(message)
    libpq.nonblocking = 1
    return libpq


def _closed_door(message: str) -> Exception:
    if CLOSED.search(message):
        return ConfigurationError(f"the database lets nobody in: {message}")
    return LostAnswerError(message)


def _check(answer: pq.abc.PGresult) -> None:
    if answer.status not in {pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE}:
        return
    state = answer.error_field(pq.DiagnosticField.SQLSTATE)
    if state is None:
        raise LostAnswerError(_text(answer.error_message))
    raise RefusedError(
        _text(state),
        _text(answer.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)),
        _text(answer.error_field(pq.DiagnosticField.MESSAGE_DETAIL)),
    )


def _text(said: bytes | None) -> str:
    return _line((said or b"").decode(errors="replace"))


def _line(said: str) -> str:
    return " ".join(said.split())

"""One connection to Postgres on Trio, over libpq: one query at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Self

import psycopg
import trio
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from vgen.errors import ConfigurationError
from vgen_supabase.database_errors import LostAnswerError, RefusedError

DEFAULTS = {"application_name": "vgen", "keepalives_idle": "10", "tcp_user_timeout": "15000"}
"""Options of libpq that an address may override: a dead server is noticed within seconds."""

CONNECT_TIMEOUT = 5.0
"""How long connecting may take, in seconds."""

LOGIN_REFUSED = re.compile(
    "authentication failed|no pg_hba.conf entry|does not exist|permission denied"
    "|not permitted to log in|no such (user|database)|user not found|no password supplied"
)
"""How Postgres and poolers reject a login for good; libpq does not pass a SQLSTATE on."""


class Connection:
    """A connection that one task uses at a time.

    After a query was cancelled or its connection broke, it can only be closed.
    """

    def __init__(self, libpq: pq.abc.PGconn) -> None:
        self._libpq = libpq

    @classmethod
    async def open(cls, address: str) -> Self:
        """Connect to a `postgresql://` address.

        Raises:
            LostAnswerError: the server cannot be reached now.
            ConfigurationError: the server rejects this user or database.
        """
        try:
            with trio.fail_after(CONNECT_TIMEOUT):
                libpq = pq.PGconn.connect_start((await _with_addresses(address)).encode())
                return cls(await _finish_connecting(libpq))
        except trio.TooSlowError:
            raise LostAnswerError(f"no connection within {CONNECT_TIMEOUT:g} s") from None
        except OSError as error:
            raise LostAnswerError(str(error)) from error

    @property
    def reusable(self) -> bool:
        """Whether another query can be sent: it is open, idle, and in no transaction."""
        return self._libpq.transaction_status == pq.TransactionStatus.IDLE

    def close(self) -> None:
        """Close the connection."""
        self._libpq.finish()

    async def fetch_value(self, query: str, values: Sequence[str]) -> str | None:
        """Run a query that returns one value, and return it.

        Raises:
            LostAnswerError: the connection broke; the query may have run.
            RefusedError: the database refused, and changed nothing.
        """
        try:
            self._libpq.send_query_params(query.encode(), [value.encode() for value in values])
            (result,) = await self._results()
        except psycopg.OperationalError as error:
            raise LostAnswerError(_one_line(str(error))) from error
        value = result.get_value(0, 0)
        return None if value is None else value.decode()

    async def run(self, script: str) -> None:
        """Run the statements of a script.

        Raises:
            LostAnswerError: the connection broke; they may have run.
            RefusedError: the database refused one, and ran none of those after it.
        """
        try:
            self._libpq.send_query(script.encode())
            await self._results()
        except psycopg.OperationalError as error:
            raise LostAnswerError(_one_line(str(error))) from error

    async def _results(self) -> list[pq.abc.PGresult]:
        await trio.lowlevel.checkpoint_if_cancelled()
        while self._libpq.flush():
            await trio.lowlevel.wait_writable(self._libpq.socket)
        results: list[pq.abc.PGresult] = []
        while True:
            while self._libpq.is_busy():
                await trio.lowlevel.wait_readable(self._libpq.socket)
                self._libpq.consume_input()
            result = self._libpq.get_result()
            if result is None:
                break
            results.append(result)
        for result in results:
            _raise_for_error(result)
        return results


async def _with_addresses(address: str) -> str:
    """Return the address with its host resolved, since libpq's own lookup blocks the event loop.

    libpq tries all of the host's addresses in turn.
    """
    options = {**DEFAULTS, **conninfo_to_dict(address)}
    host = str(options.get("host") or "")
    if host and "hostaddr" not in options and not host.startswith(("/", "@")) and "," not in host:
        found = await trio.socket.getaddrinfo(host, None, type=trio.socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        options |= {"host": ",".join([host] * len(addresses)), "hostaddr": ",".join(addresses)}
    return make_conninfo(**{name: str(value) for name, value in options.items()})


async def _finish_connecting(libpq: pq.abc.PGconn) -> pq.abc.PGconn:
    """Poll until the connection is made; close it on failure or cancellation."""
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
        raise _connect_error(message)
    libpq.nonblocking = 1
    return libpq


def _connect_error(message: str) -> Exception:
    if LOGIN_REFUSED.search(message):
        return ConfigurationError(f"the database rejected the login: {message}")
    return LostAnswerError(message)


def _raise_for_error(result: pq.abc.PGresult) -> None:
    if result.status not in {pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE}:
        return
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    if state is None:
        raise LostAnswerError(_text(result.error_message))
    raise RefusedError(
        _text(state),
        _text(result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)),
        (result.error_field(pq.DiagnosticField.MESSAGE_DETAIL) or b"").decode(errors="replace"),
    )


def _text(text: bytes | None) -> str:
    return _one_line((text or b"").decode(errors="replace"))


def _one_line(text: str) -> str:
    return " ".join(text.split())

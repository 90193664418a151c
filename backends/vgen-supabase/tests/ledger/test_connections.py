"""How direct connections are opened, reused and closed."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Never

import pytest
import trio
from trio.testing import MockClock

from vgen.errors import ConfigurationError, LedgerError
from vgen_supabase import PostgresLedger
from vgen_supabase.database_errors import LostAnswerError
from vgen_supabase.retry import TIMEOUT, retry

from .servers import Database

MANY = 30
NAME = "a-ledger-of-these-tests"
OURS = "from pg_stat_activity where application_name = 'a-ledger-of-these-tests'"


class TwoAddresses(trio.abc.HostnameResolver):
    """Resolves every host to two addresses; only the second has a server."""

    async def getaddrinfo(
        self,
        host: bytes | None,
        port: bytes | str | int | None,
        family: int = 0,
        type: int = 0,  # noqa: A002 (trio's name)
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        del host, family, type, proto, flags
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port or 0))
            for address in ("127.0.0.2", "127.0.0.1")
        ]

    async def getnameinfo(self, sockaddr: Any, flags: int) -> Never:
        raise NotImplementedError


async def test_all_addresses_of_a_host_are_tried(database: Database) -> None:
    """If a host cannot be reached at its first address, the second is tried."""
    trio.socket.set_custom_hostname_resolver(TwoAddresses())
    ledger = PostgresLedger(database.address().replace("127.0.0.1", "db.example"))
    await ledger.call_once("vgen_jobs", {})
    await ledger.aclose()


def login_error(message: str) -> bytes:
    """Return the message with which a server rejects a login."""
    body = b"".join([b"SFATAL\0VFATAL\0C08P01\0M", message.encode(), b"\0\0"])
    return b"E" + (len(body) + 4).to_bytes(4, "big") + body


@asynccontextmanager
async def rejecting(message: str) -> AsyncGenerator[str]:
    """Run a server that rejects every login, and yield its address."""

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some(4096)
            await stream.send_all(login_error(message))

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        yield f"postgresql://me@127.0.0.1:{port}/x?sslmode=disable&gssencmode=disable"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Max client connections reached", LostAnswerError),
        ("query_wait_timeout", LostAnswerError),
        ("server login has been failed, try again later (server_login_retry)", LostAnswerError),
        ("canceling authentication due to timeout", LostAnswerError),
        ('password authentication failed for user "me"', ConfigurationError),
        ('no pg_hba.conf entry for host "10.0.0.1"', ConfigurationError),
        ('database "x" does not exist', ConfigurationError),
        ('role "me" is not permitted to log in', ConfigurationError),
    ],
)
async def test_which_login_errors_are_permanent(message: str, kind: type[Exception]) -> None:
    """Unknown users and missing rights are permanent; anything else is worth a retry."""
    async with rejecting(message) as address:
        ledger = PostgresLedger(address)
        with pytest.raises(kind, match=message[:10]):
            await ledger.call_once("vgen_jobs", {})


async def test_a_lost_connection_takes_the_idle_ones_with_it(database: Database) -> None:
    """After the server restarted, the second call succeeds: no stale connection is left."""
    address = f"{database.address()}?application_name={NAME}"
    ledger = PostgresLedger(address, connections=MANY)
    lock = database.connect()
    lock.execute("lock table vgen.jobs in access exclusive mode")
    async with trio.open_nursery() as nursery:
        for _ in range(MANY):
            nursery.start_soon(ledger.jobs)
        await all_wait(database, MANY)
        lock.close()
    database.run(f"select pg_terminate_backend(pid) {OURS}")
    with pytest.raises(Exception, match=r"terminat|closed"):
        await ledger.call_once("vgen_jobs", {})
    await ledger.call_once("vgen_jobs", {})
    await ledger.aclose()


async def all_wait(database: Database, count: int) -> None:
    """Wait until `count` connections of the ledger wait for a lock."""
    query = f"select 1 {OURS} and wait_event_type = 'Lock' having count(*) = {count}"
    await trio.to_thread.run_sync(database.wait_for, query)


async def test_a_call_that_outlasts_its_ledger(database: Database) -> None:
    """A ledger that is closed during a call leaves no connection open."""
    ledger = PostgresLedger(f"{database.address()}?application_name={NAME}")
    lock = database.connect()
    lock.execute("lock table vgen.jobs in access exclusive mode")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ledger.jobs)
        await all_wait(database, 1)
        await ledger.aclose()
        lock.close()
    database.wait_for(f"select 1 {OURS} having count(*) = 0")


async def test_a_call_ends_in_time(autojump_clock: MockClock) -> None:
    """A call to a database that never answers fails within the timeout, retries included."""
    began = trio.current_time()
    with pytest.raises(LedgerError, match="cannot be reached"):
        await retry(partial(trio.sleep, 100))
    assert trio.current_time() - began <= TIMEOUT

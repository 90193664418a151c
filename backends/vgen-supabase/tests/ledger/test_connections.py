"""How direct connections are made, kept and let go of."""

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

from .served import Database

MANY = 30
NAME = "a-ledger-of-these-tests"
OURS = "from pg_stat_activity where application_name = 'a-ledger-of-these-tests'"


class TwoAddresses(trio.abc.HostnameResolver):
    """Knows two addresses for every host, at the second of which there is a server."""

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
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port or 0))
            for place in ("127.0.0.2", "127.0.0.1")
        ]

    async def getnameinfo(self, sockaddr: Any, flags: int) -> Never:
        raise NotImplementedError


async def test_all_addresses_of_a_host_are_tried(served: Database) -> None:
    """A host that is not to be reached at its first address is at its second."""
    trio.socket.set_custom_hostname_resolver(TwoAddresses())
    ledger = PostgresLedger(served.address().replace("127.0.0.1", "db.example"))
    await ledger.call_once("vgen_jobs", {})
    await ledger.aclose()


def refusal(message: str) -> bytes:
    """Give what a server says that lets nobody in."""
    body = b"".join([b"SFATAL\0VFATAL\0C08P01\0M", message.encode(), b"\0\0"])
    return b"E" + (len(body) + 4).to_bytes(4, "big") + body


@asynccontextmanager
async def refusing(message: str) -> AsyncGenerator[str]:
    """Serve a refusal to all, at the address given."""

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some(4096)
            await stream.send_all(refusal(message))

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
async def test_what_a_closed_door_means(message: str, kind: type[Exception]) -> None:
    """Only who is not known, or has no right, need not knock again."""
    async with refusing(message) as address:
        ledger = PostgresLedger(address)
        with pytest.raises(kind, match=message[:10]):
            await ledger.call_once("vgen_jobs", {})


async def test_a_lost_connection_takes_the_idle_ones_with_it(served: Database) -> None:
    """After the server has gone and come, it is the second try that is answered, not the last."""
    address = f"{served.address()}?application_name={NAME}"
    ledger = PostgresLedger(address, connections=MANY)
    lock = served.connect()
    lock.execute("lock table vgen.jobs in access exclusive mode")
    async with trio.open_nursery() as nursery:
        for _ in range(MANY):
            nursery.start_soon(ledger.jobs)
        await all_wait(served, MANY)
        lock.close()
    served.run(f"select pg_terminate_backend(pid) {OURS}")
    with pytest.raises(Exception, match=r"terminat|closed"):
        await ledger.call_once("vgen_jobs", {})
    await ledger.call_once("vgen_jobs", {})
    await ledger.aclose()


async def all_wait(served: Database, count: int) -> None:
    """Wait until so many connections of the ledger wait for a lock."""
    query = f"select 1 {OURS} and wait_event_type = 'Lock' having count(*) = {count}"
    await trio.to_thread.run_sync(served.wait_for, query)


async def test_a_call_that_outlasts_its_ledger(served: Database) -> None:
    """What is closed while it answers leaves no connection behind."""
    ledger = PostgresLedger(f"{served.address()}?application_name={NAME}")
    lock = served.connect()
    lock.execute("lock table vgen.jobs in access exclusive mode")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ledger.jobs)
        await all_wait(served, 1)
        await ledger.aclose()
        lock.close()
    served.wait_for(f"select 1 {OURS} having count(*) = 0")


async def test_a_call_ends_in_time(autojump_clock: MockClock) -> None:
    """A database that never answers is given up within the patience, the last try included."""
    began = trio.current_time()
    with pytest.raises(LedgerError, match="cannot be reached"):
        await retry(partial(trio.sleep, 100))
    assert trio.current_time() - began <= TIMEOUT

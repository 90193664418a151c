"""Errors of the ledgers when the database cannot be reached, or refuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from uuid import uuid4

import pytest
import trio
from trio.testing import MockClock

from vgen.abc import Claim, CostLedger, Doubted
from vgen.errors import ConfigurationError, LedgerError, NotFoundError
from vgen_supabase import PostgresLedger, SupabaseLedger

from .servers import Database, Rest
from .worker import attempt

PASSWORD = "never-to-be-shown"  # noqa: S105 (for tests only)


def direct(port: int) -> CostLedger:
    """A ledger over a direct connection."""
    return PostgresLedger(f"postgresql://me:{PASSWORD}@127.0.0.1:{port}/x")


def over_rest(port: int) -> CostLedger:
    """A ledger over REST."""
    return SupabaseLedger(f"http://127.0.0.1:{port}", PASSWORD)


@pytest.mark.parametrize("make", [direct, over_rest])
async def test_nobody_there(make: Callable[[int], CostLedger], autojump_clock: MockClock) -> None:
    """Without a server, calls are retried for some seconds, and then fail."""
    with trio.socket.socket() as unused:
        await unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    ledger = make(port)
    began = trio.current_time()
    with pytest.raises(LedgerError, match="cannot be reached") as caught:
        await ledger.jobs()
    assert 10 < trio.current_time() - began < 20
    assert PASSWORD not in f"{caught.value} {ledger!r}"
    await ledger.aclose()


async def test_an_unknown_user(database: Database) -> None:
    """An unknown user fails at once, without retries."""
    ledger = PostgresLedger(database.address("nobody"))
    with pytest.raises(ConfigurationError, match="rejected the login"):
        await ledger.jobs()


async def test_an_unknown_job(database: Database) -> None:
    """Every change to an unknown job raises `NotFoundError`, except for releasing a claim."""
    ledger, job = PostgresLedger(database.address()), uuid4()
    claim = Claim(job, 0, "me", 1)
    new = attempt(uuid4(), job, 0, Decimal("0.10"))
    for call in (
        partial(ledger.claim, job, 0, owner="me", lease=60),
        partial(ledger.renew, claim, lease=60),
        partial(ledger.reserve, claim, new),
        partial(ledger.advance, claim, new.attempt_id, new.state, Doubted("silence")),
        partial(ledger.stop, job),
        partial(ledger.conclude, job, "done"),
    ):
        with pytest.raises(NotFoundError, match=f"no job {job}"):
            await call()
    await ledger.release(claim)
    assert await ledger.job(job) is None
    await ledger.aclose()


@pytest.mark.parametrize("address", ["nonsense", "http://host/x", "postgresql://host/x?frob=1"])
def test_no_address(address: str) -> None:
    """An invalid address is refused when the ledger is constructed."""
    with pytest.raises(ConfigurationError, match="not a Postgres address"):
        PostgresLedger(address)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:se@cret@host/x",
        "postgresql://me:se/cret@host/x",
        "postgresql://me:12/cret@host/x",
        "postgresql://me:cret%zz@host/x",
        "postgresql://host/x?password=secret&password",
        "host=x password=se cret user=me",
        "host=x password='secret",
    ],
)
def test_an_unescaped_password_is_not_shown(address: str) -> None:
    """An address that libpq would split wrongly is refused, and the error does not repeat it."""
    with pytest.raises(ConfigurationError, match="escaped") as caught:
        PostgresLedger(address)
    assert "cret" not in str(caught.value)


async def test_a_forged_key(gateway: Rest) -> None:
    """A key that the project did not sign fails at once, and is not shown."""
    key = gateway.key(secret="another project's secret, which is long, too")  # noqa: S106 (likewise)
    ledger = SupabaseLedger(gateway.url, key)
    with pytest.raises(ConfigurationError, match="SUPABASE_SERVICE_ROLE_KEY") as caught:
        await ledger.jobs()
    assert key not in f"{caught.value} {ledger!r}"
    await ledger.aclose()


async def test_an_anonymous_key(gateway: Rest) -> None:
    """A key for browsers is refused when the ledger is constructed."""
    with pytest.raises(ConfigurationError, match="SUPABASE_SERVICE_ROLE_KEY"):
        SupabaseLedger(gateway.url, gateway.key("anon"))


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (502, b"<html>Bad gateway</html>", LedgerError, "cannot be reached"),
        (503, b'{"message": "name resolution failed"}', LedgerError, "cannot be reached"),
        (429, b"slow down", LedgerError, "cannot be reached"),
        (200, b"<html>", LedgerError, "cannot be reached"),
        (200, b"{}", LedgerError, "malformed answer"),
        (200, b"null", LedgerError, "malformed answer"),
        (200, b"17", LedgerError, "malformed answer"),
        (200, b"[17]", LedgerError, "malformed answer"),
        (401, b'{"message": "Invalid API key"}', ConfigurationError, "SUPABASE_SERVICE_ROLE_KEY"),
        (404, b"<html>Not found</html>", ConfigurationError, "SUPABASE_URL"),
        (302, b"", ConfigurationError, "SUPABASE_URL"),
        (500, b'{"code": "XX000", "message": "corrupt"}', LedgerError, "corrupt"),
        (
            504,
            b'{"code": "PGRST003", "message": "none"}',
            LedgerError,
            "cannot be reached",
        ),
    ],
)
async def test_answers_of_all_kinds(
    status: int, body: bytes, kind: type[Exception], says: str, autojump_clock: MockClock
) -> None:
    """Each response of the service, or of a gateway before it, becomes the right error."""
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"

    async def serve(stream: trio.SocketStream) -> None:
        await stream.receive_some(65536)
        await stream.send_all(head.encode() + body)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        ledger = SupabaseLedger(f"http://127.0.0.1:{port}", "key")
        ask: Callable[[], Awaitable[object]] = ledger.jobs
        with pytest.raises(kind, match=says):
            await ask()
        await ledger.aclose()
        nursery.cancel_scope.cancel()

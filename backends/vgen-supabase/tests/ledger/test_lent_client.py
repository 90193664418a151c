"""The REST API through a service's own httpx client, and right after a migration."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
import trio
from supabase import AsyncClient, AsyncClientOptions
from trio.testing import MockClock

from vgen.abc import Need
from vgen.errors import ConfigurationError, LedgerError
from vgen_supabase import SupabaseLedger

from .jobs import manifest
from .servers import Rest

UNKNOWN = b'{"code": "PGRST202", "message": "Could not find the function"}'


def lending(gateway: Rest, http: httpx.AsyncClient) -> SupabaseLedger:
    """Make a ledger of a client that was made with an httpx client of the service's own."""
    options = AsyncClientOptions(httpx_client=http)
    return SupabaseLedger(client=AsyncClient(gateway.url, gateway.key(), options))


async def test_its_own_headers_and_parameters(gateway: Rest) -> None:
    """Headers and parameters of the service's client are not added to the ledger's requests."""
    headers = {"Prefer": "params=single-object", "Content-Profile": "private"}
    async with httpx.AsyncClient(headers=headers, params={"limit": "1"}) as http:
        ledger, job = lending(gateway, http), uuid4()
        await ledger.open_job(manifest(job), Need())
        assert job in {each.job_id for each in await ledger.jobs()}


async def test_a_closed_client(gateway: Rest) -> None:
    """A closed client raises `LedgerError`."""
    http = httpx.AsyncClient()
    ledger = lending(gateway, http)
    await http.aclose()
    with pytest.raises(LedgerError, match="closed"):
        await ledger.jobs()


async def test_what_is_no_json(gateway: Rest) -> None:
    """A call that cannot be encoded as JSON is a `LedgerError`."""
    ledger = SupabaseLedger(gateway.url, gateway.key())
    with pytest.raises(LedgerError, match="cannot be sent"):
        await ledger.claim(uuid4(), 0, owner="me", lease=float("nan"))
    await ledger.aclose()


def knowing_from(moment: float) -> Callable[[httpx.Request], httpx.Response]:
    """Return a mock API that knows the migration from a point in time on."""

    def answer(request: httpx.Request) -> httpx.Response:
        if trio.current_time() < moment:
            return httpx.Response(httpx.codes.NOT_FOUND, content=UNKNOWN, request=request)
        return httpx.Response(httpx.codes.OK, content=b"[]", request=request)

    return answer


async def test_right_after_a_migration(gateway: Rest, autojump_clock: MockClock) -> None:
    """The ledger waits while the API reloads its schema."""
    transport = httpx.MockTransport(knowing_from(trio.current_time() + 2))
    async with httpx.AsyncClient(transport=transport) as http:
        assert await lending(gateway, http).jobs() == ()


async def test_without_a_migration(gateway: Rest, autojump_clock: MockClock) -> None:
    """If the API does not know the functions within seconds, the error says what to do."""
    transport = httpx.MockTransport(knowing_from(float("inf")))
    began = trio.current_time()
    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(ConfigurationError, match="vgen ledger migrate"):
            await lending(gateway, http).jobs()
    assert trio.current_time() - began < 10

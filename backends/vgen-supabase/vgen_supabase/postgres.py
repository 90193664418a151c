"""The ledger in Postgres, over direct connections."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
import trio
from psycopg.conninfo import conninfo_to_dict

from vgen.errors import ConfigurationError, LedgerError
from vgen_supabase.connection import Connection
from vgen_supabase.database_errors import RefusedError
from vgen_supabase.ledger import DatabaseLedger
from vgen_supabase.retry import retry

MAX_CONNECTIONS = 4
"""How many connections a ledger opens at most; a call uses one for a few milliseconds."""

SCHEMES = "postgresql://", "postgres://"
URL = re.compile(r"[a-z]+://([^@/]*@)?[^@/]*(/[^@/]*)?(\?.*)?")
PORT = re.compile(r"[\d,]*")
"""URLs that libpq parses as intended: an unescaped password would be split elsewhere."""


class PostgresLedger(DatabaseLedger):
    """A ledger in any Postgres, from version 14 on, at a `postgresql://` address.

    Connections are opened on demand, `connections` at most, and reused until `aclose`; after it,
    each call opens its own. Poolers in transaction mode are supported. Calls wait on the socket in
    the calling task, and may be cancelled at any point.

    Raises `ConfigurationError` for an invalid address.
    """

    def __init__(self, address: str, *, connections: int = MAX_CONNECTIONS) -> None:
        options = _parsed(address)
        self._address = address
        self._server = f"{options.get('host', '')}/{options.get('dbname', '')}"
        self._limiter = trio.CapacityLimiter(connections)
        self._idle: list[Connection] = []
        self._closed = False

    def __repr__(self) -> str:
        """Show the host and the database, and nothing secret."""
        return f"<PostgresLedger {self._server}>"

    async def call_once(self, function: str, arguments: Mapping[str, Any]) -> Any:
        """Call a function of the migration once, without retries."""
        names = ", ".join(f"{name} => ${number}" for number, name in enumerate(arguments, start=1))
        values = [
            each if isinstance(each, str) else json.dumps(each) for each in arguments.values()
        ]
        async with self._connection() as connection:
            query = f"select to_json(public.{function}({names}))"
            answer = await connection.fetch_value(query, values)
        return None if answer is None else json.loads(answer)

    async def migrate(self) -> None:
        """Apply the migration, in one transaction."""
        try:
            await retry(self._migrate)
        except RefusedError as error:
            raise LedgerError(f"the migration failed: {error}") from error

    async def _migrate(self) -> None:
        async with self._connection() as connection:
            await connection.run(self.migration())

    async def aclose(self) -> None:
        """Close the connections."""
        self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        """Lend a connection, and keep it for the next call if it is still reusable afterwards.

        If it is not, the idle ones are probably broken too, and are closed with it.
        """
        async with self._limiter:
            connection = self._idle.pop() if self._idle else await Connection.open(self._address)
            try:
                yield connection
            finally:
                if connection.reusable and not self._closed:
                    self._idle.append(connection)
                else:
                    connection.close()
                    self._close_idle()


def _parsed(address: str) -> dict[str, Any]:
    """Parse an address. libpq's own error is hidden: it may contain the password."""
    with suppress(psycopg.ProgrammingError):
        options = conninfo_to_dict(address)
        safe = not address.startswith(SCHEMES) or URL.fullmatch(address)
        if safe and PORT.fullmatch(str(options.get("port") or "")):
            return options
    raise ConfigurationError(
        "is not a Postgres address; in a postgresql:// address, a user or password must have "
        "characters such as @ and / escaped, as %40 and %2F"
    )

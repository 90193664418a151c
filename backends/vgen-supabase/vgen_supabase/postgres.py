"""The ledger in Postgres, reached directly."""

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
from vgen_supabase.ledger import DatabaseLedger
from vgen_supabase.patience import patiently
from vgen_supabase.refusals import RefusedError

CONNECTIONS = 4
"""How many connections one ledger opens at most; each call takes a few milliseconds of one."""

SCHEMES = "postgresql://", "postgres://"
URL = re.compile(r"[a-z]+://([^@/]*@)?[^@/]*(/[^@/]*)?(\?.*)?")
PORT = re.compile(r"[\d,]*")
"""What libpq reads as it is meant: what a password is not escaped in, it cuts up elsewhere."""


class PostgresLedger(DatabaseLedger):
    """A ledger in any Postgres, from version 14 on, at a `postgresql://` address.

    Connections are made when they are needed, `connections` at most, and kept until it is closed:
    then each call makes its own. Poolers in transaction mode will do. Calls wait on the socket in
    the task that makes them, and may be cancelled at any point.

    Raises `ConfigurationError` for what is no such address.
    """

    def __init__(self, address: str, *, connections: int = CONNECTIONS) -> None:
        told = _parsed(address)
        self._address = address
        self._where = f"{told.get('host', '')}/{told.get('dbname', '')}"
        self._places = trio.CapacityLimiter(connections)
        self._idle: list[Connection] = []
        self._closed = False

    def __repr__(self) -> str:
        """Name the host and the database, and nothing secret."""
        return f"<PostgresLedger {self._where}>"

    async def ask(self, function: str, arguments: Mapping[str, Any]) -> Any:
        """Call a function of the migration once."""
        names = ", ".join(f"{name} => ${place}" for place, name in enumerate(arguments, start=1))
        values = [
            each if isinstance(each, str) else json.dumps(each) for each in arguments.values()
        ]
        async with self._connected() as connection:
            answer = await connection.ask(f"select to_json(public.{function}({names}))", values)
        return None if answer is None else json.loads(answer)

    async def migrate(self) -> None:
        """Apply the migration, in one transaction."""
        try:
            await patiently(self._migrate)
        except RefusedError as error:
            raise LedgerError(f"the migration failed: {error}") from error

    async def _migrate(self) -> None:
        async with self._connected() as connection:
            await connection.run(self.migration())

    async def aclose(self) -> None:
        """Close the connections."""
        self._closed = True
        self._hang_up()

    def _hang_up(self) -> None:
        while self._idle:
            self._idle.pop().close()

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Connection]:
        """Give a connection, and keep it for the next call if it is sound afterwards.

        If it is not, those that wait are hardly better: they go with it.
        """
        async with self._places:
            connection = self._idle.pop() if self._idle else await Connection.open(self._address)
            try:
                yield connection
            finally:
                if connection.sound and not self._closed:
                    self._idle.append(connection)
                else:
                    connection.close()
                    self._hang_up()


def _parsed(address: str) -> dict[str, Any]:
    """Read an address; what libpq says of a bad one may hold the password, and is not shown."""
    with suppress(psycopg.ProgrammingError):
        told = conninfo_to_dict(address)
        sound = not address.startswith(SCHEMES) or URL.fullmatch(address)
        if sound and PORT.fullmatch(str(told.get("port") or "")):
            return told
    raise ConfigurationError(
        "is no address of a Postgres; in a postgresql:// address, a user or password must have "
        "characters such as @ and / escaped, as %40 and %2F"
    )

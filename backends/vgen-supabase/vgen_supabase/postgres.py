"""The ledger in Postgres, reached directly."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import trio
from psycopg.conninfo import conninfo_to_dict

from vgen.errors import ConfigurationError, LedgerError
from vgen_supabase.connection import Connection
from vgen_supabase.ledger import DatabaseLedger
from vgen_supabase.refusals import LostAnswerError, RefusedError

CONNECTIONS = 4
"""How many connections one ledger opens at most; each call takes a few milliseconds of one."""


class PostgresLedger(DatabaseLedger):
    """A ledger in any Postgres, from version 14 on, at a `postgresql://` address.

    Connections are made when they are needed, `connections` at most, and kept until it is closed;
    poolers in transaction mode will do. Calls wait on the socket in the task that makes them, and
    may be cancelled at any point.

    Raises `ConfigurationError` for what is no such address.
    """

    def __init__(self, address: str, *, connections: int = CONNECTIONS) -> None:
        try:
            told = conninfo_to_dict(address)
        except psycopg.ProgrammingError as error:
            raise ConfigurationError(f"is no address of a Postgres: {str(error).strip()}") from None
        self._address = address
        self._where = f"{told.get('host', '')}/{told.get('dbname', '')}"
        self._places = trio.CapacityLimiter(connections)
        self._idle: list[Connection] = []

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
            async with self._connected() as connection:
                await connection.run(self.migration())
        except (LostAnswerError, RefusedError) as error:
            raise LedgerError(f"the migration failed: {error}") from error

    async def aclose(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Connection]:
        """Give a connection, and keep it for the next call if it is sound afterwards."""
        async with self._places:
            connection = self._idle.pop() if self._idle else await Connection.open(self._address)
            sound = False
            try:
                yield connection
                sound = True
            except RefusedError:
                sound = True
                raise
            finally:
                if sound:
                    self._idle.append(connection)
                else:
                    connection.close()

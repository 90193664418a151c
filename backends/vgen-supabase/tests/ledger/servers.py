"""A real Postgres and PostgREST for the tests, on loopback, set up like a Supabase project."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import jwt
import psycopg
from attrs import frozen

from vgen_supabase import PostgresLedger

from .proxy import Proxy, proxied

SECRET = "a secret for the tests, which is long enough"  # noqa: S105 (for tests only)
SERVER_ERROR = 500
START = 30.0
"""How long a server may take to start, in seconds."""

ROLES = """
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator;
grant usage on schema public to anon, authenticated, service_role;
alter default privileges in schema public
    grant all on functions to anon, authenticated, service_role;
alter default privileges in schema public
    grant all on tables to anon, authenticated, service_role;
alter default privileges grant all on schemas to anon, authenticated, service_role;
alter default privileges grant all on tables to anon, authenticated, service_role;
alter default privileges grant all on functions to anon, authenticated, service_role;
"""
"""The roles of a Supabase project, with default rights that are even more generous."""


@frozen
class Database:
    """A running Postgres, reached as its owner or as the REST API's login."""

    port: int

    def address(self, user: str = "postgres", database: str = "postgres") -> str:
        """Return its address for a user."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement as the owner, and return its rows."""
        with psycopg.connect(self.address(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def connect(self, user: str = "postgres") -> psycopg.Connection:
        """Connect as a user; the transaction stays open until the connection is closed."""
        return psycopg.connect(self.address(user))

    def wait_for(self, query: str) -> None:
        """Wait until a query has a row."""
        _wait_until(lambda: bool(self.run(query)))

    def empty(self) -> None:
        """Delete all jobs."""
        self.run(
            "truncate vgen.journal, vgen.attempts, vgen.claims, vgen.calls, vgen.purses, "
            "vgen.notices, vgen.clips, vgen.jobs restart identity"
        )


@frozen
class Rest:
    """A running PostgREST, behind a gateway that serves it under `/rest/v1`."""

    port: int
    gateway: Proxy

    @property
    def url(self) -> str:
        """The project's URL."""
        return f"http://127.0.0.1:{self.gateway.port}"

    def key(self, role: str = "service_role", secret: str = SECRET) -> str:
        """Return a key of a role, as the project's settings page would."""
        return jwt.encode({"role": role, "iss": "supabase"}, secret, algorithm="HS256")


def apply(address: str, script: str) -> None:
    """Run a script once, as an SQL editor does."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(script.encode())


@contextmanager
def run_postgres(programs: Path) -> Generator[Database]:
    """Run a new Postgres with vgen's ledger in it, until the block ends."""
    user = _user()
    with tempfile.TemporaryDirectory(prefix="vgen-pg-") as scratch:
        folder, port = Path(scratch), _free_port()
        if user is not None:
            shutil.chown(folder, user)
        sockets, data = str(folder), str(folder / "data")
        initdb = [str(programs / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-N"]
        subprocess.run(
            [*initdb, "-E", "UTF8"], check=True, user=user, cwd=folder, capture_output=True
        )
        command = [str(programs / "postgres"), "-D", data, "-k", sockets, "-h", "127.0.0.1"]
        options = ["-p", str(port), "-c", "fsync=off", "-c", "max_connections=300"]
        with _running([*command, *options], user=user, folder=folder):
            database = Database(port)
            _wait_until(lambda: _answers(database))
            database.run(ROLES)
            database.run(PostgresLedger(database.address()).migration())
            yield database


@contextmanager
def run_postgrest(program: Path, database: Database) -> Generator[Rest]:
    """Run a PostgREST for the database, under `/rest/v1` as in a Supabase project."""
    port = _free_port()
    settings = {
        "PGRST_DB_URI": database.address("authenticator"),
        "PGRST_DB_SCHEMAS": "public",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_POOL": "20",
        "PGRST_JWT_SECRET": SECRET,
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(port),
    }
    with _running([str(program)], environment=settings):
        _wait_until(lambda: _serves(port))
        with proxied(port, rewrite=(b"POST /rest/v1/", b"POST /")) as gateway:
            yield Rest(port, gateway)


@contextmanager
def _running(
    command: Sequence[str],
    *,
    user: str | None = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Generator[None]:
    process = subprocess.Popen(
        command,
        user=user,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _user() -> str | None:
    """The user to run the server as, if this one is root: Postgres refuses to run as root."""
    if os.geteuid() != 0:
        return None
    return "postgres" if any(each.pw_name == "postgres" for each in pwd.getpwall()) else "nobody"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_until(ready: Callable[[], bool]) -> None:
    last = time.monotonic() + START
    while not ready():
        if time.monotonic() > last:
            raise TimeoutError("the condition did not become true")
        time.sleep(0.05)


def _answers(database: Database) -> bool:
    try:
        database.run("select 1")
    except psycopg.OperationalError:
        return False
    return True


def _serves(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=5).status_code < SERVER_ERROR
    except httpx.HTTPError:
        return False

"""The tables of the SQLite ledger, and the check that a file has them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from vgen.errors import ConfigurationError

APPLICATION_ID = 0x7667656E
"""`vgen` in ASCII, in the file's header, so that no other program's database is taken for one."""

VERSION = 3
EMPTY = (0, 0, 0)

TABLES = """
CREATE TABLE jobs (
    job_id TEXT PRIMARY KEY,
    manifest TEXT NOT NULL,
    account TEXT NOT NULL,
    outcome TEXT NOT NULL DEFAULT '',
    opened_at REAL NOT NULL,
    stopped INTEGER NOT NULL DEFAULT 0,
    opening TEXT NOT NULL DEFAULT ''
);
CREATE TABLE claims (
    job_id TEXT NOT NULL REFERENCES jobs,
    clip_index INTEGER NOT NULL,
    owner TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    expires_at REAL NOT NULL,
    opening TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (job_id, clip_index)
);
CREATE TABLE attempts (
    attempt_id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs,
    clip_index INTEGER NOT NULL,
    number INTEGER NOT NULL,
    open INTEGER NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX attempts_of_clip ON attempts (job_id, clip_index, number);
CREATE UNIQUE INDEX one_open_attempt ON attempts (job_id, clip_index) WHERE open;
CREATE TABLE journal (
    line INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    job_id TEXT NOT NULL REFERENCES jobs,
    clip_index INTEGER NOT NULL,
    attempt_id TEXT NOT NULL REFERENCES attempts,
    entry TEXT NOT NULL,
    movement TEXT NOT NULL
);
CREATE INDEX journal_of_job ON journal (job_id, line);
CREATE INDEX journal_of_attempt ON journal (attempt_id, line);
"""

MIGRATIONS = {
    1: ("ALTER TABLE jobs ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0",),
    2: (
        "ALTER TABLE jobs ADD COLUMN opening TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE claims ADD COLUMN opening TEXT NOT NULL DEFAULT ''",
    ),
}
"""What makes a ledger of each older version one of the next."""


def connect(path: Path, *, make: bool) -> sqlite3.Connection:
    """Open a ledger file, and only if `make` one that is not there.

    Write-ahead logging with full synchronisation: a transaction that returned is on the disk.

    Raises:
        ConfigurationError: the file is another kind of file, or of a newer version.
        sqlite3.Error: it cannot be opened or made.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'rwc' if make else 'rw'}",
        uri=True,
        timeout=0.2,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        _check(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    try:
        if _identity(connection) == EMPTY:
            _make_tables(connection)
        application, version, _ = _identity(connection)
        if application == APPLICATION_ID and version in MIGRATIONS:
            _migrate(connection)
            application, version, _ = _identity(connection)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(f"{path}: is no vgen ledger ({error})") from None
    if application != APPLICATION_ID:
        raise ConfigurationError(f"{path}: is a database, but no vgen ledger")
    if version != VERSION:
        raise ConfigurationError(f"{path}: is a ledger of version {version}, not {VERSION}")


def _migrate(connection: sqlite3.Connection) -> None:
    """Migrate an older ledger to the newest version, unless another process was faster."""
    connection.execute("BEGIN IMMEDIATE")
    for version in range(_read_header(connection)[1], VERSION):
        for statement in MIGRATIONS[version]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.execute("COMMIT")


def _identity(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Read the identity, the version and the number of tables, all at one moment."""
    connection.execute("BEGIN")
    try:
        return _read_header(connection)
    finally:
        connection.execute("ROLLBACK")


def _read_header(connection: sqlite3.Connection) -> tuple[int, int, int]:
    application, version, tables = (
        connection.execute(question).fetchone()[0]
        for question in (
            "PRAGMA application_id",
            "PRAGMA user_version",
            "SELECT count(*) FROM sqlite_master",
        )
    )
    return application, version, tables


def _make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables, unless another process was faster."""
    connection.execute("BEGIN IMMEDIATE")
    if _read_header(connection) == EMPTY:
        for statement in filter(str.strip, TABLES.split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")

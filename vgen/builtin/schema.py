"""The tables of the SQLite ledger, and the check that a file has them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from vgen.errors import ConfigurationError

APPLICATION_ID = 0x7667656E
"""`vgen` in ASCII, in the file's header, so that no other program's database is taken for one."""

VERSION = 6
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

BOOKS = (
    "ALTER TABLE jobs ADD COLUMN made INTEGER",
    """CREATE TABLE purses (
        name TEXT PRIMARY KEY, spent TEXT NOT NULL, held TEXT NOT NULL, in_doubt TEXT NOT NULL
    )""",
    *(
        f"ALTER TABLE attempts ADD COLUMN {name} AS (json_extract(record, '$.{name}')) VIRTUAL"
        for name in ("backend", "account", "money", "sent", "custody", "purses")
    ),
    "ALTER TABLE journal ADD COLUMN spent AS (json_extract(movement, '$.spent')) VIRTUAL",
    "CREATE INDEX attempts_of_backend ON attempts (backend, money)",
    "CREATE INDEX keys_of_attempt ON attempts (attempt_id, backend, account, purses)",
    "CREATE INDEX spending ON journal (at, spent, attempt_id) WHERE CAST(spent AS REAL) <> 0",
    "UPDATE jobs SET made = CAST(outcome AS INTEGER) WHERE outcome GLOB '[0-9]* of [0-9]* clips'",
)
"""What the books need: columns that are computed from the records, and indexes."""

CLIPS = (
    """CREATE TABLE clips (
        job_id TEXT NOT NULL REFERENCES jobs,
        place INTEGER NOT NULL,
        clip_index INTEGER NOT NULL,
        record TEXT NOT NULL,
        PRIMARY KEY (job_id, place)
    )""",
    "CREATE INDEX clips_of_job ON clips (job_id, clip_index)",
    """INSERT INTO clips
        SELECT job_id, key, json_extract(value, '$.prompt.clip_index'), value
        FROM jobs, json_each(manifest, '$.clips')
    """,
    "UPDATE jobs SET manifest = json_set(manifest, '$.clips', json('[]'))",
    "ALTER TABLE jobs RENAME COLUMN manifest TO terms",
    "CREATE INDEX unsettled ON attempts (job_id) WHERE open AND sent",
    "CREATE INDEX claims_in_force ON claims (job_id) WHERE expires_at > 0",
)
"""What takes a job's clips out of the row that every movement of its money writes anew.

The column that is left has another name: an older vgen that has the file open cannot take it for a
whole manifest.
"""

NOTICES = (
    """CREATE TABLE notices (
        account TEXT NOT NULL,
        message_id TEXT NOT NULL,
        provider_id TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (account, message_id)
    )""",
    "CREATE INDEX notices_of_attempt ON notices (account, provider_id)",
    "CREATE INDEX notices_in_order ON notices (at)",
)
"""What providers have told of attempts."""

MIGRATIONS = {
    1: ("ALTER TABLE jobs ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0",),
    2: (
        "ALTER TABLE jobs ADD COLUMN opening TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE claims ADD COLUMN opening TEXT NOT NULL DEFAULT ''",
    ),
    3: BOOKS,
    4: CLIPS,
    5: NOTICES,
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


def is_writable(path: Path) -> bool:
    """Whether this process may write to a ledger's file, and the files that SQLite keeps by it."""
    as_now = os.access in os.supports_effective_ids
    return all(os.access(each, os.W_OK, effective_ids=as_now) for each in (path, path.parent))


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open a ledger file that this process cannot write.

    Where no process has it open, it is read as a file that cannot change: SQLite would need to
    write beside it to see changes.

    Raises:
        ConfigurationError: the file is another kind of file, or of another version.
        sqlite3.Error: it cannot be opened.
    """
    in_use = path.with_name(path.name + "-wal").exists()
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro{'' if in_use else '&immutable=1'}",
        uri=True,
        isolation_level=None,
    )
    try:
        _check(connection, path, may_write=False)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str) -> Generator[None]:
    """Run the block in a transaction, which is rolled back if the block raises."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _check(connection: sqlite3.Connection, path: Path, *, may_write: bool = True) -> None:
    try:
        if may_write and _identity(connection) == EMPTY:
            _make_tables(connection)
        application, version, _ = _identity(connection)
        if may_write and application == APPLICATION_ID and version in MIGRATIONS:
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
        for statement in (*filter(str.strip, TABLES.split(";")), *BOOKS, *CLIPS, *NOTICES):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")

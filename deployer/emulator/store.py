"""The emulator's database: one SQLite file, one connection, one transaction for each request.

Knows how to open, check and lock the file; what is in the tables is left to `rows`.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployer.emulator import effects, faults
from deployer.emulator.failures import EmulatorStoreError
from deployer.emulator.tables import TABLES

MEMORY = ":memory:"
_APPLICATION = 0x44574531
_VERSION = 2
_BUSY_MS = 30_000
_KEPT = ("project", "project_mode", "setting")

_TABLES = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS project (id INTEGER PRIMARY KEY, identifier TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS workflow (
  id TEXT PRIMARY KEY, project INTEGER NOT NULL REFERENCES project, kind TEXT NOT NULL,
  name TEXT NOT NULL, path TEXT NOT NULL, owner TEXT NOT NULL, spec TEXT NOT NULL,
  created INTEGER NOT NULL, modified INTEGER NOT NULL, task INTEGER);
CREATE INDEX IF NOT EXISTS workflow_path ON workflow (project, path);
CREATE TABLE IF NOT EXISTS node (
  id TEXT PRIMARY KEY, workflow TEXT NOT NULL REFERENCES workflow ON DELETE CASCADE,
  name TEXT NOT NULL, path TEXT NOT NULL, command TEXT NOT NULL, spec TEXT NOT NULL,
  created INTEGER NOT NULL, modified INTEGER NOT NULL, revision INTEGER NOT NULL, task INTEGER);
CREATE INDEX IF NOT EXISTS node_workflow ON node (workflow);
CREATE TABLE IF NOT EXISTS inner_node (
  id TEXT PRIMARY KEY, node TEXT NOT NULL REFERENCES node ON DELETE CASCADE);
CREATE INDEX IF NOT EXISTS inner_of ON inner_node (node);
CREATE TABLE IF NOT EXISTS output (
  workflow TEXT NOT NULL REFERENCES workflow ON DELETE CASCADE, entity TEXT NOT NULL,
  data TEXT NOT NULL, PRIMARY KEY (entity, data));
CREATE INDEX IF NOT EXISTS output_data ON output (data);
CREATE INDEX IF NOT EXISTS output_workflow ON output (workflow);
CREATE TABLE IF NOT EXISTS edge (
  workflow TEXT NOT NULL REFERENCES workflow ON DELETE CASCADE, entity TEXT NOT NULL,
  type TEXT NOT NULL, output TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (entity, type, output));
CREATE INDEX IF NOT EXISTS edge_workflow ON edge (workflow);
CREATE TABLE IF NOT EXISTS job (
  id TEXT PRIMARY KEY, project INTEGER NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL,
  error TEXT NOT NULL, target TEXT NOT NULL, dry_run INTEGER NOT NULL, created INTEGER NOT NULL,
  due INTEGER NOT NULL, ended INTEGER, payload TEXT, caller TEXT NOT NULL,
  request_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS job_status ON job (status, due);
CREATE TABLE IF NOT EXISTS job_base (
  job TEXT PRIMARY KEY REFERENCES job, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS past (
  id INTEGER PRIMARY KEY, workflow TEXT NOT NULL, scope TEXT NOT NULL, until INTEGER NOT NULL,
  reads INTEGER NOT NULL, state TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS past_of ON past (scope, workflow);
CREATE TABLE IF NOT EXISTS snapshot_spec (id INTEGER PRIMARY KEY, spec BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS snapshot (
  id TEXT PRIMARY KEY, project INTEGER NOT NULL REFERENCES project, object TEXT NOT NULL,
  type TEXT NOT NULL, version INTEGER NOT NULL, comment TEXT NOT NULL, creator TEXT NOT NULL,
  created INTEGER NOT NULL, spec INTEGER NOT NULL REFERENCES snapshot_spec);
CREATE INDEX IF NOT EXISTS snapshot_object ON snapshot (object, version);
CREATE TABLE IF NOT EXISTS nonce (
  key_id TEXT NOT NULL, nonce TEXT NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (key_id, nonce));
CREATE INDEX IF NOT EXISTS nonce_seen ON nonce (seen);
"""


class Store:
    """An open database. One request at a time uses it; other processes may use the same file."""

    def __init__(self, db: str | Path) -> None:
        """Open or create the file and its folders; raises EmulatorStoreError."""
        self._lock = threading.Lock()
        self._db = _open(db)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection inside a write transaction, committed unless an exception leaves."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection for queries that change nothing."""
        with self._lock:
            yield self._db

    def close(self) -> None:
        """Close the file; closing again does nothing."""
        with self._lock:
            self._db.close()


def empty(db: sqlite3.Connection) -> None:
    """Make the workspace as new, its log and its running number included.

    Projects and switches stay; the same calls have the same history again.
    """
    db.execute("PRAGMA defer_foreign_keys = ON")
    query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid DESC"
    for table in [row[0] for row in db.execute(query)]:
        if table not in _KEPT and not table.startswith("sqlite_"):
            db.execute(f"DROP TABLE {table}")
    db.execute("DELETE FROM setting WHERE name <> 'switches'")
    _make_tables(db)


@contextmanager
def savepoint(db: sqlite3.Connection) -> Iterator[None]:
    """Undo what the block wrote when it raises, and nothing else of the transaction."""
    db.execute("SAVEPOINT step")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK TO step")
        raise
    finally:
        db.execute("RELEASE step")


def _open(db: str | Path) -> sqlite3.Connection:
    try:
        if str(db) != MEMORY:
            if Path(db).is_symlink():
                raise EmulatorStoreError(f"the emulator database {db} is a link")
            Path(db).parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            str(db), timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, OSError) as err:
        raise EmulatorStoreError(f"the emulator database {db} cannot be used: {err}") from err
    return connection


def _prepare(db: sqlite3.Connection) -> None:
    db.row_factory = sqlite3.Row
    db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    _check_origin(db)
    _write_ahead(db)
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("BEGIN IMMEDIATE")
    _make_tables(db)
    db.execute(f"PRAGMA application_id = {_APPLICATION}")
    db.execute(f"PRAGMA user_version = {_VERSION}")
    db.execute("COMMIT")


def _make_tables(db: sqlite3.Connection) -> None:
    texts = f"{_TABLES};{TABLES}".split(";")
    for statement in (*texts, *effects.TABLES, *faults.TABLES):
        db.execute(statement)


def _check_origin(db: sqlite3.Connection) -> None:
    tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not tables:
        return
    if db.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
        raise EmulatorStoreError("the file is a database of another program")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != _VERSION:
        age = "a newer" if version > _VERSION else "an older"
        raise EmulatorStoreError(f"the emulator database was made by {age} version")


def _write_ahead(db: sqlite3.Connection) -> None:
    # Changing the journal mode ignores busy_timeout while another process creates the same file.
    for pause in (0.01, 0.05, 0.2, 1.0, 5.0):
        if db.execute("PRAGMA journal_mode").fetchone()[0] in ("wal", "memory"):
            return
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            time.sleep(pause)

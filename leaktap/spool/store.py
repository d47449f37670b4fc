"""The queue of one receiver: a SQLite file in write-ahead mode that only its owner can read.

A commit hands the row to the system, where it outlives the process; the sender's thread brings it to the disk within a
second or two, so that nobody waits for the disk. Several processes may add to a queue; one of them, the holder of its
lock, empties it. The limit of its size is SQLite's own (`max_page_count`), so a full queue and a full disk are alike.
"""

import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import time

from leaktap.spool._api import Row

_LAYOUT = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS waiting (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS refused (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, body BLOB NOT NULL, why TEXT, at REAL);
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
LIMIT = 256_000_000
"""Bytes of a queue, if not said otherwise."""
_SMALL = 4_000_000
_BUSY = 2.0
"""Seconds to wait for another process that is writing; none holds the file for more than milliseconds."""


class StoreError(Exception):
    """The queue cannot be opened or written: `str()` names the file and the cure."""


def folder() -> Path:
    """Returns where queues lie unless said otherwise: `$LEAKTAP_SPOOL`, or `leaktap/spool` in `$XDG_STATE_HOME`."""
    if said := os.environ.get("LEAKTAP_SPOOL"):
        return Path(said)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "leaktap" / "spool"


class Store:
    """An open queue. Threads may share it where one adds and one takes out."""

    def __init__(self, place: Path, identity: str, target: str, limit: int = LIMIT) -> None:
        """Opens or makes the queue of the receiver `identity` in the folder `place`, of at most `limit` bytes.

        `target` is how to open the receiver again; it is kept in the file and must hold no secret.

        Raises:
            StoreError: it cannot be opened or written.
        """
        name = hashlib.blake2b(identity.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
        self.file = place / f"{name}.sqlite3"
        self._limit = limit
        self._lock = -1
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._in, self._out = _connect(self.file), _connect(self.file)
            self._in.executescript(_TABLES)
            pages = limit // self._in.execute("PRAGMA page_size").fetchone()[0]
            self._in.execute(f"PRAGMA max_page_count={max(pages, 16)}")
            if self.told("target") != target:
                self._in.execute("INSERT OR REPLACE INTO about VALUES ('target', ?)", (target,))
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self.file}: the spool cannot be used ({_why(error)}): {_cure(error)}") from None

    def put(self, id_: str, body: bytes) -> None:
        """Adds a row; when this returns, the row outlives the process.

        Raises:
            StoreError: it was not added.
        """
        self.put_all([Row(0, id_, body)])

    def put_all(self, rows: Sequence[Row]) -> None:
        """Adds rows in their order, all or none.

        Raises:
            StoreError: they were not added.
        """
        try:
            with _transaction(self._in):
                self._in.executemany("INSERT INTO waiting (id, body) VALUES (?, ?)", [(r.id, r.body) for r in rows])
        except sqlite3.Error as error:
            raise StoreError(f"{self.file}: {self._full(error)}") from None

    def head(self, most: int, after: int = 0) -> list[Row]:
        """Returns the oldest rows that wait, of those behind the number `after`.

        Raises:
            StoreError: the file is broken.
        """
        try:
            rows = "SELECT seq, id, body FROM waiting WHERE seq > ? ORDER BY seq LIMIT ?"
            found = self._out.execute(rows, (after, most)).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self.file}: {_why(error)}") from None
        return [Row(*row) for row in found]

    def done(self, last: int) -> None:
        """Forgets the rows up to `last`: they have arrived.

        Raises:
            StoreError: they are still there, and will be sent again.
        """
        try:
            self._out.execute("DELETE FROM waiting WHERE seq <= ?", (last,))
        except sqlite3.Error as error:
            raise StoreError(f"{self.file}: {_why(error)}") from None

    def set_aside(self, row: Row, why: str) -> None:
        """Keeps a row that the receiver refused, out of the others' way.

        Raises:
            StoreError: it still waits.
        """
        try:
            with _transaction(self._out):
                values = (row.seq, row.id, row.body, why, time())
                self._out.execute("INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?, ?)", values)
                self._out.execute("DELETE FROM waiting WHERE seq = ?", (row.seq,))
        except sqlite3.Error as error:
            raise StoreError(f"{self.file}: {_why(error)}") from None

    def take_back(self) -> int:
        """Lets the rows that were refused wait again, behind the others; returns how many."""
        with _transaction(self._in):
            self._in.execute("INSERT INTO waiting (id, body) SELECT id, body FROM refused ORDER BY seq")
            return self._in.execute("DELETE FROM refused").rowcount

    def waiting(self) -> int:
        """Returns how many rows wait."""
        return int(self._in.execute("SELECT count(*) FROM waiting").fetchone()[0])

    def refused(self) -> int:
        """Returns how many rows were refused."""
        return int(self._in.execute("SELECT count(*) FROM refused").fetchone()[0])

    def told(self, name: str) -> str:
        """Returns what the file says about itself."""
        row = self._in.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def settle(self) -> None:
        """Brings what was committed to the disk. For the thread that takes out: it may wait for the disk."""
        try:
            self._out.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error:
            return  # a disk that is full now is told when a row is added

    def shrink(self) -> None:
        """Gives a large file's room back once nothing waits in it."""
        try:
            pages, size = (self._out.execute(f"PRAGMA page_{what}").fetchone()[0] for what in ("count", "size"))
            if pages * size > _SMALL and not self._out.execute("SELECT 1 FROM waiting LIMIT 1").fetchone():
                self._out.execute("VACUUM")
        except sqlite3.Error:
            return  # somebody else is writing: then the next run does it

    def lock(self) -> bool:
        """Tries to become the one that empties the queue; the system frees the lock of a process that died."""
        if self._lock < 0:
            descriptor = os.open(self.file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                return False
            self._lock = descriptor
        return True

    def unlock(self) -> None:
        """Lets another process empty the queue."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def close(self) -> None:
        """Closes the file."""
        self.unlock()
        for connection in (self._in, self._out):
            connection.close()

    def _full(self, error: sqlite3.Error) -> str:
        pages, size = (self._in.execute(f"PRAGMA page_{what}").fetchone()[0] for what in ("count", "size"))
        if _code(error) == sqlite3.SQLITE_FULL and pages * size > self._limit * 0.9:
            return f"the spool is full ({self._limit // 1_000_000} MB): allow more with #limit=MB"
        return f"the spool cannot be written ({_why(error)}): {_cure(error)}"


def stores(place: Path) -> Iterator[str]:
    """Yields the targets that have a queue in a folder."""
    for file in sorted(place.glob("*.sqlite3")):
        try:
            connection = sqlite3.connect(file, isolation_level=None, timeout=_BUSY)
            try:
                yield from (str(row[0]) for row in connection.execute("SELECT value FROM about WHERE name = 'target'"))
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise StoreError(f"{file}: the spool cannot be used ({_why(error)}): {_cure(error)}") from None


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "wal_autocheckpoint=0", "secure_delete=FAST"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    layout = connection.execute("PRAGMA user_version").fetchone()[0]
    if layout not in (0, _LAYOUT):
        raise sqlite3.DatabaseError(f"its layout is {layout}, known is {_LAYOUT}")
    connection.execute(f"PRAGMA user_version={_LAYOUT}")
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _code(error: Exception) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _why(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _cure(error: Exception) -> str:
    if _code(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return "move the file away, a new one is made"
    return "free some disk space, or name another folder with #spool=DIR"

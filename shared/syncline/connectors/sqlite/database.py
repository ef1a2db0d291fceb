"""A profile's SQLite file, opened only where the operator allows it, and only for so long."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from pydantic import Field

from syncline.connectors.errors import ConnectorError, refusal
from syncline.connectors.facts import Surroundings
from syncline.connectors.folders import AbsolutePath, Folder
from syncline.connectors.settings import ConnectorSettings, advanced
from syncline.connectors.sql.connector import StatementTimeout
from syncline.domain.errors import RetriableError


class SqliteSettings(ConnectorSettings):
    """A profile: where the database lies."""

    file: AbsolutePath = Field(title="File")
    statement_timeout: StatementTimeout = advanced(300, "Statement time-out")
    """Seconds that one statement may take."""


BUSY_LIMIT = 30_000
"""Milliseconds to wait for another writer."""
LARGEST_ROW = 16_000_000
"""Bytes of the largest field and row: a query could make one of any size."""
_STEPS = 20_000
_BUSY = ("locked", "busy", "disk I/O", "interrupted")
_WHOLE = (
    ("is full", "disk_full", "free some space there"),
    ("readonly", "read_only", "let whoever runs Syncline write the file and its folder"),
    ("unable to open", "not_permitted", "let whoever runs Syncline write the file and its folder"),
    ("no such table", "no_table", "make it"),
)
"""What is said of the whole database, its code, and what a person can do."""


class SqliteFile:
    """A profile's database file."""

    def __init__(self, settings: SqliteSettings, surroundings: Surroundings) -> None:
        self._path = Path(settings.file)
        self._folder = Folder(str(self._path.parent), surroundings)
        self._timeout = settings.statement_timeout

    @contextmanager
    def opened(self, *, writes: bool = False) -> Iterator[sqlite3.Connection]:
        """Open the file, for reading unless said otherwise; errors come as the port's."""
        with closing(self.open(writes=writes)) as connection, translated_errors():
            yield connection

    def open(self, *, writes: bool = False) -> sqlite3.Connection:
        """Open the file. Raises ConnectorError, RetriableError."""
        path = self._folder.within(self._path.name)
        if not path.is_file():
            raise refusal("no_file", f"there is no database {str(self._path)!r}")
        address = f"file:{quote(str(path))}?mode={'rw' if writes else 'ro'}"
        with translated_errors():
            connection = sqlite3.connect(
                address, uri=True, isolation_level=None, check_same_thread=False
            )
            connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_ROW)
            connection.execute(f"pragma busy_timeout = {BUSY_LIMIT}")
            connection.execute(f"pragma query_only = {int(not writes)}")
            connection.execute(f"pragma foreign_keys = {int(writes)}")
            self.limit(connection)
            return connection

    def limit(self, connection: sqlite3.Connection) -> None:
        """Let what runs from now on take no longer than the profile says."""
        end = time.monotonic() + self._timeout
        connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)


class NotUnicodeError(Exception):
    """A text of the database is not UTF-8: it must be read with care."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn errors of a whole call into the port's."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "decode to UTF-8" in str(error):
            raise NotUnicodeError(str(error)) from error
        raise failure_of(error) from error
    except sqlite3.DataError as error:
        if "too big" not in str(error):
            raise refusal("query_refused", f"SQLite: {error}") from error
        words = f"a row or field has more than {LARGEST_ROW:,} bytes: read other columns by `sql`"
        raise refusal("row_too_large", f"SQLite: {words}") from error
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise refusal("query_refused", f"SQLite: {error}") from error


def failure_of(error: sqlite3.OperationalError) -> RetriableError | ConnectorError:
    """Say whether a call may succeed later."""
    words = str(error)
    if words == "interrupted":
        return RetriableError("SQLite: the statement took too long", code="query_timeout")
    if any(word in words for word in _BUSY):
        return RetriableError(f"SQLite: {words}", code="source_unavailable")
    for said, code, advice in _WHOLE:
        if said in words:
            return refusal(code, f"SQLite: {words}: {advice}, then run again or replay what failed")
    return refusal("query_refused", f"SQLite: {words}")


def columns_of(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """Return a table's columns with their declared types. Raises ConnectorError if unknown."""
    rows = connection.execute("select name, type from pragma_table_xinfo(?)", (table,)).fetchall()
    if not rows:
        raise refusal("no_table", f"there is no table {table!r}")
    return dict(rows)

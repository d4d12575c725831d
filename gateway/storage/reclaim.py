"""Gives back the pages of what was deleted, so that nothing of it lingers in the database's files."""

import sqlite3
from contextlib import suppress
from typing import Any

from sqlalchemy import text

from gateway.storage.database import Database
from gateway.storage.sqlite import BUSY_MILLISECONDS

_PAGES = 500
"""Given back while writers wait: some milliseconds."""

_PATIENCE_MILLISECONDS = 100
"""How long writers may wait for readers to let go of the journal."""


def reclaim(database: Database) -> None:
    """Give free pages back to the file system.

    SQLite has overwritten them (secure_delete); its journal, which still holds them as they were, is
    emptied. Where somebody is at the file just then, the next time does it. PostgreSQL clears away
    the rows that nobody can see any more.
    """
    if database.is_sqlite:
        with suppress(sqlite3.OperationalError):
            _reclaim_sqlite(database)
    else:
        _reclaim_postgresql(database)


def _reclaim_sqlite(database: Database) -> None:
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_PATIENCE_MILLISECONDS}")
        pages = _free(cursor)
        while pages:
            with database.alone():
                cursor.execute(f"PRAGMA incremental_vacuum({_PAGES})").fetchall()
            left = _free(cursor)
            if left >= pages:
                # Writers free pages meanwhile, or the file is one that gives none back.
                break
            pages = left
    finally:
        connection.cursor().execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        connection.close()
    database.wipe_journal()


def _free(cursor: Any) -> int:
    pages: int = cursor.execute("PRAGMA freelist_count").fetchone()[0]
    return pages


def _reclaim_postgresql(database: Database) -> None:
    with database.engine.connect() as connection:
        outside = connection.execution_options(isolation_level="AUTOCOMMIT")
        outside.execute(text("VACUUM contacts, contact_digests, orders"))

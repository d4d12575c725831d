"""Has PostgreSQL learn how much its tables hold: it plans by what it knows, and learns late by itself."""

from sqlalchemy import text

from gateway.storage.database import Database
from gateway.storage.tables import contact_digests, contacts, items, orders

GROWING = (orders, items, contacts, contact_digests)
"""What an import fills."""


def learn(database: Database) -> None:
    """Count anew; whoever does so already, or may not, is left alone. Nothing on SQLite.

    The service's own role may where the server is PostgreSQL 17 or later; else autovacuum sees to it.
    """
    if not database.is_sqlite:
        names = ", ".join(table.name for table in GROWING)
        with database.glancing() as connection:
            connection.execute(text(f"ANALYZE (SKIP_LOCKED) {names}"))

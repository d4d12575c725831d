"""Fills a prepared SQLite database with millions of orders; it measures nothing, and serves nothing.

Rows are copies of real ones, as many columns and bytes, in the same tables and indexes, spread between
them by number. What a copy has of its own: number, name in the log, contact id, digests. Its envelopes
are bound to the order that it is a copy of, so they do not open.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime

from sqlalchemy import Table

from gateway.storage.tables import Instant, contact_digests, contacts, items, orders
from tests.benchmarks.scenery import Prepared

CONTACTS = 2
"""Contacts of an order: the carrier's and the shop's."""

_NUMBER = "one.order_number || printf('x%05d', copy.n)"
_RANDOM = "lower(hex(randomblob(16)))"
_OWN: Mapping[Table, Mapping[str, str]] = {
    orders: {
        "order_number": _NUMBER,
        "sales_order_id": "one.sales_order_id || printf('x%05d', copy.n)",
        "subject": _RANDOM,
        "subject_key": "randomblob(32)",
    },
    items: {"order_number": _NUMBER},
    contacts: {"order_number": _NUMBER, "contact": _RANDOM},
    contact_digests: {"order_number": _NUMBER, "digest": "randomblob(16)"},
}
_WHILE_FILLING = (
    "foreign_keys=OFF",
    "synchronous=OFF",
    "cache_size=-1500000",
    "wal_autocheckpoint=100000",
)


def fill(place: Prepared, count: int, delete_by: datetime | None = None) -> None:
    """Bring the database to about `count` contacts; the copies' go at `delete_by`, else as theirs."""
    copies = count // CONTACTS // len(place.numbers) - 1
    own = {table: dict(columns) for table, columns in _OWN.items()}
    if delete_by is not None:
        instant = str(Instant().process_bind_param(delete_by, None))
        own[contacts]["delete_by"] = own[orders]["latest_at"] = instant
    with closing(sqlite3.connect(place.data / "gateway.db", isolation_level=None)) as database:
        for pragma in _WHILE_FILLING:
            database.execute(f"PRAGMA {pragma}")
        database.execute("CREATE TEMP TABLE copy (n INTEGER PRIMARY KEY)")
        database.executemany("INSERT INTO copy VALUES (?)", ((n,) for n in range(copies)))
        for table, columns in own.items():
            database.execute(f"CREATE TEMP TABLE one AS SELECT * FROM main.{table.name}")
            taken = ", ".join(columns.get(it.name, f"one.{it.name}") for it in table.columns)
            names = ", ".join(it.name for it in table.columns)
            # One after another by number, as the tables' keys stand.
            database.execute(
                f"INSERT INTO main.{table.name} ({names}) SELECT {taken} FROM one CROSS JOIN copy"
            )
            database.execute("DROP TABLE one")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

"""A new order's rows, bound to their INSERTs in one process and stored by another; it opens nothing.

An import of many is as quick as the one process that stores, so that one has little to do for a row.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, Table, insert, make_url

from gateway.storage.tables import Instant, contact_digests, contacts, items, orders

_DIALECTS = {"sqlite": "sqlite://", "postgresql": "postgresql+psycopg://"}

Row = Any
"""Parameters of one row as the driver takes them, but mutable: a list or a dictionary."""


class BoundOrder(NamedTuple):
    """All rows of a new order, but for the times that its turn sets; it goes through a pipe."""

    order: Row
    items: list[Row]
    contacts: list[Row]
    digests: list[Row]


class _Insert:
    """The INSERT of whole rows of one table."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        compiled = insert(table).compile(dialect=dialect)
        binds: Mapping[str, Any] = getattr(compiled, "binds")  # noqa: B009  only SQL has them
        found = {
            name: kept.type.dialect_impl(dialect).bind_processor(dialect)
            for name, kept in binds.items()
        }
        self._names: Sequence[str] = getattr(compiled, "positiontup") or list(binds)  # noqa: B009
        self._processes: list[tuple[str, Callable[[Any], Any]]] = [
            (name, process) for name, process in found.items() if process
        ]
        self._absent = dict.fromkeys(self._names)
        self._text = str(compiled)
        self._is_positional = dialect.positional

    def bound(self, row: Mapping[str, Any]) -> Row:
        """The row; a column that it does not name is set later."""
        cells: dict[str, Any] = {**self._absent, **row}
        for name, process in self._processes:
            cells[name] = process(cells[name])
        return list(cells.values()) if self._is_positional else cells

    def place(self, name: str) -> Any:
        """Where a column stands in a bound row."""
        return self._names.index(name) if self._is_positional else name

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Store the rows."""
        if rows:
            made = [tuple(row) for row in rows] if self._is_positional else list(rows)
            connection.exec_driver_sql(self._text, made)


class Inserts:
    """The INSERTs of all that a new order consists of, on one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        self._orders = _Insert(orders, dialect)
        self._items = _Insert(items, dialect)
        self._contacts = _Insert(contacts, dialect)
        self._digests = _Insert(contact_digests, dialect)
        self._imported_at = self._orders.place("imported_at")
        self._latest_at = self._orders.place("latest_at")
        self._delete_by = self._contacts.place("delete_by")
        self._dialect = dialect

    def bound(
        self,
        order: Mapping[str, Any],
        items_: Sequence[Mapping[str, Any]],
        contacts_: Sequence[Mapping[str, Any]],
        digests: Sequence[Mapping[str, Any]],
    ) -> BoundOrder:
        """The rows of one order."""
        return BoundOrder(
            self._orders.bound(order),
            [self._items.bound(row) for row in items_],
            [self._contacts.bound(row) for row in contacts_],
            [self._digests.bound(row) for row in digests],
        )

    def run(
        self,
        connection: Connection,
        bound: Sequence[tuple[BoundOrder, datetime]],
        imported_at: datetime,
    ) -> None:
        """Store orders, each with the time at which its contacts go at the latest."""
        instant = partial(Instant().process_bind_param, dialect=self._dialect)
        now = instant(imported_at)
        for one, latest_at in bound:
            latest = instant(latest_at)
            one.order[self._imported_at] = now
            one.order[self._latest_at] = latest
            for row in one.contacts:
                row[self._delete_by] = latest
        self._orders.run(connection, [one.order for one, _ in bound])
        self._items.run(connection, [row for one, _ in bound for row in one.items])
        self._contacts.run(connection, [row for one, _ in bound for row in one.contacts])
        self._digests.run(connection, [row for one, _ in bound for row in one.digests])


@cache
def inserts(dialect: str) -> Inserts:
    """For a dialect by its name; the same in every process."""
    return Inserts(make_url(_DIALECTS[dialect]).get_dialect()())

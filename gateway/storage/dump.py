"""Writes a whole database as lines of text in one snapshot, and makes a database of such lines again.

The lines are the same whichever database they come from, so either takes a backup of the other.
Contacts stand in them as they stand in the tables, sealed; nothing here could open one.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    TableClause,
    Text,
    column,
    func,
    insert,
    inspect,
    select,
    table,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from gateway.storage import (
    console_tables,
    handover_tables,
    hint_tables,
    oauth_tables,
    rule_tables,
    schema,
    sync_tables,
    tables,
    tally_tables,
    verification_tables,
)

_FORMAT = 1
_ROWS = 1000
"""Rows that are read or written at a time: bounds memory."""

_BYTES = "bytes"
_TYPES: Mapping[str, TypeEngine[Any]] = {
    "integer": BigInteger(),
    "boolean": Boolean(),
    _BYTES: LargeBinary(),
    "json": JSON(none_as_null=True),
    "text": Text(),
}


_MODULES = (
    *(tables, console_tables, handover_tables, hint_tables, oauth_tables, sync_tables),
    *(tally_tables, rule_tables, verification_tables),
)
"""Each adds its tables to the one list of all."""


class NoDump(Exception):
    """The lines are no database's, or not all of it."""


def lines(connection: Connection, facts: Mapping[str, str]) -> Iterator[bytes]:
    """Every row of every table, as the connection's snapshot has it; `facts` stand at the top.

    ConfigurationError where a later version has added what this one would leave out.
    """
    yield _line({"format": _FORMAT, "revision": schema.own_revision(connection), **facts})
    rows = 0
    for one in _tables():
        kinds = {column.name: _kind(column) for column in one.columns}
        yield _line({"table": one.name, "columns": kinds})
        found = connection.execute(
            select(_plain(one.name, kinds)).execution_options(yield_per=_ROWS)
        )
        places = _places(kinds)
        for row in found:
            values = list(row)
            for at in places:
                if values[at] is not None:
                    values[at] = base64.b64encode(values[at]).decode("ascii")
            yield _line(values)
            rows += 1
    yield _line({"end": rows})


def load(connection: Connection, given: Iterable[bytes]) -> int:
    """Make the tables, fill them and bring them up to date, in the caller's transaction; the rows.

    NoDump where the lines are not all of a database; ConfigurationError where they come from a later
    version than this one.
    """
    try:
        return _load(connection, iter(given))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as fault:
        raise NoDump("these are not the lines of a database") from fault


def head(given: Iterable[bytes]) -> Mapping[str, Any]:
    """What stands at the top of the lines."""
    first = json.loads(next(iter(given), b"null"))
    if not isinstance(first, dict) or first.get("format") != _FORMAT:
        raise NoDump("these are not the lines of a database, or of another version of it")
    return first


def is_empty(connection: Connection) -> bool:
    """Whether the database has no table yet."""
    return not inspect(connection).get_table_names()


def _load(connection: Connection, given: Iterator[bytes]) -> int:
    schema.bring_to(connection, head(given)["revision"])
    rows, said = 0, None
    fill: _Filler | None = None
    for line in given:
        value = json.loads(line)
        if said is not None:
            raise NoDump("something follows after the end")
        if isinstance(value, dict):
            if fill is not None:
                rows += fill.end()
            said = value.get("end")
            fill = (
                None if said is not None else _Filler(connection, value["table"], value["columns"])
            )
        elif fill is not None:
            fill.take(value)
    if said != rows:
        raise NoDump("the lines break off before their end")
    schema.bring_to(connection, "head")
    _count_on(connection)
    return rows


class _Filler:
    """Puts rows into one table, many at a time."""

    def __init__(self, connection: Connection, name: str, kinds: Mapping[str, str]) -> None:
        self._connection = connection
        self._names = list(kinds)
        self._places = _places(kinds)
        self._insert = insert(_plain(name, kinds))
        self._rows: list[dict[str, Any]] = []
        self._count = 0

    def take(self, values: list[Any]) -> None:
        for at in self._places:
            if values[at] is not None:
                values[at] = base64.b64decode(values[at], validate=True)
        self._rows.append(dict(zip(self._names, values, strict=True)))
        if len(self._rows) == _ROWS:
            self.end()

    def end(self) -> int:
        """Put in what is left; how many rows there were."""
        if self._rows:
            self._connection.execute(self._insert, self._rows)
        self._count += len(self._rows)
        self._rows = []
        return self._count


def _tables() -> list[Table]:
    """All but those that migrations write, each after those that it refers to."""
    [metadata] = {module.metadata for module in _MODULES}
    return [one for one in metadata.sorted_tables if one is not tables.schema_steps]


def _plain(name: str, kinds: Mapping[str, str]) -> TableClause:
    """The table with types that are the same in every version and on either database."""
    return table(name, *(column(one, _TYPES[kind]) for one, kind in kinds.items()))


def _places(kinds: Mapping[str, str]) -> list[int]:
    """Where bytes stand, which JSON has no form for."""
    return [at for at, kind in enumerate(kinds.values()) if kind == _BYTES]


def _kind(one: Column[Any]) -> str:
    given = one.type.impl_instance if isinstance(one.type, TypeDecorator) else one.type
    match given:
        case JSON():
            return "json"
        case Boolean():
            return "boolean"
        case Integer():
            return "integer"
        case LargeBinary():
            return _BYTES
        case String():
            return "text"
    raise TypeError(f"{one} has a type that a backup has no form for")


def _count_on(connection: Connection) -> None:
    """Have PostgreSQL give numbers beyond those that came with the rows; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for one in _tables():
        counted = one.autoincrement_column
        if counted is not None:
            sequence = func.pg_get_serial_sequence(one.name, counted.name)
            beyond = select(func.coalesce(func.max(counted), 0) + 1).scalar_subquery()
            connection.execute(select(func.setval(sequence, beyond, False)))


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

"""Statements that run often: compiled once for each database, and then handed straight to its driver.

Building, compiling and caching cost SQLAlchemy ten times what SQLite needs for a row by its key.
Faults are SQLAlchemy's own, and so is the transaction: a statement here is one among the others.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NoReturn

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

_ROWS = 64
"""Rows of one statement: as many as works share a commit, and fewer parameters than SQLite takes."""

Values = Mapping[str, Any]
_Process = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as one dialect has it; parameters and columns with what converts them, if anything."""

    text: str
    names: Sequence[str]
    is_positional: bool
    constants: Values
    binds: Sequence[tuple[str, Callable[[Any], Any]]]
    columns: Sequence[tuple[int, Callable[[Any], Any]]]
    row: Any
    in_place: tuple[Callable[[Values], Sequence[Any]], Sequence[tuple[int, Any]]] | None
    """Of parameters by position, each once and none constant: what picks them, and what converts which."""
    one_row: str
    """Of an INSERT with positional parameters: its VALUES, which may be repeated; else empty."""

    def parameters(self, values: Values) -> Any:
        if self.in_place is not None:
            pick, processes = self.in_place
            cells = list(pick(values))
            for at, process in processes:
                cells[at] = process(cells[at])
            return cells
        converted = {**self.constants, **values}
        for name, process in self.binds:
            converted[name] = process(converted[name])
        return [converted[name] for name in self.names] if self.is_positional else converted

    def made(self, raw: Sequence[Any]) -> Any:
        if not self.columns:
            return self.row._make(raw)
        cells = list(raw)
        for at, process in self.columns:
            cells[at] = process(cells[at])
        return self.row._make(cells)


class Prepared:
    """A statement without lists among its parameters; its rows are named tuples."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def all(self, connection: Connection, values: Values) -> list[Any]:
        """Every row."""
        compiled = self._of(connection)
        try:
            found = _driver(connection).execute(compiled.text, compiled.parameters(values))
            return [compiled.made(raw) for raw in found.fetchall()]
        except connection.dialect.loaded_dbapi.Error as fault:
            _refused(connection, compiled.text, fault)

    def first(self, connection: Connection, values: Values) -> Any | None:
        """The row that there is, None where there is none."""
        found = self.all(connection, values)
        return found[0] if found else None

    def run(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Once for each of the rows; the statement gives none itself."""
        compiled = self._of(connection)
        try:
            cursor = _driver(connection).cursor()
            if compiled.one_row:
                _insert_together(cursor, compiled, rows)
            else:
                cursor.executemany(compiled.text, [compiled.parameters(row) for row in rows])
            cursor.close()
        except connection.dialect.loaded_dbapi.Error as fault:
            _refused(connection, compiled.text, fault)

    def _of(self, connection: Connection) -> _Compiled:
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compiled(self._statement, dialect)
        return found


def command(connection: Connection, text: str) -> None:
    """A statement without parameters or rows, such as BEGIN, with no transaction begun for it."""
    try:
        connection.connection.driver_connection.execute(text)  # type: ignore[union-attr]  # it is open
    except connection.dialect.loaded_dbapi.Error as fault:
        _refused(connection, text, fault)


def _compiled(statement: Executable, dialect: Dialect) -> _Compiled:
    compiled = _sql(statement, dialect)
    binds = {
        name: kept.type.dialect_impl(dialect).bind_processor(dialect)
        for name, kept in compiled.binds.items()
    }
    columns = list(getattr(statement, "selected_columns", ()))
    places = f"({', '.join('?' for _ in compiled.positiontup or ())})"
    is_repeatable = compiled.isinsert and str(compiled).endswith(f" VALUES {places}")
    processes: list[_Process] = [
        one.type.dialect_impl(dialect).result_processor(dialect, None) for one in columns
    ]
    names = compiled.positiontup or ()
    constants = {n: kept.value for n, kept in compiled.binds.items() if not kept.required}
    in_place = None
    if dialect.positional and len(names) > 1 and not constants:
        converted = [(at, process) for at, name in enumerate(names) if (process := binds[name])]
        in_place = itemgetter(*names), converted
    return _Compiled(
        text=str(compiled),
        names=names,
        is_positional=bool(dialect.positional),
        constants=constants,
        binds=[(name, process) for name, process in binds.items() if process],
        columns=[(at, process) for at, process in enumerate(processes) if process],
        row=namedtuple("Row", [one.key for one in columns]),  # noqa: PYI024  made from the statement
        in_place=in_place,
        one_row=places if is_repeatable else "",
    )


def _sql(statement: Executable, dialect: Dialect) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect) if isinstance(statement, ClauseElement) else None
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("only a statement that compiles to SQL can be prepared")
    return compiled


def _insert_together(cursor: Any, compiled: _Compiled, rows: Sequence[Values]) -> None:
    """Many rows with one call: SQLite's driver lets other threads run, and waits for them, at each."""
    for first in range(0, len(rows), _ROWS):
        some = rows[first : first + _ROWS]
        text = compiled.text + f", {compiled.one_row}" * (len(some) - 1)
        cursor.execute(text, [value for row in some for value in compiled.parameters(row)])


def _driver(connection: Connection) -> Any:
    """The driver's connection, in the transaction that SQLAlchemy would have begun."""
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.driver_connection


def _refused(connection: Connection, text: str, fault: Exception) -> NoReturn:
    dialect = connection.dialect
    is_lost = dialect.is_disconnect(fault, connection.connection.driver_connection, None)  # type: ignore[arg-type]
    if is_lost:
        connection.invalidate(fault)
        # The others that wait in the pool went with the same server.
        connection.engine.dispose()
    raise DBAPIError.instance(
        text,
        None,
        fault,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=dialect,
    ) from fault

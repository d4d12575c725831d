"""An export as a stream of orders: rows that follow one another under one number are one order.

Nothing is raised for what is read. Of orders already passed only a hash of the number is held, so that
an order whose rows stand apart is refused rather than stored without its other pieces.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.marketplaces.feed.derive import full_number
from gateway.marketplaces.feed.facts import FeedFacts
from gateway.marketplaces.feed.table import Row, Table, Torn
from gateway.marketplaces.stream import Broken, Malformed, OrderStream, Outcome, RawOrder
from gateway.marketplaces.window import Readable


@dataclass(slots=True)
class _Part:
    """A row or record: which order's it says it is, its cells, or why it is refused."""

    number: str
    line: int
    byte: int
    raw: bytes | None
    row: Mapping[str, Any]
    refusal: str = ""


@dataclass(slots=True)
class _Group:
    """The parts of one order."""

    parts: list[_Part] = field(default_factory=list)
    size: int = 0
    apart: bool = False

    def add(self, part: _Part, most: int) -> None:
        self.size += len(part.raw or b"")
        if self.size <= most:
            self.parts.append(part)
        else:
            first = self.parts[0]
            place = first.row.get("at", "a row")
            first.refusal = f"the order of {place} is larger than the limit of {most} bytes for one"


class _Orders:
    """What both formats share: parts become orders."""

    def __init__(self, facts: FeedFacts, order_bytes: int) -> None:
        self._facts = facts
        self._most = order_bytes
        self._position = 0
        self._seen: set[int] = set()

    def _grouped(self, parts: Iterable[_Part | Broken]) -> Iterator[Outcome]:
        group: _Group | None = None
        for part in parts:
            if isinstance(part, _Part) and group and part.number == group.parts[0].number != "":
                group.add(part, self._most)
                continue
            if group is not None:
                yield self._order(group)
            if isinstance(part, Broken):
                yield part
                return
            group = _Group(apart=part.number != "" and hash(part.number) in self._seen)
            group.add(part, self._most)
            self._seen.add(hash(part.number))
        if group is not None:
            yield self._order(group)

    def _order(self, group: _Group) -> Outcome:
        self._position += 1
        raws = [part.raw for part in group.parts if part.raw is not None]
        raw = b"".join(raws) if group.size <= self._most and len(raws) == len(group.parts) else None
        refused = next((part for part in group.parts if part.refusal), None)
        if refused is None and raw is not None:
            rows = [part.row for part in group.parts]
            return RawOrder(self._position, raw, {"rows": rows, "apart": group.apart})
        bad = refused or group.parts[0]
        number = full_number(bad.number, self._facts)
        return Malformed(self._position, bad.line, bad.byte, bad.refusal, number, raw)


class CsvOrders(_Orders):
    """The orders of a delimited file; to be iterated once."""

    def __init__(self, source: Readable, facts: FeedFacts, order_bytes: int) -> None:
        super().__init__(facts, order_bytes)
        self._table = Table(source, facts.layout, order_bytes)
        self.head = b""

    @property
    def consumed(self) -> int:
        """How many bytes have been taken from the source."""
        return self._table.consumed

    def again(self, raw: bytes) -> bytes:
        """The rows as they came; a file's last line may lack its end."""
        return raw if raw.endswith(b"\n") else raw + b"\n"

    def coarsely(self) -> Iterator[Outcome]:
        """As iterated: which of them are one order shows only where all are read."""
        return iter(self)

    def __iter__(self) -> Iterator[Outcome]:
        rows = iter(self._table)
        header = next(rows, None)
        if isinstance(header, Row) and _is_separator_line(header):
            header = next(rows, None)
        columns = self._columns(header)
        if isinstance(columns, Broken) or not isinstance(header, Row):
            if isinstance(columns, Broken):
                yield columns
            return
        self.head = self.again(header.raw)
        yield from self._grouped(self._part(row, columns, len(header.cells)) for row in rows)

    def _columns(self, header: Row | Torn | None) -> Mapping[str, int] | Broken:
        """Where each column of the map stands. The header is never repeated: it may be an order."""
        if header is None:
            return Broken(1, 0, "the input is empty; a header and a row for each piece belong here")
        if isinstance(header, Torn):
            return Broken(header.line, header.byte, header.message)

        def refused(message: str) -> Broken:
            return Broken(header.line, header.byte, message)

        if header.refusal:
            return refused(f"the header is {header.refusal}")
        names = [cell.strip() for cell in header.cells]
        for key, name in self._facts.columns.items():
            if names.count(name) > 1:
                return refused(f'the column "{name}" (columns.{key}) stands twice in the header')
            if name not in names:
                hint = "; is it the right file.delimiter?" if len(names) == 1 else ""
                return refused(
                    f"the header, row {header.number} with {len(names)} cells, has no column "
                    f'"{name}" (columns.{key} in marketplaces/{self._facts.marketplace}.toml){hint}'
                )
        return {key: names.index(name) for key, name in self._facts.columns.items()}

    def _part(self, row: Row | Torn, columns: Mapping[str, int], width: int) -> _Part | Broken:
        if isinstance(row, Torn):
            return Broken(row.line, row.byte, row.message)
        refusal = row.refusal and f"row {row.number} is {row.refusal}"
        if not refusal and len(row.cells) != width:
            refusal = f"row {row.number} has {len(row.cells)} cells, the header {width}"
        at = columns["order_number"]
        cells = row.guess if row.refusal else row.cells
        number = cells[at].strip() if at < len(cells) else ""
        if refusal:
            return _Part(number, row.line, row.byte, row.raw, {}, refusal)
        told = {"at": f"row {row.number}"} | {key: row.cells[at] for key, at in columns.items()}
        raw = self.again(row.raw)
        return _Part(number, row.line, row.byte, raw, told)


class JsonOrders(_Orders):
    """The orders of a JSON array, of an object that holds one, or of NDJSON; to be iterated once.

    Where the map names a list of pieces, each record is an order, and a later one of the same number
    its newer version; else each is a piece, as a row is.
    """

    def __init__(self, source: Readable, facts: FeedFacts, order_bytes: int) -> None:
        super().__init__(facts, order_bytes)
        self._stream = OrderStream(source, order_bytes=order_bytes, page=facts.layout.records)
        self._pieces = facts.of_pieces
        self.head = b""

    @property
    def consumed(self) -> int:
        """How many bytes have been taken from the source."""
        return self._stream.consumed

    def again(self, raw: bytes) -> bytes:
        """One record a line."""
        return raw if raw.endswith(b"\n") else self._stream.again(raw)

    def coarsely(self) -> Iterator[Outcome]:
        """As iterated: which of them are one order shows only where all are read."""
        return iter(self)

    def __iter__(self) -> Iterator[Outcome]:
        if self._pieces is None:
            return self._grouped(self._part(one) for one in self._stream)
        return (self._whole(one, self._pieces) for one in self._stream)

    def _part(self, outcome: Outcome) -> _Part | Broken:
        match outcome:
            case Broken():
                return outcome
            case Malformed():
                raw = None if outcome.raw is None else self._stream.again(outcome.raw)
                return _Part("", outcome.line, outcome.byte, raw, {}, outcome.message)
            case RawOrder():
                row = {"at": f"record {outcome.position}"} | {
                    key: _at(outcome.value, path) for key, path in self._facts.columns.items()
                }
                number = row["order_number"]
                told = str(number) if isinstance(number, str | int) else ""
                return _Part(told.strip(), 0, 0, self._stream.again(outcome.raw), row)

    def _whole(self, outcome: Outcome, pieces: str) -> Outcome:
        if not isinstance(outcome, RawOrder):
            return outcome
        place = f"record {outcome.position}"
        columns = self._facts.columns
        order = {
            key: _at(outcome.value, path) for key, path in columns.items() if "[]." not in path
        }
        within = {
            key: path.removeprefix(f"{pieces}[].") for key, path in columns.items() if "[]." in path
        }
        listed = _at(outcome.value, pieces)
        rows = [
            {"at": f"{place}, {pieces} {number}", **order}
            | {key: _at(piece, path) for key, path in within.items()}
            for number, piece in enumerate(listed if isinstance(listed, list) else [], start=1)
        ]
        return RawOrder(outcome.position, outcome.raw, {"rows": rows, "record": order, "at": place})


def _at(value: Any, path: str) -> Any:
    """What stands at a dotted path, None where there is nothing."""
    if isinstance(value, Mapping) and path in value:
        return value[path]
    head, dot, rest = path.partition(".")
    if not dot or not isinstance(value, Mapping):
        return None
    return _at(value.get(head), rest)


def _is_separator_line(header: Row) -> bool:
    """`sep=;`, by which Excel tells itself the delimiter."""
    return header.raw.strip().removeprefix(b"\xef\xbb\xbf")[:4].lower() == b"sep="

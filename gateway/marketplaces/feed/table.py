"""Reads a delimited table row by row as bytes; it never raises for what it reads, and holds one row at a time.

RFC 4180, with the delimiter, quote and encoding of the configuration. A row ends at a line's end that
is not inside quotes; rows are told as spreadsheets count them, the header being row 1.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.marketplaces.feed.facts import Layout
from gateway.marketplaces.window import CHUNK, Readable

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number, the line and byte where it begins, its cells, or else why it has none.

    `guess` holds the cells of a row that is refused, as far as they can be told.
    """

    number: int
    line: int
    byte: int
    raw: bytes = field(repr=False)
    cells: list[str] = field(repr=False)
    refusal: str = ""
    guess: list[str] = field(default_factory=list, repr=False)


@dataclass(frozen=True, slots=True)
class Torn:
    """A quote that is never closed: where its row begins. Nothing after that can be told apart."""

    line: int
    byte: int
    message: str


class Table:
    """The rows of one input, blank ones left out; to be iterated once."""

    def __init__(
        self, source: Readable, layout: Layout, row_bytes: int, *, chunk: int = CHUNK
    ) -> None:
        self.consumed = 0
        self._source = source
        self._layout = layout
        self._most = row_bytes
        self._chunk = chunk
        self._quote = layout.quote.encode()
        self._rows = 0

    def __iter__(self) -> Iterator[Row | Torn]:
        record, begins, byte, opened = bytearray(), 1, 0, False
        line = 0
        for piece, whole in self._lines():
            line += 1
            record += piece
            if self._quote and piece.count(self._quote) % 2:
                opened = not opened
            if len(record) > self._most or not whole:
                yield Torn(begins, byte, self._too_long(opened))
                return
            if opened:
                continue
            if (row := self._row(bytes(record), begins, byte)) is not None:
                yield row
            byte += len(record)
            record, begins = bytearray(), line + 1
        if opened:
            yield Torn(begins, byte, "a quote is opened in this row and never closed; close it")

    def _too_long(self, opened: bool) -> str:
        long = f"a row is longer than the limit of {self._most} bytes for one order"
        return f"{long}; perhaps a quote is opened in it and never closed" if opened else long

    def _lines(self) -> Iterator[tuple[bytes, bool]]:
        """Lines with their ends; False where one is longer than a row may be, and cut."""
        rest = bytearray()
        while piece := self._source.read(self._chunk):
            self.consumed += len(piece)
            rest += piece
            at = 0
            while (end := rest.find(b"\n", at)) >= 0:
                yield bytes(rest[at : end + 1]), True
                at = end + 1
            del rest[:at]
            if len(rest) > self._most:
                yield bytes(rest), False
                return
        if rest:
            yield bytes(rest), True

    def _row(self, raw: bytes, line: int, byte: int) -> Row | None:
        self._rows += 1
        body = raw.removesuffix(b"\n").removesuffix(b"\r")
        if self._rows == 1:
            if body.startswith(_UTF16_MARKS):
                return Row(1, line, byte, raw, [], "UTF-16; save the file as UTF-8")
            if body.startswith(_UTF8_MARK):
                if self._layout.encoding != "utf-8":
                    return Row(1, line, byte, raw, [], self._is_utf8())
                body = body.removeprefix(_UTF8_MARK)
        if not body:
            return None
        text, refusal = self._text(body)
        try:
            cells = self._cells(text, strict=True)
            if not refusal:
                return Row(self._rows, line, byte, raw, cells)
        except csv.Error as fault:
            refusal = refusal or _why(str(fault))
        try:
            guess = self._cells(text, strict=False)
        except csv.Error:
            guess = []
        return Row(self._rows, line, byte, raw, [], refusal, guess)

    def _cells(self, text: str, *, strict: bool) -> list[str]:
        quote = self._layout.quote
        rows = csv.reader(
            [text],
            delimiter=self._layout.delimiter,
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            strict=strict,
        )
        return next(rows, [])

    def _text(self, body: bytes) -> tuple[str, str]:
        """The row's text, and what is wrong with its encoding."""
        encoding = self._layout.encoding
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError:
            told = (
                f"not {encoding}; save the file as {encoding}, or set file.encoding to what it is"
            )
            return body.decode(encoding, "replace"), told
        if encoding != "utf-8" and not body.isascii() and _is_utf8(body):
            return text, self._is_utf8()
        return text, ""

    def _is_utf8(self) -> str:
        return f'UTF-8, though file.encoding says {self._layout.encoding}; set it to "utf-8"'


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _why(message: str) -> str:
    """The fault of Python's reader in words of ours, which repeat nothing of the row."""
    if "field limit" in message:
        return f"a cell of more than {csv.field_size_limit()} characters"
    if "new-line" in message or "newline" in message:
        return "a line break outside of quotes; end lines with LF or CRLF"
    return "a quote in the middle of a cell; double it, and put the cell into quotes"

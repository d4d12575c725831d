"""Any table that csv.writer writes is read back equal; whatever else comes is told of, and never raised."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.marketplaces.feed.facts import Layout
from gateway.marketplaces.feed.table import Row, Table, Torn
from tests.marketplaces.feed.feeds import table

CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def read(data: bytes, *, most: int = 1_000_000, chunk: int = 7, **layout: str) -> list[Row | Torn]:
    usual = {"format": "csv", "encoding": "utf-8", "delimiter": ";", "quote": '"', "records": ""}
    return list(Table(io.BytesIO(data), Layout(**{**usual, **layout}), most, chunk=chunk))


@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=8),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quote=st.sampled_from(['"', "'"]),
    end=st.sampled_from(["\n", "\r\n"]),
    all_quoted=st.booleans(),
    chunk=st.integers(1, 50),
)
def test_what_was_written_is_read(
    rows: list[list[str]], delimiter: str, quote: str, end: str, all_quoted: bool, chunk: int
) -> None:
    """Whatever the cells hold: delimiters, quotes, line breaks, in any dialect and any chunks."""
    # A lone CR needs quotes to be told from a row's end; csv.writer gives it some with CRLF alone.
    dialect: dict[str, Any] = {"quoting": 1 if all_quoted or end == "\n" else 0}
    data = table(rows, delimiter=delimiter, quotechar=quote, lineterminator=end, **dialect)
    found = read(data, delimiter=delimiter, quote=quote, chunk=chunk)
    marked = bool(rows) and data.startswith(b"\xef\xbb\xbf")
    if not marked:
        assert [one.cells for one in found if isinstance(one, Row)] == rows
        assert b"".join(one.raw for one in found if isinstance(one, Row)) == data


@given(
    data=st.binary(max_size=300), quote=st.sampled_from(['"', "'", ""]), chunk=st.integers(1, 40)
)
def test_hostile_bytes_raise_nothing(data: bytes, quote: str, chunk: int) -> None:
    """Rows, refused rows, or where it is torn; and no byte of a row that was told is lost."""
    for encoding in ("utf-8", "windows-1252"):
        found = read(data, most=100, quote=quote, encoding=encoding, chunk=chunk)
        assert b"".join(one.raw for one in found if isinstance(one, Row)) in data or not found
        assert all(isinstance(one, Row) for one in found[:-1])


def test_rows_are_counted_as_spreadsheets_do() -> None:
    """A cell of two lines makes one row of two lines; blank rows count and are passed over."""
    data = b'a;b\n"x\ny";1\n\nz;2\n'
    found = [(one.number, one.line, one.byte) for one in read(data) if isinstance(one, Row)]
    assert found == [(1, 1, 0), (2, 2, 4), (4, 5, 13)]


@pytest.mark.parametrize(
    ("data", "layout", "refusal"),
    [
        (b"a;\xfc\n", {}, "not utf-8"),
        (b"a;\xc3\xbc\n", {"encoding": "windows-1252"}, "UTF-8, though file.encoding says"),
        (b"\xef\xbb\xbfa\n", {"encoding": "windows-1252"}, "UTF-8, though file.encoding says"),
        ("a;b\n".encode("utf-16"), {}, "UTF-16"),
        (b'5"x;b"\n', {}, ""),
        (b'"5"x;b\n', {}, "a quote in the middle of a cell"),
        (b"a\rb;c\n", {}, "a line break outside of quotes"),
        (b"a;" + b"x" * 140_000 + b"\n", {}, "a cell of more than 131072 characters"),
    ],
)
def test_a_bad_row_is_told(data: bytes, layout: dict[str, str], refusal: str) -> None:
    """Encoding, quotes, lengths: what is wrong, and never what stands there."""
    [row, *_] = read(data, **layout)
    assert isinstance(row, Row)
    assert refusal in row.refusal
    assert bool(refusal) == bool(row.refusal)


def test_a_byte_order_mark_is_dropped() -> None:
    """Spreadsheets write one before UTF-8."""
    assert [one.cells for one in read(b"\xef\xbb\xbfa;b\n") if isinstance(one, Row)] == [["a", "b"]]


@pytest.mark.parametrize("data", [b'a\n"b;c\nd\n', b"a\n" + b"x" * 2000, b'a\n"' + b"x\n" * 2000])
def test_an_open_quote_ends_the_reading(data: bytes) -> None:
    """It is told where its row begins; it swallows at most what one order may take."""
    first, last = read(data, most=1000)
    assert isinstance(first, Row)
    assert isinstance(last, Torn)
    assert (last.line, last.byte) == (2, 2)

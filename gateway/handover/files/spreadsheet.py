"""Contacts as CSV (RFC 4180, UTF-8 with its mark) that no spreadsheet takes for formulas."""

import csv
import io
from collections.abc import Sequence

from gateway.handover.files.row import PURPOSE, Row, calm
from gateway.model.times import rfc3339
from gateway.usecases.reviewing.export_formats import harmless

HEAD = ("order_number", "consignment", "name", "phone", "email", "delete_by", "note", "release_id")


def line(row: Row) -> tuple[str, ...]:
    """The cells of a row; the phone as a tel: URI (RFC 3966), because + begins a formula."""
    cells = (
        row.order_number,
        row.consignment or "",
        row.name or "",
        "" if row.phone is None else f"tel:{row.phone}",
        row.email or "",
        rfc3339(row.delete_by),
        PURPOSE,
        row.release_id,
    )
    return tuple(harmless(calm(cell)) for cell in cells)


def file(lines: Sequence[Sequence[str]]) -> bytes:
    """The whole file, every cell in quotes."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([HEAD, *lines])
    return text.getvalue().encode("utf-8-sig")

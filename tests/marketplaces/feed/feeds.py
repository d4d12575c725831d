"""Feeds for tests: a small column map with changes, and tables as csv.writer writes them."""

import csv
import io
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.marketplaces.feed.facts import FeedFacts

COLUMNS = {
    "order_number": "Order",
    "order_date": "Date",
    "changed": "Changed",
    "name": "Name",
    "postcode": "ZIP",
    "country": "Country",
    "phone": "Phone",
    "email": "Mail",
    "piece": "Line",
    "quantity": "Qty",
    "sku": "SKU",
    "delivery_type": "Shipping",
    "carrier": "Carrier",
    "state": "State",
    "delivered": "Arrived",
}
HEADER = tuple(COLUMNS.values())
A_ROW = {
    "Order": "1001",
    "Date": "20.11.2026 09:15",
    "Name": "Erika Mustermann",
    "ZIP": "01067",
    "Country": "Deutschland",
    "Phone": "030 23125001",
    "Mail": "erika@example.org",
    "Line": "1",
    "Shipping": "Spedition",
    "State": "paid",
}


def a_map(**changes: Any) -> dict[str, Any]:
    """The tables of a feed's file; `changes` put a table or key in the place of one."""
    return {
        "number_prefix": "WEB-",
        "file": {"format": "csv", "delimiter": ";"},
        "columns": COLUMNS,
        "dates": {"formats": ["%d.%m.%Y %H:%M", "%d.%m.%Y", "iso"], "time_zone": "Europe/Berlin"},
        "states": {"PROCESSABLE": ["paid"], "CANCELLED_BY_PARTNER": ["void"]},
        "countries": {"DEU": ["Deutschland"]},
        "delivery_types": {"parcel": ["Paket"], "freight": ["Spedition"]},
        "carriers": {"parcel": [], "freight": ["Dachser"]},
        "sku": {"SOFA-*": "Spedition"},
        "phones": {"damaged": "refuse"},
        "relay": {"domains": []},
        "placeholder": {
            "domain": "placeholder.example",
            "pattern": "{first}.{last}.{order_number}",
        },
        "retention": {},
        **changes,
    }


def written(value: Any) -> str:
    """A value as TOML."""
    match value:
        case dict():
            inner = ", ".join(f"{_quoted(key)} = {written(one)}" for key, one in value.items())
            return f"{{ {inner} }}"
        case list():
            return f"[{', '.join(map(written, value))}]"
        case bool() | int():
            return str(value).lower()
        case _:
            return _quoted(value)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'


def loaded(folder: Path, name: str = "shop", **changes: Any) -> FeedFacts:
    """The feed of this name with `changes` to its file."""
    text = "".join(f"{key} = {written(value)}\n" for key, value in a_map(**changes).items())
    tomllib.loads(text)
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return FeedFacts.load(file)


def table(rows: Iterable[Sequence[str]], **dialect: Any) -> bytes:
    """Rows as csv.writer writes them."""
    text = io.StringIO(newline="")
    csv.writer(text, **{"delimiter": ";", **dialect}).writerows(rows)
    return text.getvalue().encode()


def export(*rows: Mapping[str, str]) -> bytes:
    """A header and rows; each is `A_ROW` with changes."""
    cells = [[(A_ROW | row).get(name, "") for name in HEADER] for row in rows]
    return table([HEADER, *cells])

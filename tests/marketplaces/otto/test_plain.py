"""The short way of reading an order comes to what the schema says, or leaves the word to it."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from gateway.marketplaces.otto import plain
from gateway.marketplaces.otto.shapes import judged
from tests.builders import a_freight_item, an_address, an_invoice_address, an_order

_STRANGE: list[Any] = [
    *(None, "", " ", "x", " x ", "x\x00", "x\u200e", "x\u00a0y", "\ud800", "x" * 65, "x" * 400),
    *(
        0,
        1.5,
        True,
        [],
        {},
        [None],
        [{}],
        {"sku": 1},
        {"sku": " S "},
        {"carrier": ""},
        {"carrier": "D"},
    ),
    *("COMPANY", "DEU", "deu", "MR", "SENT", "UNKNOWN", "PARCEL", "AbCdEfGhI1", "AbCdEfGhI1\n"),
    *("2025-04-01T08:56:40.385Z", "2025-04-01T08:56:40+02:00", "2025-02-30T08:56:40Z"),
    *(
        "2025-04-01 08:56:40Z",
        "0001-01-01T00:00:00+23:59",
        "2025-04-01T08:56:60Z",
        "2025-04-01T08:56Z",
    ),
]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value but its root."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, member in inner:
        found.append((*path, key))
        if isinstance(member, dict | list):
            found += _paths(member, (*path, key))
    return found


_GOOD = an_order(
    positionItems=[a_freight_item(sku="S-1"), a_freight_item(positionItemId="second")],
    deliveryAddress=an_address(title="Dr."),
    invoiceAddress=an_invoice_address(),
)
_CHANGES = st.lists(
    st.tuples(st.sampled_from(_paths(_GOOD)), st.sampled_from([..., *_STRANGE])), max_size=3
)


def _changed(changes: list[tuple[tuple[Any, ...], Any]]) -> dict[str, Any]:
    """The good order with values in other places' stead; what is ... is left out."""
    order: Any = copy.deepcopy(dict(_GOOD))
    for path, value in changes:
        place = order
        try:
            for key in path[:-1]:
                place = place[key]
            if value is not ...:
                place[path[-1]] = copy.deepcopy(value)
            else:
                del place[path[-1]]
        except (LookupError, TypeError):
            continue
    return dict(order)


@given(_CHANGES)
def test_what_is_read_the_short_way_is_what_the_schema_reads(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    """Whatever stands in an order, there is one reading of it; what does not hold is the schema's."""
    order = _changed(changes)
    read = plain.read(order)
    try:
        assert read in (None, judged(order))
    except ValidationError:
        assert read is None


def test_a_plain_order_goes_the_short_way() -> None:
    """It is what nearly every order is; the schema is not asked."""
    assert plain.read(_GOOD) == judged(_GOOD)

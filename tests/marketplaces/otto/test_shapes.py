"""What does not have an order's shape is told by field and fix, and never repeated."""

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from gateway.marketplaces.otto.shapes import shaped
from gateway.model.order import Status
from tests.builders import (
    a_freight_item,
    an_address,
    an_announced_order,
    an_invoice_address,
    an_item,
    an_order,
    without,
)

TYPES = ["PARCEL", "FORWARDER_CURBSIDE"]
MISSING = ["is missing; OTTO sends it with every order"]
TEXT = ["must be text in double quotes"]
NULL = ["must not be null"]
TIME = ["must be an RFC 3339 time, such as 2025-04-01T08:56:40.385Z"]
NUMBER = ["must be ten letters and digits"]
OBJECT = ["must be an object in braces"]
UNWANTED = ["must not hold control characters or direction marks"]
COUNTRY = ["must be an ISO 3166-1 alpha-3 code, such as DEU"]
STATUS = [f"must be one of {', '.join(Status)}"]
KNOWN = "FORWARDER_CURBSIDE, PARCEL"
TYPE = [f"must be one of {KNOWN}; a new one belongs into config/marketplaces/otto.toml"]
EMPTY = ["must not be missing or empty"]


def errors(order: Any) -> dict[str, list[str]]:
    """What is wrong with `order`; nothing where it has its shape."""
    try:
        shaped(order, TYPES)
    except ValidationError as fault:
        return fault.messages_dict
    return {}


def test_what_is_needed_is_read_and_nothing_else() -> None:
    """Street, prices, products and unknown fields leave no trace."""
    order = shaped(
        an_order(positionItems=[a_freight_item(sku=" S-1 ")], brandNew={"x": [1]}), TYPES
    )
    assert order == {
        "sales_order_id": "bf43d748-f13d-49ca-b2e2-00bagm62dvgp",
        "order_number": "bagm62dvgp",
        "order_date": datetime(2026, 11, 1, 8, 56, 40, 385000, tzinfo=UTC),
        "last_modified_date": datetime(2026, 11, 1, 9, 45, tzinfo=UTC),
        "position_items": [
            {
                "position_item_id": "b01b8ad2-a49c-47fc-8ade-8629ec000020",
                "fulfillment_status": Status.PROCESSABLE,
                "delivery_type": "FORWARDER_CURBSIDE",
                "sku": "S-1",
                "tracking_carrier": None,
            }
        ],
        "delivery_address": {
            "salutation": "MS",
            "title": None,
            "first_name": "Erika",
            "last_name": "Mustermann",
            "zip_code": "01067",
            "country_code": "DEU",
            "phone_number": "+49 30 23125001",
            "email": "erika@example.org",
        },
        "invoice_address": {
            "first_name": "Erika",
            "last_name": "Mustermann",
            "phone_number": None,
            "email": "trn2j3ozug2gcd0f@customer.otto.market",
        },
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"orderNumber": 1234567890}, {"orderNumber": TEXT}),
        ({"orderNumber": None}, {"orderNumber": NULL}),
        ({"orderNumber": ""}, {"orderNumber": NUMBER}),
        ({"orderNumber": "bagm62dvg"}, {"orderNumber": NUMBER}),
        ({"orderNumber": "bagm62dvgp1"}, {"orderNumber": NUMBER}),
        ({"orderNumber": "bagm62dvg\n"}, {"orderNumber": NUMBER}),
        ({"orderNumber": "bagm62dvgé"}, {"orderNumber": NUMBER}),
        ({"orderNumber": "../../etc."}, {"orderNumber": NUMBER}),
        ({"salesOrderId": {}}, {"salesOrderId": TEXT}),
        (
            {"salesOrderId": "x" * 65},
            {"salesOrderId": ["must be 1 to 64 letters, digits, dots, dashes or underscores"]},
        ),
        ({"orderDate": "yesterday"}, {"orderDate": TIME}),
        ({"orderDate": "2026-11-01"}, {"orderDate": TIME}),
        ({"orderDate": "2026-11-01T08:56:40"}, {"orderDate": TIME}),
        ({"orderDate": "2026-13-01T08:56:40Z"}, {"orderDate": TIME}),
        ({"orderDate": "2026-11-01T08:56:40Z\n"}, {"orderDate": TIME}),
        ({"orderDate": "20261101T085640Z"}, {"orderDate": TIME}),
        ({"orderDate": "0001-01-01T00:00:00+14:00"}, {"orderDate": TIME}),
        ({"orderDate": 1761987400}, {"orderDate": TEXT}),
        ({"lastModifiedDate": True}, {"lastModifiedDate": TEXT}),
        ({"positionItems": []}, {"positionItems": ["must hold 1 to 1000 pieces"]}),
        ({"positionItems": [{}] * 1001}, {"positionItems": ["must hold 1 to 1000 pieces"]}),
        ({"positionItems": {}}, {"positionItems": ["must be a list in brackets"]}),
        ({"positionItems": None}, {"positionItems": NULL}),
        ({"positionItems": "x"}, {"positionItems": ["must be a list in brackets"]}),
        ({"positionItems": [5]}, {"positionItems.0": OBJECT}),
        ({"deliveryAddress": []}, {"deliveryAddress": OBJECT}),
        ({"deliveryAddress": "Musterweg 1"}, {"deliveryAddress": OBJECT}),
        ({"invoiceAddress": 5}, {"invoiceAddress": OBJECT}),
        (
            {"deliveryAddress": None},
            {"deliveryAddress": ["is missing, though a piece is PROCESSABLE"]},
        ),
    ],
)
def test_an_orders_own_fields(changes: dict[str, Any], expected: dict[str, list[str]]) -> None:
    """Each fault has the path of its field and says what belongs there."""
    assert errors(an_order(**changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"positionItemId": 5}, {"positionItemId": TEXT}),
        (
            {"fulfillmentStatus": "DELIVERED"},
            {"fulfillmentStatus": STATUS},
        ),
        ({"fulfillmentStatus": []}, {"fulfillmentStatus": TEXT}),
        ({"fulfillmentStatus": None}, {"fulfillmentStatus": NULL}),
        (
            {"deliveryType": "LETTER"},
            {"deliveryType": TYPE},
        ),
        ({"deliveryType": 1}, {"deliveryType": TEXT}),
        ({"product": "Sped-1"}, {"product": OBJECT}),
        ({"product": {"sku": 98735}}, {"product.sku": TEXT}),
        ({"product": {"sku": "x" * 129}}, {"product.sku": ["must have 128 characters at most"]}),
        ({"trackingInfo": []}, {"trackingInfo": OBJECT}),
        ({"trackingInfo": {"carrier": 5}}, {"trackingInfo.carrier": TEXT}),
        ({"trackingInfo": {"carrier": "D\0HL"}}, {"trackingInfo.carrier": UNWANTED}),
        ({"product": None, "trackingInfo": None, "deliveryType": None}, {}),
        ({"product": {}, "trackingInfo": {}, "deliveryType": ""}, {}),
    ],
)
def test_a_pieces_fields(changes: dict[str, Any], expected: dict[str, list[str]]) -> None:
    """The path counts the pieces from 0."""
    found = errors(an_order(positionItems=[an_item("1"), an_item("2", **changes)]))
    assert found == {f"positionItems.1.{path}": texts for path, texts in expected.items()}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"firstName": ""}, {"firstName": EMPTY}),
        ({"lastName": " \u00a0 "}, {"lastName": EMPTY}),
        ({"firstName": None, "lastName": None}, {"firstName": EMPTY, "lastName": EMPTY}),
        ({"firstName": 5}, {"firstName": TEXT}),
        ({"lastName": ["Mustermann"]}, {"lastName": TEXT}),
        ({"lastName": "x" * 129}, {"lastName": ["must have 128 characters at most"]}),
        ({"lastName": "Muster\nmann"}, {"lastName": UNWANTED}),
        ({"lastName": "Muster\0mann"}, {"lastName": UNWANTED}),
        ({"lastName": "Mustermann\u202e"}, {"lastName": UNWANTED}),
        ({"lastName": "Muster\u2028mann"}, {"lastName": UNWANTED}),
        ({"lastName": "Muster\ud800mann"}, {"lastName": UNWANTED}),
        ({"firstName": "\u0646\u06cc\u0645\u200c\u0641"}, {}),
        ({"firstName": "Anna\u00a0Lena"}, {}),
        ({"salutation": "COMPANY", "firstName": ""}, {}),
        ({"salutation": "COMPANY", "lastName": None}, {}),
        (
            {"salutation": "COMPANY", "firstName": "", "lastName": ""},
            {"firstName": EMPTY, "lastName": EMPTY},
        ),
        ({"salutation": "DIVERSE"}, {}),
        ({"salutation": None, "title": "", "zipCode": None}, {}),
        ({"title": {}}, {"title": TEXT}),
        ({"zipCode": 1067}, {"zipCode": TEXT}),
        ({"countryCode": "DE"}, {"countryCode": COUNTRY}),
        ({"countryCode": "deu"}, {"countryCode": COUNTRY}),
        ({"countryCode": None}, {"countryCode": NULL}),
        ({"countryCode": 276}, {"countryCode": TEXT}),
        ({"phoneNumber": 493023125001}, {"phoneNumber": TEXT}),
        ({"phoneNumber": "0" * 129}, {"phoneNumber": ["must have 128 characters at most"]}),
        ({"phoneNumber": "030\t23125001"}, {"phoneNumber": UNWANTED}),
        ({"phoneNumber": None, "email": None}, {}),
        ({"email": False}, {"email": TEXT}),
        ({"email": "e" * 321}, {"email": ["must have 320 characters at most"]}),
        ({"email": "erika@example.org\r\nBcc: a@example.org"}, {"email": UNWANTED}),
    ],
)
def test_a_delivery_addresss_fields(
    changes: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    """Names are needed, both of a person and one of a company; null and empty mean absent."""
    found = errors(an_order(deliveryAddress=an_address(**changes)))
    assert found == {f"deliveryAddress.{path}": texts for path, texts in expected.items()}


def test_an_invoice_address_is_read_for_name_phone_and_email_only() -> None:
    """What else stands in it, or does not, does not matter."""
    assert errors(an_order(invoiceAddress={})) == {}
    assert errors(an_order(invoiceAddress={"countryCode": 5, "zipCode": 5})) == {}
    assert errors(an_order(invoiceAddress=None)) == {}
    assert errors(without(an_order(), "invoiceAddress")) == {}
    assert errors(an_order(invoiceAddress=an_invoice_address(email=5))) == {
        "invoiceAddress.email": TEXT
    }


def test_all_that_is_missing_is_told_at_once() -> None:
    """An empty object lists every field that it needs."""
    assert errors({}) == dict.fromkeys(
        ["salesOrderId", "orderNumber", "orderDate", "lastModifiedDate", "positionItems"], MISSING
    )
    assert errors(an_order(positionItems=[{}])) == {
        "positionItems.0.positionItemId": MISSING,
        "positionItems.0.fulfillmentStatus": MISSING,
    }
    assert errors(an_order(deliveryAddress={})) == {"deliveryAddress.countryCode": MISSING}


def test_the_same_piece_twice_is_a_fault() -> None:
    """Pieces are told apart by their id."""
    items = [an_item("1"), an_item("2"), an_item("1")]
    assert errors(an_order(positionItems=items)) == {
        "positionItems.2.positionItemId": ["stands twice in this order"]
    }


@pytest.mark.parametrize(
    "status", [status for status in Status if status is not Status.PROCESSABLE]
)
def test_only_a_processable_piece_needs_the_address(status: Status) -> None:
    """Announced orders have none yet; cancelled ones may never get one."""
    order = an_announced_order(positionItems=[an_item(fulfillmentStatus=status.value)])
    assert errors(order) == {}


def test_times_are_read_in_any_offset() -> None:
    """They come out in UTC."""
    order = shaped(an_order(orderDate="2026-11-01T10:56:40.123456789+02:00"), TYPES)
    assert order["order_date"] == datetime(2026, 11, 1, 8, 56, 40, 123456, tzinfo=UTC)
    assert order["order_date"].tzinfo is UTC


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in `value` with each of its keys or positions."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


ORDER = an_order(positionItems=[a_freight_item("1"), an_item("2")])
ODD = st.sampled_from(
    [
        "canary\0",
        "canary\u202e",
        "canary\ud800",
        "canary" * 100,
        ["canary"],
        {"canary": "canary"},
        {"canary": ["canary"]},
        [{"canary": "canary"}],
    ]
)


@given(st.integers(0, sum(1 for _ in places(ORDER)) - 1), ODD)
def test_no_message_repeats_what_was_sent(place: int, odd: Any) -> None:
    """A wrong value anywhere in the order is not found again in paths or messages."""
    order = copy.deepcopy(ORDER)
    container, key = list(places(order))[place]
    container[key] = odd
    assert "canary" not in repr(errors(order))


@given(st.integers(0, sum(1 for _ in places(ORDER)) - 1), st.data())
def test_any_value_anywhere_gives_an_order_or_errors(place: int, data: st.DataObject) -> None:
    """No JSON value in no place ends in a trace."""
    json_values = st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    )
    order = copy.deepcopy(ORDER)
    container, key = list(places(order))[place]
    container[key] = data.draw(json_values)
    found = errors(order)
    assert all(isinstance(path, str) and texts for path, texts in found.items())

"""Reads an order that is plainly good, six times as fast as the schema; of any doubt it says nothing.

What it reads is what the schema in `shapes` would; whether an order is wrong, and why, is not told here.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.marketplaces.countries import alpha2
from gateway.marketplaces.otto.forms import (
    ID,
    MOST_PIECES,
    ORDER_NUMBER,
    STATUSES,
    TIME,
)
from gateway.marketplaces.shaped import DeliveryAddress, InvoiceAddress, PositionItem, ShapedOrder


class _Doubt(Exception):
    """Not plainly good."""


def read(value: Mapping[str, Any]) -> ShapedOrder | None:
    """What is needed of an order, or None where the schema must judge."""
    try:
        pieces = value["positionItems"]
        if type(pieces) is not list or not 1 <= len(pieces) <= MOST_PIECES:
            return None
        return {
            "sales_order_id": _one(ID.fullmatch, value["salesOrderId"]),
            "order_number": _one(ORDER_NUMBER.fullmatch, value["orderNumber"]),
            "order_date": _time(value["orderDate"]),
            "last_modified_date": _time(value["lastModifiedDate"]),
            "position_items": [_item(piece) for piece in pieces],
            "delivery_address": _delivery(value.get("deliveryAddress")),
            "invoice_address": _invoice(value.get("invoiceAddress")),
        }
    except (_Doubt, LookupError, ValueError, OverflowError):
        return None


def _item(piece: Any) -> PositionItem:
    piece = _object(piece)
    status = piece["fulfillmentStatus"]
    if type(status) is not str:
        raise _Doubt
    return {
        "position_item_id": _one(ID.fullmatch, piece["positionItemId"]),
        "fulfillment_status": STATUSES[status],
        "delivery_type": _text(piece.get("deliveryType"), 64),
        "sku": _member(piece.get("product"), "sku", 128),
        "tracking_carrier": _member(piece.get("trackingInfo"), "carrier", 64),
    }


def _invoice(address: Any) -> InvoiceAddress | None:
    if address is None:
        return None
    address = _object(address)
    return {
        "first_name": _text(address.get("firstName"), 128),
        "last_name": _text(address.get("lastName"), 128),
        "phone_number": _text(address.get("phoneNumber"), 128),
        "email": _text(address.get("email"), 320),
    }


def _delivery(address: Any) -> DeliveryAddress | None:
    known = _invoice(address)
    if known is None:
        return None
    return {
        **known,
        "salutation": _text(address.get("salutation"), 32),
        "title": _text(address.get("title"), 64),
        "zip_code": _text(address.get("zipCode"), 16),
        "country_code": _one(alpha2().get, address["countryCode"]),
    }


def _object(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise _Doubt
    return value


def _one(found: Any, value: Any) -> str:
    """The text itself where `found` finds it."""
    if type(value) is not str or not found(value):
        raise _Doubt
    return value


def _text(value: Any, most: int) -> str | None:
    if value is None:
        return None
    if type(value) is not str or len(value) > most or not value.isprintable():
        raise _Doubt
    return value.strip() or None


def _member(value: Any, name: str, most: int) -> str | None:
    return None if value is None else _text(_object(value).get(name), most)


def _time(value: Any) -> datetime:
    return datetime.fromisoformat(_one(TIME.fullmatch, value)).astimezone(UTC)

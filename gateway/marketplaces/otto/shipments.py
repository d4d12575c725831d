"""The shape of OTTO's shipments (Shipments API v1) as far as it tells what was delivered, and when."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

_ID = validate.Regexp(r"[A-Za-z0-9._-]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class ShippedPiece:
    """A position item, by the ids of its order and its own."""

    sales_order_id: str
    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """A shipment. `delivered_at` is the first time that a state said so, None while none has.

    `states_known` tells an undelivered shipment from one whose states this answer leaves out, as it
    leaves out `pieces` in a list.
    """

    shipment_id: str
    created_at: datetime | None
    states_known: bool
    delivered_at: datetime | None
    pieces: tuple[ShippedPiece, ...]


def shaped_shipment(value: Any, delivered_states: Collection[str]) -> Shipment:
    """The shipment that OTTO's JSON object stands for; ValidationError where it does not hold."""
    if not isinstance(value, Mapping):
        raise ValidationError("must be an object in braces")
    found = _schema().load(value)
    states = found["states"]
    delivered = [one["occurred_on"] for one in states or () if one["state"] in delivered_states]
    return Shipment(
        shipment_id=found["shipment_id"],
        created_at=found["creation_date"],
        states_known=states is not None,
        delivered_at=min(delivered, default=None),
        pieces=tuple(
            ShippedPiece(piece["sales_order_id"], piece["position_item_id"])
            for piece in found["position_items"] or ()
        ),
    )


class _Shape(Schema):
    class Meta:
        unknown = EXCLUDE


def _time(data_key: str, **options: Any) -> fields.AwareDateTime:
    return fields.AwareDateTime("iso", default_timezone=UTC, data_key=data_key, **options)


class _StateShape(_Shape):
    state = fields.String(required=True)
    occurred_on = _time("occurredOn", required=True)


class _PieceShape(_Shape):
    sales_order_id = fields.String(required=True, data_key="salesOrderId", validate=_ID)
    position_item_id = fields.String(required=True, data_key="positionItemId", validate=_ID)


class _ShipmentShape(_Shape):
    shipment_id = fields.String(required=True, data_key="shipmentId", validate=_ID)
    creation_date = _time("creationDate", load_default=None, allow_none=True)
    states = fields.List(fields.Nested(_StateShape), load_default=None, allow_none=True)
    position_items = fields.List(
        fields.Nested(_PieceShape), data_key="positionItems", load_default=None, allow_none=True
    )


@cache
def _schema() -> _ShipmentShape:
    return _ShipmentShape()

"""The shape of an OTTO v4 order as far as it is needed; its messages must never repeat what was sent.

Field names: OTTO Market Orders API v4. Unknown fields are passed over, as OTTO asks of its clients;
street, prices and products are not even looked at.
"""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, cast

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from gateway.marketplaces.countries import alpha2
from gateway.marketplaces.otto import plain
from gateway.marketplaces.otto.forms import (
    ID,
    MOST_PIECES,
    ORDER_NUMBER,
    STATUSES,
    TIME,
    UNWANTED,
)
from gateway.marketplaces.paths import by_path
from gateway.marketplaces.shaped import COMPANY, ShapedOrder
from gateway.model.order import Status

_T = TypeVar("_T")

_ID_DESCRIBED = "must be 1 to 64 letters, digits, dots, dashes or underscores"


def shaped(value: Mapping[str, Any], delivery_types: Collection[str]) -> ShapedOrder:
    """The needed part of an order; ValidationError with messages by path where it does not hold."""
    order = plain.read(value) or judged(value)
    if contradictions := _contradictions(order, delivery_types):
        raise ValidationError(contradictions)
    return order


def judged(value: Mapping[str, Any]) -> ShapedOrder:
    """`shaped` but for contradictions, field by field: the one authority on what an order looks like."""
    try:
        return cast("ShapedOrder", _schema().load(value))
    except ValidationError as fault:
        raise ValidationError(by_path(fault.messages_dict)) from None


def _contradictions(order: ShapedOrder, delivery_types: Collection[str]) -> dict[str, list[str]]:
    """What each field allows but the order as a whole, or the configuration, does not."""
    errors: dict[str, list[str]] = {}
    ids: set[str] = set()
    for position, item in enumerate(order["position_items"]):
        path = f"positionItems.{position}"
        if item["position_item_id"] in ids:
            errors[f"{path}.positionItemId"] = ["stands twice in this order"]
        ids.add(item["position_item_id"])
        if item["delivery_type"] is not None and item["delivery_type"] not in delivery_types:
            known = ", ".join(sorted(delivery_types))
            errors[f"{path}.deliveryType"] = [
                f"must be one of {known}; a new one belongs into config/marketplaces/otto.toml"
            ]
    address = order["delivery_address"]
    if address is not None:
        names = {"firstName": address["first_name"], "lastName": address["last_name"]}
        missing = [field for field, name in names.items() if name is None]
        if len(missing) > (address["salutation"] == COMPANY):
            errors |= {
                f"deliveryAddress.{field}": ["must not be missing or empty"] for field in missing
            }
    elif any(item["fulfillment_status"] is Status.PROCESSABLE for item in order["position_items"]):
        errors["deliveryAddress"] = ["is missing, though a piece is PROCESSABLE"]
    return errors


_MESSAGES: dict[str, Any] = {
    "required": "is missing; OTTO sends it with every order",
    "null": "must not be null",
    "type": "must be text in double quotes",
}
_NO_OBJECT: dict[str, str] = {"type": "must be an object in braces"}


class _Strict(fields.Field[_T]):
    """A field that is text in the JSON, whatever is made of it."""

    default_error_messages = _MESSAGES

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("type")
        return value


class _Text(_Strict[str | None]):
    """Text without surrounding blanks; absent, null and empty are None."""

    def __init__(self, most: int, *, data_key: str | None = None) -> None:
        super().__init__(data_key=data_key, load_default=None)
        self._most = most

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        text = self._text(value)
        if len(text) > self._most:
            raise ValidationError(f"must have {self._most} characters at most")
        if not text.isprintable() and UNWANTED.search(text):
            raise ValidationError("must not hold control characters or direction marks")
        return text.strip() or None


class _Member(_Text):
    """The one text that is needed of an object; a schema for it would take three times as long."""

    def __init__(self, member: str, most: int, *, data_key: str) -> None:
        super().__init__(most, data_key=data_key)
        self._member = member

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        if not isinstance(value, Mapping):
            raise ValidationError(_NO_OBJECT["type"])
        text = value.get(self._member)
        try:
            return None if text is None else super()._deserialize(text)
        except ValidationError as fault:
            raise ValidationError({self._member: fault.messages}) from None


class _Word(_Strict[str]):
    """Text of one fixed form."""

    def __init__(self, form: re.Pattern[str], described: str, *, data_key: str) -> None:
        super().__init__(data_key=data_key, required=True)
        self._form = form
        self._described = described

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        text = self._text(value)
        if not self._form.fullmatch(text):
            raise ValidationError(self._described)
        return text


class _Time(_Strict[datetime]):
    """A time, in UTC."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        text = self._text(value)
        try:
            if TIME.fullmatch(text):
                return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise ValidationError("must be an RFC 3339 time, such as 2025-04-01T08:56:40.385Z")


class _FulfillmentStatus(_Strict[Status]):
    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Status:
        status = STATUSES.get(self._text(value))
        if status is None:
            raise ValidationError(f"must be one of {', '.join(STATUSES)}")
        return status


class _Country(_Strict[str]):
    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        code = self._text(value)
        if code not in alpha2():
            raise ValidationError("must be an ISO 3166-1 alpha-3 code, such as DEU")
        return code


class _Pieces(fields.List[Any]):
    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        # Counted before they are looked at: a list of a hundred thousand faults helps nobody.
        if isinstance(value, list) and not 1 <= len(value) <= MOST_PIECES:
            raise ValidationError(f"must hold 1 to {MOST_PIECES} pieces")
        return super()._deserialize(value, *args, **kwargs)


class _Shape(Schema):
    error_messages = _NO_OBJECT

    class Meta:
        unknown = EXCLUDE


class _InvoiceShape(_Shape):
    first_name = _Text(128, data_key="firstName")
    last_name = _Text(128, data_key="lastName")
    phone_number = _Text(128, data_key="phoneNumber")
    email = _Text(320)


class _DeliveryShape(_InvoiceShape):
    salutation = _Text(32)
    title = _Text(64)
    zip_code = _Text(16, data_key="zipCode")
    country_code = _Country(data_key="countryCode", required=True)


class _ItemShape(_Shape):
    position_item_id = _Word(ID, _ID_DESCRIBED, data_key="positionItemId")
    fulfillment_status = _FulfillmentStatus(data_key="fulfillmentStatus", required=True)
    delivery_type = _Text(64, data_key="deliveryType")
    sku = _Member("sku", 128, data_key="product")
    tracking_carrier = _Member("carrier", 64, data_key="trackingInfo")


class _OrderShape(_Shape):
    sales_order_id = _Word(ID, _ID_DESCRIBED, data_key="salesOrderId")
    order_number = _Word(ORDER_NUMBER, "must be ten letters and digits", data_key="orderNumber")
    order_date = _Time(data_key="orderDate", required=True)
    last_modified_date = _Time(data_key="lastModifiedDate", required=True)
    position_items = _Pieces(
        fields.Nested(_ItemShape),
        data_key="positionItems",
        required=True,
        error_messages=_MESSAGES | {"invalid": "must be a list in brackets"},
    )
    delivery_address = fields.Nested(_DeliveryShape, data_key="deliveryAddress", load_default=None)
    invoice_address = fields.Nested(_InvoiceShape, data_key="invoiceAddress", load_default=None)


@cache
def _schema() -> _OrderShape:
    return _OrderShape()

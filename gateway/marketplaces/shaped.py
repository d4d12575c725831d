"""An order that has its marketplace's shape, in names of our own: what every derivation begins with."""

from datetime import datetime
from typing import NotRequired, TypedDict

from gateway.model.order import Status

COMPANY = "COMPANY"
"""The salutation of an address that is a company's."""


class InvoiceAddress(TypedDict):
    """What is read of the invoice address; absent, null and empty are None."""

    first_name: str | None
    last_name: str | None
    phone_number: str | None
    email: str | None


class DeliveryAddress(InvoiceAddress):
    """What is read of the delivery address."""

    salutation: str | None
    title: str | None
    zip_code: str | None
    country_code: str


class PositionItem(TypedDict):
    """One piece, with its product's SKU and its tracking's carrier."""

    position_item_id: str
    fulfillment_status: Status
    delivery_type: str | None
    sku: str | None
    tracking_carrier: str | None
    delivered_at: NotRequired[datetime | None]


class ShapedOrder(TypedDict):
    """An order that has its shape."""

    sales_order_id: str
    order_number: str
    order_date: datetime
    last_modified_date: datetime
    position_items: list[PositionItem]
    delivery_address: DeliveryAddress | None
    invoice_address: InvoiceAddress | None

"""OTTO orders as JSON objects for tests; every name is invented, every address and number reserved."""

import json
from collections.abc import Iterable
from typing import Any

ORDER_NUMBER = "bagm62dvgp"
RELAY = "trn2j3ozug2gcd0f@customer.otto.market"


def an_address(**changes: Any) -> dict[str, Any]:
    """A delivery address with phone and e-mail; `changes` by OTTO's field names."""
    return {
        "salutation": "MS",
        "title": None,
        "firstName": "Erika",
        "lastName": "Mustermann",
        "street": "Musterweg",
        "houseNumber": "1",
        "addition": None,
        "zipCode": "01067",
        "city": "Dresden",
        "countryCode": "DEU",
        "phoneNumber": "+49 30 23125001",
        "email": "erika@example.org",
        **changes,
    }


def an_invoice_address(**changes: Any) -> dict[str, Any]:
    """An invoice address with OTTO's relay, without phone."""
    return without(an_address(email=RELAY), "phoneNumber", "title", "addition") | changes


def an_item(
    item_id: str = "b01b8ad2-a49c-47fc-8ade-8629ec000020",
    *,
    sku: str | None = "Wohn-3-98735",
    carrier: str | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A piece without evidence of its mode, unless `sku`, `carrier` or `deliveryType` give some."""
    return {
        "positionItemId": item_id,
        "fulfillmentStatus": "PROCESSABLE",
        "processableDate": "2026-11-01T09:45:00.000Z",
        "expectedDeliveryDate": "2026-11-30T00:00:00.000Z",
        "weeePickup": False,
        "itemValueGrossPrice": {"amount": 899.0, "currency": "EUR"},
        "product": {
            "sku": sku,
            "ean": "8263748321943",
            "articleNumber": "W3",
            "productTitle": "Wohnlandschaft 3.tlg.",
            "vatRate": 19.0,
        },
        "trackingInfo": {"carrier": carrier, "carrierServiceCode": None, "trackingNumber": None},
        **changes,
    }


def a_freight_item(item_id: str = "b01b8ad2-a49c-47fc-8ade-8629ec000020", **changes: Any) -> Any:
    """A piece that goes as freight by its delivery type."""
    return an_item(item_id, **{"deliveryType": "FORWARDER_CURBSIDE", **changes})


def a_parcel_item(item_id: str = "b01b8ad2-a49c-47fc-8ade-8629ec000021", **changes: Any) -> Any:
    """A piece that goes as parcel by its delivery type."""
    return an_item(item_id, **{"deliveryType": "PARCEL", **changes})


def an_order(number: str = ORDER_NUMBER, **changes: Any) -> dict[str, Any]:
    """A freight order with phone, e-mail and relay; `changes` by OTTO's field names."""
    sales_order_id = f"bf43d748-f13d-49ca-b2e2-{number:0>12.12}"
    return {
        "salesOrderId": sales_order_id,
        "orderNumber": number,
        "orderDate": "2026-11-01T08:56:40.385Z",
        "lastModifiedDate": "2026-11-01T09:45:00.000Z",
        "orderLifecycleInformation": {"lifecycleChangeDate": "2026-11-01T09:45:00.000Z"},
        "payment": {"paymentMethod": "PAYPAL"},
        "suspectedFraudCase": False,
        "positionItems": [a_freight_item()],
        "deliveryAddress": an_address(),
        "invoiceAddress": an_invoice_address(),
        "links": [{"href": f"/v4/orders/{sales_order_id}", "rel": "self"}],
        **changes,
    }


def a_parcel_order(number: str = ORDER_NUMBER, **changes: Any) -> dict[str, Any]:
    """A parcel order as OTTO gives it: no phone, no e-mail of the buyer, a relay."""
    address = without(an_address(), "phoneNumber", "email")
    return an_order(
        number, **{"positionItems": [a_parcel_item()], "deliveryAddress": address, **changes}
    )


def an_announced_order(number: str = ORDER_NUMBER, **changes: Any) -> dict[str, Any]:
    """A prepaid order that waits for its payment: no delivery address yet, no relay."""
    items = [a_freight_item(fulfillmentStatus="ANNOUNCED")]
    order = an_order(number, **{"positionItems": items, **changes})
    return without(order, *({"deliveryAddress", "invoiceAddress"} - changes.keys()))


def order_number(count: int) -> str:
    """Ten alphanumerics, another for each count."""
    return f"t{count:09d}"


def without(value: dict[str, Any], *keys: str) -> dict[str, Any]:
    """`value` without `keys`."""
    return {key: inner for key, inner in value.items() if key not in keys}


def a_page(orders: Iterable[Any]) -> bytes:
    """The orders as OTTO's API gives a page, with a link to the next one."""
    link = {"href": "/v4/orders?nextcursor=eyJmZiI6&limit=128", "rel": "next"}
    return json.dumps({"resources": list(orders), "links": [link]}).encode()


def an_array(orders: Iterable[Any]) -> bytes:
    """The orders as a JSON array."""
    return json.dumps(list(orders)).encode()


def ndjson(orders: Iterable[Any]) -> bytes:
    """The orders as one JSON object a line."""
    return b"".join(json.dumps(order).encode() + b"\n" for order in orders)

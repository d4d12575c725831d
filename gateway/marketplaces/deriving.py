"""From an order in its shape to ours: pure; what is not needed, or not allowed, is left behind here."""

import unicodedata
from dataclasses import dataclass, field

from gateway.marketplaces.addresses import is_made_up, placeholder, relay
from gateway.marketplaces.evidence import classify
from gateway.marketplaces.facts import DerivationFacts
from gateway.marketplaces.mail import normalised
from gateway.marketplaces.phone import e164
from gateway.marketplaces.shaped import (
    COMPANY,
    DeliveryAddress,
    InvoiceAddress,
    PositionItem,
    ShapedOrder,
)
from gateway.model.contact import FreightContact, Private, ShopContact
from gateway.model.order import EmailKind, Flag, Item, Order
from policies.question import Mode


@dataclass(frozen=True, slots=True)
class Rejected:
    """An order that does not hold; `errors` maps field paths to messages without any value in them."""

    order_number: str | None
    errors: dict[str, list[str]]


@dataclass(slots=True)
class _Notes:
    """What is to be told about an order beside its contact."""

    flags: set[Flag] = field(default_factory=set)
    discarded: list[str] = field(default_factory=list)


def derived(order: ShapedOrder, facts: DerivationFacts) -> Order:
    """What is kept of an order: pieces with their modes, the contacts apart, and what to look at."""
    delivery, invoice = order["delivery_address"], order["invoice_address"]
    items = tuple(_item(item, facts) for item in order["position_items"])
    notes = _Notes()
    shop, kind = _shop_contact(order["order_number"], delivery, invoice, facts, notes)
    freight = _freight_contact(items, delivery, facts, notes)
    return Order(
        marketplace=facts.marketplace,
        bar=facts.bar,
        order_number=order["order_number"],
        sales_order_id=order["sales_order_id"],
        ordered_at=order["order_date"],
        changed_at=order["last_modified_date"],
        country=delivery["country_code"] if delivery else None,
        postcode_area=_area(delivery) if delivery else None,
        items=items,
        shop=shop,
        email_kind=kind,
        freight=freight,
        flags=tuple(flag for flag in Flag if flag in notes.flags) if notes.flags else (),
        discarded=tuple(notes.discarded),
    )


def _item(item: PositionItem, facts: DerivationFacts) -> Item:
    carrier = item["tracking_carrier"]
    mode, evidence = classify(item["delivery_type"], item["sku"], carrier, facts)
    return Item(
        item_id=item["position_item_id"],
        status=item["fulfillment_status"],
        mode=mode,
        evidence=evidence,
        tracking_carrier=carrier,
        delivered_at=item.get("delivered_at"),
    )


def _shop_contact(
    order_number: str,
    delivery: DeliveryAddress | None,
    invoice: InvoiceAddress | None,
    facts: DerivationFacts,
    notes: _Notes,
) -> tuple[ShopContact | None, EmailKind | None]:
    """The relay from the invoice address, else a placeholder as soon as there is an address.

    The placeholder names the buyer, so whom the invoice goes to, where it says so.
    """
    if invoice and invoice["phone_number"]:
        notes.discarded.append("invoice_phone")
    if invoice and invoice["email"]:
        if address := relay(invoice["email"], facts):
            return ShopContact(Private(address), deliverable=True), EmailKind.RELAY
        notes.discarded.append("invoice_email")
        notes.flags.add(Flag.INVOICE_EMAIL_NOT_RELAY)
    if delivery is None:
        return None, None
    buyer = invoice if invoice and (invoice["first_name"] or invoice["last_name"]) else delivery
    address = placeholder(buyer["first_name"], buyer["last_name"], order_number, facts)
    return ShopContact(Private(address), deliverable=False), EmailKind.PLACEHOLDER


def _freight_contact(
    items: tuple[Item, ...], delivery: DeliveryAddress | None, facts: DerivationFacts, notes: _Notes
) -> FreightContact | None:
    """The contact for the carrier, where a piece that may go as freight is still to be delivered."""
    modes = {item.mode for item in items if not item.status.is_cancelled}
    if Mode.UNCLASSIFIED in modes:
        notes.flags.add(Flag.UNCLASSIFIED)
    if delivery is None:
        notes.flags |= {Flag.ADDRESS_PENDING} if modes else set()
        return None
    if not modes - {Mode.PARCEL}:
        _discard(items, delivery, facts, notes)
        return None
    phone, phone_as_given = _phone(delivery, notes)
    if delivery["phone_number"] is None and Mode.FREIGHT in modes:
        notes.flags.add(Flag.PHONE_MISSING)
    return FreightContact(
        name=Private(_name(delivery)),
        phone=phone,
        phone_as_given=phone_as_given,
        email=_own_email(delivery, facts, notes),
    )


def _discard(
    items: tuple[Item, ...], delivery: DeliveryAddress, facts: DerivationFacts, notes: _Notes
) -> None:
    """Tell what came without right to be kept: nothing of the order goes, or still goes, as freight."""
    only_parcels = all(item.mode is Mode.PARCEL for item in items)
    if delivery["phone_number"]:
        notes.discarded.append("phone")
        notes.flags |= {Flag.PARCEL_PHONE_DISCARDED} if only_parcels else set()
    email = delivery["email"]
    address = normalised(email) if email else None
    if email and not (address and is_made_up(address, facts)):
        notes.discarded.append("email")
        notes.flags |= {Flag.PARCEL_EMAIL_DISCARDED} if only_parcels else set()


def _phone(delivery: DeliveryAddress, notes: _Notes) -> tuple[Private | None, Private | None]:
    """The phone in E.164, or else as it was given."""
    given = delivery["phone_number"]
    if given is None:
        return None, None
    if number := e164(given, delivery["country_code"]):
        return Private(number), None
    notes.flags.add(Flag.PHONE_UNPARSABLE)
    return None, Private(given)


def _own_email(delivery: DeliveryAddress, facts: DerivationFacts, notes: _Notes) -> Private | None:
    """The buyer's own address; one that cannot work is left behind with a flag."""
    email = delivery["email"]
    if email is None:
        return None
    address = normalised(email)
    if address is None:
        notes.flags.add(Flag.EMAIL_INVALID)
        return None
    return None if is_made_up(address, facts) else Private(address)


def _name(address: DeliveryAddress) -> str:
    """As a dispatcher addresses the recipient; composed to NFC, since carriers' charsets need it."""
    title = None if address["salutation"] == COMPANY else address["title"]
    parts = (title, address["first_name"], address["last_name"])
    name = " ".join(part for part in parts if part)
    return " ".join(unicodedata.normalize("NFC", name).split())


def _area(address: DeliveryAddress) -> str | None:
    """The beginning of the postcode: two characters, one of a short code; never the whole."""
    wanted = str.isdecimal if address["country_code"] == "DEU" else str.isalnum
    code = "".join(filter(wanted, address["zip_code"] or "")).upper()
    return code[: min(2, len(code) // 2)] or None

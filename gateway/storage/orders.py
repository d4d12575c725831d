"""Orders, their pieces and their envelopes, read and written many at a time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from gateway.model.kept import Appointment, KeptItem, KeptOrder
from gateway.model.order import EmailKind, Evidence, Flag, Status
from gateway.storage.tables import contact_digests, contacts, items, orders
from gateway.vault.envelope import Binding, Envelope
from policies.question import Mode

FREIGHT = "freight"
SHOP = "shop"

_ITEMS = select(items).order_by(items.c.order_number, items.c.position)


def kept(
    connection: Connection, merchant: str, order_numbers: Iterable[str]
) -> dict[str, KeptOrder]:
    """The orders of these numbers that exist, by number."""
    numbers = list(order_numbers)
    mine = (orders.c.merchant == merchant) & orders.c.order_number.in_(numbers)
    rows = connection.execute(select(orders).where(mine)).all()
    if not rows:
        return {}
    pieces: dict[str, list[KeptItem]] = {row.order_number: [] for row in rows}
    mine = (items.c.merchant == merchant) & items.c.order_number.in_(numbers)
    for row in connection.execute(_ITEMS.where(mine)):
        pieces[row.order_number].append(_item(row))
    mine = (
        (contacts.c.merchant == merchant)
        & contacts.c.order_number.in_(numbers)
        & (contacts.c.kind == FREIGHT)
    )
    freight = set(connection.execute(select(contacts.c.order_number).where(mine)).scalars())
    return {
        row.order_number: _order(row, pieces[row.order_number], row.order_number in freight)
        for row in rows
    }


def of_consignments(
    connection: Connection, merchant: str, carrier_id: str, consignments: Iterable[str]
) -> dict[str, str]:
    """Order numbers by the consignment under which this carrier knows them."""
    mine = (
        (items.c.merchant == merchant)
        & (items.c.carrier == carrier_id)
        & items.c.consignment.in_(list(consignments))
    )
    found = select(items.c.consignment, items.c.order_number).where(mine)
    return {row.consignment: row.order_number for row in connection.execute(found)}


def fingerprints(
    connection: Connection, merchant: str, order_numbers: Sequence[str]
) -> dict[str, bytes | None]:
    """What the orders of these numbers looked like when they last came."""
    mine = (orders.c.merchant == merchant) & orders.c.order_number.in_(order_numbers)
    found = select(orders.c.order_number, orders.c.fingerprint).where(mine)
    return {row.order_number: row.fingerprint for row in connection.execute(found)}


def contact_versions(
    connection: Connection, merchant: str, order_numbers: Sequence[str]
) -> dict[str, int]:
    """The version of each order's contact that is stored now."""
    mine = (contacts.c.merchant == merchant) & contacts.c.order_number.in_(order_numbers)
    found = select(contacts.c.order_number, func.max(contacts.c.version)).where(mine)
    rows = connection.execute(found.group_by(contacts.c.order_number))
    return {row[0]: row[1] for row in rows}


def envelopes(
    connection: Connection, merchant: str, order_numbers: Iterable[str], kind: str
) -> dict[str, tuple[Binding, Envelope]]:
    """The sealed contacts of one kind, by order number, with what each is bound to."""
    mine = (
        (contacts.c.merchant == merchant)
        & contacts.c.order_number.in_(list(order_numbers))
        & (contacts.c.kind == kind)
    )
    return {
        row.order_number: (
            Binding(merchant, row.order_number, row.contact, kind, row.version),
            Envelope(row.key_id, row.wrapped_key, row.sealed),
        )
        for row in connection.execute(select(contacts).where(mine))
    }


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new orders."""
    if rows:
        connection.execute(insert(orders), list(rows))


def change(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store an order's new state; each row names all of the columns that an import may change."""
    if not rows:
        return
    names = [name for name in rows[0] if name not in {"merchant", "order_number"}]
    statement = (
        update(orders)
        .where(orders.c.merchant == bindparam("of_merchant"))
        .where(orders.c.order_number == bindparam("of_number"))
        .values({name: bindparam(name) for name in names})
    )
    connection.execute(
        statement,
        [
            {"of_merchant": row["merchant"], "of_number": row["order_number"]}
            | {name: row[name] for name in names}
            for row in rows
        ],
    )


def replace_items(
    connection: Connection, merchant: str, changed: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Put `rows` in place of all pieces of the `changed` orders."""
    if changed:
        mine = (items.c.merchant == merchant) & items.c.order_number.in_(changed)
        connection.execute(delete(items).where(mine))
    if rows:
        connection.execute(insert(items), list(rows))


def due(connection: Connection, merchant: str, order_number: str, delete_by: datetime) -> None:
    """Set when an order's contacts go."""
    mine = (contacts.c.merchant == merchant) & (contacts.c.order_number == order_number)
    connection.execute(update(contacts).where(mine).values(delete_by=delete_by))


def drop_contacts(connection: Connection, merchant: str, order_numbers: Sequence[str]) -> None:
    """Delete envelopes, data keys and digests of these orders; their pages are overwritten."""
    if not order_numbers:
        return
    for table in (contact_digests, contacts):
        mine = (table.c.merchant == merchant) & table.c.order_number.in_(order_numbers)
        connection.execute(delete(table).where(mine))


def add_contacts(
    connection: Connection,
    envelopes_: Sequence[Mapping[str, Any]],
    digests: Sequence[Mapping[str, Any]],
) -> None:
    """Store envelopes and their blind-index digests."""
    if envelopes_:
        connection.execute(insert(contacts), list(envelopes_))
    if digests:
        connection.execute(insert(contact_digests), list(digests))


def columns(merchant: str, order: KeptOrder) -> dict[str, Any]:
    """The columns of an order that every import may change."""
    return {
        "merchant": merchant,
        "order_number": order.order_number,
        "sales_order_id": order.sales_order_id,
        "ordered_at": order.ordered_at,
        "changed_at": order.changed_at,
        "country": order.country,
        "postcode_area": order.postcode_area,
        "email_kind": order.email_kind.value if order.email_kind else None,
        "phone_present": order.phone_present,
        "flags": [flag.value for flag in order.flags],
        "erased_at": order.erased_at,
    }


def first_columns(order: KeptOrder, subject_key: bytes) -> dict[str, Any]:
    """The columns of an order that its first import sets for good."""
    return {
        "imported_at": order.imported_at,
        "subject": order.subject,
        "subject_key": subject_key,
        "latest_at": order.latest_at,
    }


def item_rows(merchant: str, order: KeptOrder) -> list[dict[str, Any]]:
    """An order's pieces as rows of `items`, in their order."""
    return [
        {
            "merchant": merchant,
            "order_number": order.order_number,
            "item": item.item_id,
            "position": position,
            "status": item.status.value,
            "mode": item.mode.value,
            "evidence": item.evidence.value,
            "tracking_carrier": item.tracking_carrier,
            "carrier": item.carrier_id,
            "consignment": item.consignment,
            "assigned_at": item.assigned_at,
            "appointment_starts_at": item.appointment and item.appointment.starts_at,
            "appointment_ends_at": item.appointment and item.appointment.ends_at,
            "delivered_at": item.delivered_at,
        }
        for position, item in enumerate(order.items)
    ]


def contact_row(binding: Binding, envelope: Envelope, delete_by: datetime) -> dict[str, Any]:
    """An envelope as a row of `contacts`."""
    return {
        "merchant": binding.merchant,
        "order_number": binding.order_number,
        "kind": binding.kind,
        "contact": binding.contact_id,
        "version": binding.version,
        "key_id": envelope.key_id,
        "wrapped_key": envelope.wrapped_key,
        "sealed": envelope.sealed,
        "delete_by": delete_by,
    }


def _order(row: Any, pieces: list[KeptItem], has_freight_contact: bool) -> KeptOrder:
    return KeptOrder(
        order_number=row.order_number,
        sales_order_id=row.sales_order_id,
        ordered_at=row.ordered_at,
        changed_at=row.changed_at,
        imported_at=row.imported_at,
        country=row.country,
        postcode_area=row.postcode_area,
        email_kind=EmailKind(row.email_kind) if row.email_kind else None,
        phone_present=row.phone_present,
        has_freight_contact=has_freight_contact,
        flags=tuple(Flag(flag) for flag in row.flags),
        subject=row.subject,
        latest_at=row.latest_at,
        erased_at=row.erased_at,
        items=tuple(pieces),
    )


def _item(row: Any) -> KeptItem:
    return KeptItem(
        item_id=row.item,
        status=Status(row.status),
        mode=Mode(row.mode),
        evidence=Evidence(row.evidence),
        tracking_carrier=row.tracking_carrier,
        carrier_id=row.carrier,
        consignment=row.consignment,
        assigned_at=row.assigned_at,
        appointment=(
            Appointment(row.appointment_starts_at, row.appointment_ends_at)
            if row.appointment_starts_at is not None
            else None
        ),
        delivered_at=row.delivered_at,
    )

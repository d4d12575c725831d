"""Orders, their pieces and their envelopes, read and written many at a time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from gateway.model.kept import Appointment, KeptItem, KeptOrder
from gateway.model.order import EmailKind, Evidence, Flag, Status
from gateway.storage.prepared import Prepared
from gateway.storage.tables import contact_digests, contacts, items, orders
from gateway.vault.envelope import Binding, Envelope
from policies.question import Mode

FREIGHT = "freight"
SHOP = "shop"

Sealed = tuple[Binding, Envelope]
"""An envelope, and what it is bound to."""

_freight = contacts.alias("freight")


def _of_order(table: FromClause) -> ColumnElement[bool]:
    return and_(
        table.c.merchant == orders.c.merchant, table.c.order_number == orders.c.order_number
    )


def _mine(table: FromClause) -> ColumnElement[bool]:
    """Rows of one merchant's orders, by their `numbers`."""
    numbers: BindParameter[Any] = bindparam("numbers", expanding=True)
    return and_(table.c.merchant == bindparam("merchant"), table.c.order_number.in_(numbers))


# Built once: to build a statement anew takes longer than to run it.
_WITH_PIECES = (
    select(
        *(column for column in orders.c if column.name not in {"fingerprint", "subject_key"}),
        *(column for column in items.c if column.name not in {"merchant", "order_number"}),
        *(_freight.c[name] for name in ("contact", "version", "key_id", "wrapped_key", "sealed")),
    )
    .select_from(orders)
    .join(items, _of_order(items))
    .outerjoin(_freight, and_(_of_order(_freight), _freight.c.kind == FREIGHT))
    .order_by(orders.c.order_number, items.c.position)
)
_ORDERS = _WITH_PIECES.where(_mine(orders))
_ORDER = Prepared(
    _WITH_PIECES.where(
        orders.c.merchant == bindparam("merchant"), orders.c.order_number == bindparam("number")
    )
)
_ORDERS_OF_CONSIGNMENTS = select(items.c.consignment, items.c.order_number).where(
    items.c.merchant == bindparam("merchant"),
    items.c.carrier == bindparam("carrier"),
    items.c.consignment.in_(bindparam("consignments", expanding=True)),
)
_FINGERPRINTS = select(orders.c.order_number, orders.c.fingerprint).where(_mine(orders))
_VERSIONS = (
    select(contacts.c.order_number, func.max(contacts.c.version))
    .where(_mine(contacts))
    .group_by(contacts.c.order_number)
)
_ENVELOPES = select(contacts).where(_mine(contacts), contacts.c.kind == bindparam("of_kind"))
_ADD_ORDERS = Prepared(insert(orders))
_ADD_ITEMS = Prepared(insert(items))
_ADD_CONTACTS = Prepared(insert(contacts))
_ADD_DIGESTS = Prepared(insert(contact_digests))
_DROP_ITEMS = delete(items).where(_mine(items))
_DROP_CONTACTS = delete(contacts).where(_mine(contacts))
_DROP_DIGESTS = delete(contact_digests).where(_mine(contact_digests))


def kept(
    connection: Connection, merchant: str, order_numbers: Collection[str]
) -> dict[str, KeptOrder]:
    """The orders of these numbers that exist, by number."""
    found = kept_and_sealed(connection, merchant, order_numbers)
    return {number: order for number, (order, _) in found.items()}


def kept_and_sealed(
    connection: Connection, merchant: str, order_numbers: Collection[str]
) -> dict[str, tuple[KeptOrder, Sealed | None]]:
    """The orders of these numbers that exist, each with its freight contact while there is one."""
    rows: Iterable[Any]
    if len(order_numbers) == 1:
        [number] = order_numbers
        rows = _ORDER.all(connection, {"merchant": merchant, "number": number})
    else:
        rows = connection.execute(_ORDERS, _numbers(merchant, order_numbers))
    found: dict[str, tuple[KeptOrder, Sealed | None]] = {}
    for number, of_order in groupby(rows, key=attrgetter("order_number")):
        first, *further = of_order
        pieces = tuple(map(_item, (first, *further)))
        sealed = None if first.contact is None else _sealed(merchant, first, FREIGHT)
        found[number] = _order(first, pieces, sealed is not None), sealed
    return found


def of_consignments(
    connection: Connection, merchant: str, carrier_id: str, consignments: Iterable[str]
) -> dict[str, str]:
    """Order numbers by the consignment under which this carrier knows them."""
    of = {"merchant": merchant, "carrier": carrier_id, "consignments": list(consignments)}
    rows = connection.execute(_ORDERS_OF_CONSIGNMENTS, of)
    return {row[0]: row[1] for row in rows}


def fingerprints(
    connection: Connection, merchant: str, order_numbers: Collection[str]
) -> dict[str, bytes | None]:
    """What the orders of these numbers looked like when they last came."""
    rows = connection.execute(_FINGERPRINTS, _numbers(merchant, order_numbers))
    return {row[0]: row[1] for row in rows}


def contact_versions(
    connection: Connection, merchant: str, order_numbers: Collection[str]
) -> dict[str, int]:
    """The version of each order's contact that is stored now."""
    rows = connection.execute(_VERSIONS, _numbers(merchant, order_numbers))
    return {row[0]: row[1] for row in rows}


def digests(
    connection: Connection, merchant: str, order_numbers: Sequence[str]
) -> dict[str, frozenset[bytes]]:
    """The blind-index digests of each order's contact."""
    if not order_numbers:
        return {}
    table = contact_digests.c
    mine = (table.merchant == merchant) & table.order_number.in_(order_numbers)
    found: dict[str, set[bytes]] = {}
    for row in connection.execute(select(table.order_number, table.digest).where(mine)):
        found.setdefault(row.order_number, set()).add(bytes(row.digest))
    return {number: frozenset(values) for number, values in found.items()}


def of_digests(connection: Connection, merchant: str, wanted: Collection[bytes]) -> list[str]:
    """Numbers of the orders that stand in the blind index under any of these digests."""
    table = contact_digests.c
    mine = (table.merchant == merchant) & table.digest.in_(wanted)
    found = select(table.order_number).distinct().where(mine).order_by(table.order_number)
    return list(connection.execute(found).scalars())


def envelopes(
    connection: Connection, merchant: str, order_numbers: Collection[str], kind: str
) -> dict[str, Sealed]:
    """The sealed contacts of one kind, by order number."""
    of = _numbers(merchant, order_numbers) | {"of_kind": kind}
    rows = connection.execute(_ENVELOPES, of)
    return {row.order_number: _sealed(merchant, row, kind) for row in rows}


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new orders."""
    if rows:
        _ADD_ORDERS.run(connection, rows)


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
        connection.execute(_DROP_ITEMS, _numbers(merchant, changed))
    if rows:
        _ADD_ITEMS.run(connection, rows)


def due(connection: Connection, merchant: str, order_number: str, delete_by: datetime) -> None:
    """Set when an order's contacts go."""
    mine = (contacts.c.merchant == merchant) & (contacts.c.order_number == order_number)
    connection.execute(update(contacts).where(mine).values(delete_by=delete_by))


def drop_contacts(connection: Connection, merchant: str, order_numbers: Sequence[str]) -> None:
    """Delete envelopes, data keys and digests of these orders; their pages are overwritten."""
    if order_numbers:
        connection.execute(_DROP_DIGESTS, _numbers(merchant, order_numbers))
        connection.execute(_DROP_CONTACTS, _numbers(merchant, order_numbers))


def add_contacts(
    connection: Connection,
    envelopes_: Sequence[Mapping[str, Any]],
    digests: Sequence[Mapping[str, Any]],
) -> None:
    """Store envelopes and their blind-index digests."""
    if envelopes_:
        _ADD_CONTACTS.run(connection, envelopes_)
    if digests:
        _ADD_DIGESTS.run(connection, digests)


def columns(merchant: str, order: KeptOrder) -> dict[str, Any]:
    """The columns of an order that every import may change."""
    return {
        "merchant": merchant,
        "order_number": order.order_number,
        "marketplace": order.marketplace,
        "bar_days": order.bar and order.bar.days,
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


def first_columns(
    imported_at: datetime, latest_at: datetime, subject: str | None, subject_key: bytes
) -> dict[str, Any]:
    """The columns of an order that its first import sets for good."""
    return {
        "imported_at": imported_at,
        "subject": subject,
        "subject_key": subject_key,
        "latest_at": latest_at,
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


def contact_rows(envelopes_: Iterable[Sealed | None]) -> list[dict[str, Any]]:
    """Envelopes as rows of `contacts`, but for the time `delete_by` at which they go."""
    return [
        {
            "merchant": binding.merchant,
            "order_number": binding.order_number,
            "kind": binding.kind,
            "contact": binding.contact_id,
            "version": binding.version,
            "key_id": envelope.key_id,
            "wrapped_key": envelope.wrapped_key,
            "sealed": envelope.sealed,
        }
        for binding, envelope in filter(None, envelopes_)
    ]


def digest_rows(merchant: str, order_number: str, digests: Iterable[bytes]) -> list[dict[str, Any]]:
    """Digests as rows of the blind index."""
    return [
        {"merchant": merchant, "digest": digest, "order_number": order_number} for digest in digests
    ]


def _numbers(merchant: str, order_numbers: Collection[str]) -> dict[str, Any]:
    return {"merchant": merchant, "numbers": list(order_numbers)}


def _sealed(merchant: str, row: Any, kind: str) -> Sealed:
    return (
        Binding(merchant, row.order_number, row.contact, kind, row.version),
        Envelope(row.key_id, row.wrapped_key, row.sealed),
    )


def _order(row: Any, pieces: tuple[KeptItem, ...], has_freight_contact: bool) -> KeptOrder:
    return KeptOrder(
        marketplace=row.marketplace,
        bar=None if row.bar_days is None else timedelta(days=row.bar_days),
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
        items=pieces,
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

"""When stored contacts go: by which terms they are dated, and new dates for them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from gateway.storage.sync_tables import retention_terms
from gateway.storage.tables import contacts, orders

Terms = tuple[int, int]
"""Days after delivery, and days after import."""


def terms(connection: Connection) -> Mapping[str, Terms]:
    """By which terms each merchant's contacts are dated, as far as that is known."""
    rows = connection.execute(select(retention_terms))
    return {row.merchant: (row.after_delivery_days, row.latest_days) for row in rows}


def set_terms(connection: Connection, merchant: str, kept: Terms) -> None:
    """Remember that all of the merchant's contacts are dated by these."""
    connection.execute(delete(retention_terms).where(retention_terms.c.merchant == merchant))
    days, latest = kept
    connection.execute(
        insert(retention_terms).values(
            merchant=merchant, after_delivery_days=days, latest_days=latest
        )
    )


def with_contacts(connection: Connection, merchant: str, after: str, limit: int) -> list[str]:
    """Numbers of orders that have a contact, those behind `after`."""
    mine = (contacts.c.merchant == merchant) & (contacts.c.order_number > after)
    found = select(contacts.c.order_number).where(mine).distinct()
    return list(connection.execute(found.order_by(contacts.c.order_number).limit(limit)).scalars())


def dated_beyond(connection: Connection, latest: datetime, limit: int) -> Sequence[tuple[str, str]]:
    """Merchant and number of orders with a contact that would stay beyond `latest`."""
    found = select(contacts.c.merchant, contacts.c.order_number).where(
        contacts.c.delete_by > latest
    )
    rows = connection.execute(found.order_by(contacts.c.delete_by).limit(limit))
    return list(dict.fromkeys((row.merchant, row.order_number) for row in rows))


def set_import(
    connection: Connection, merchant: str, order_number: str, imported_at: datetime
) -> None:
    """Have an order count as imported then."""
    order = (orders.c.merchant == merchant) & (orders.c.order_number == order_number)
    connection.execute(update(orders).where(order).values(imported_at=imported_at))


def date(
    connection: Connection,
    merchant: str,
    order_number: str,
    latest_at: datetime,
    delete_by: datetime,
) -> None:
    """Set when an order's contacts go, and when they go whatever happens."""
    order = (orders.c.merchant == merchant) & (orders.c.order_number == order_number)
    connection.execute(update(orders).where(order).values(latest_at=latest_at))
    mine = (contacts.c.merchant == merchant) & (contacts.c.order_number == order_number)
    connection.execute(update(contacts).where(mine).values(delete_by=delete_by))

"""Lets contacts go: which are due, that they went, and that an order's name in the log went with them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, func, literal, select, update

from gateway.storage.orders import drop_contacts
from gateway.storage.tables import Instant, contacts, orders


class Due(NamedTuple):
    """An order with a contact that is due, by its number and by its name in the log."""

    merchant: str
    order_number: str
    subject: str | None


def due(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """The orders of the contacts that are longest due at `now`, at most `limit` contacts."""
    first = (
        select(contacts.c.merchant, contacts.c.order_number)
        .where(contacts.c.delete_by <= now)
        .order_by(contacts.c.delete_by)
        .limit(limit)
        .subquery()
    )
    found = select(orders.c.merchant, orders.c.order_number, orders.c.subject).join(
        first, _of_same_order(orders, first)
    )
    return list(dict.fromkeys(Due(*row) for row in connection.execute(found)))


def due_between(
    connection: Connection, merchant: str, since: datetime | None, until: datetime
) -> int:
    """How many orders of a merchant have a contact that is due from `since` up to before `until`."""
    found = select(func.count(contacts.c.order_number.distinct())).where(
        contacts.c.merchant == merchant, contacts.c.delete_by < until
    )
    if since is not None:
        found = found.where(contacts.c.delete_by >= since)
    return connection.execute(found).scalar_one()


def still_due(
    connection: Connection, merchant: str, order_numbers: Sequence[str], now: datetime
) -> Mapping[str, str | None]:
    """Those of the orders whose contact is due at `now`, each with its name in the log."""
    found = (
        select(orders.c.order_number, orders.c.subject)
        .join(contacts, _same_order())
        .where(orders.c.merchant == merchant)
        .where(orders.c.order_number.in_(order_numbers))
        .where(contacts.c.delete_by <= now)
        .distinct()
        .order_by(orders.c.order_number)
    )
    return {row.order_number: row.subject for row in connection.execute(found)}


def overdue(connection: Connection, now: datetime) -> int:
    """How many contacts should be gone at `now` and are not."""
    found = select(func.count()).select_from(contacts).where(contacts.c.delete_by <= now)
    return connection.execute(found).scalar_one()


def erase_contacts(
    connection: Connection, merchant: str, order_numbers: Sequence[str], now: datetime
) -> None:
    """Delete all that tells of the buyers; when it first went stays, and no import brings it back."""
    drop_contacts(connection, merchant, order_numbers)
    mine = (orders.c.merchant == merchant) & orders.c.order_number.in_(order_numbers)
    connection.execute(
        update(orders)
        .where(mine)
        .values(
            erased_at=func.coalesce(orders.c.erased_at, literal(now, Instant)),
            phone_present=False,
            fingerprint=None,
        )
    )


def forget_subject(connection: Connection, merchant: str, order_number: str) -> None:
    """Destroy the order's name in the log with its key: its entries stay, and tell of nobody."""
    mine = (orders.c.merchant == merchant) & (orders.c.order_number == order_number)
    connection.execute(update(orders).where(mine).values(subject=None, subject_key=None))


def still_named(
    connection: Connection, merchant: str, subjects: Collection[str]
) -> Mapping[str, str]:
    """Orders that have one of these names in the log, each with its name."""
    found = select(orders.c.order_number, orders.c.subject).where(
        orders.c.merchant == merchant, orders.c.subject.in_(subjects)
    )
    return {row.order_number: row.subject for row in connection.execute(found)}


def still_sealed(
    connection: Connection, merchant: str, subjects: Collection[str]
) -> Mapping[str, str]:
    """As `still_named`, but only those with a contact."""
    found = (
        select(orders.c.order_number, orders.c.subject)
        .join(contacts, _same_order())
        .where(orders.c.merchant == merchant, orders.c.subject.in_(subjects))
        .distinct()
    )
    return {row.order_number: row.subject for row in connection.execute(found)}


def contacts_by_key(connection: Connection) -> Mapping[str, int]:
    """How many contacts each key-encryption key wraps; keys that wrap none are left out."""
    found = select(contacts.c.key_id, func.count().label("wrapped")).group_by(contacts.c.key_id)
    return {row.key_id: row.wrapped for row in connection.execute(found)}


def _same_order() -> ColumnElement[bool]:
    return _of_same_order(contacts, orders)


def _of_same_order(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    return (one.c.merchant == other.c.merchant) & (one.c.order_number == other.c.order_number)


def remembered(connection: Connection, merchant: str, subjects: Iterable[str]) -> set[str]:
    """Those of the names in the log that an order still bears; the others' buyers are erased."""
    mine = (orders.c.merchant == merchant) & orders.c.subject.in_(list(subjects))
    return {
        str(name) for name in connection.execute(select(orders.c.subject).where(mine)).scalars()
    }

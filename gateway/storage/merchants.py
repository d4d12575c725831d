"""Merchants: whose orders, carriers, clients and entries the rows are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from gateway.storage.tables import merchants


@dataclass(frozen=True, slots=True)
class Merchant:
    """A merchant; `policy` is the policy version that its log knows, None before the first entry."""

    merchant: str
    name: str
    created_at: datetime
    policy: str | None


def every(connection: Connection) -> Sequence[Merchant]:
    """All merchants, by id."""
    rows = connection.execute(select(merchants).order_by(merchants.c.merchant))
    return [Merchant(row.merchant, row.name, row.created_at, row.policy) for row in rows]


def exists(connection: Connection, merchant: str) -> bool:
    """Whether there is such a merchant."""
    mine = select(merchants.c.merchant).where(merchants.c.merchant == merchant)
    return connection.execute(mine).first() is not None


def name(connection: Connection, merchant: str) -> str:
    """What a merchant is called."""
    mine = select(merchants.c.name).where(merchants.c.merchant == merchant)
    found: str = connection.execute(mine).scalar_one()
    return found


def add(connection: Connection, merchant: str, name: str, now: datetime) -> None:
    """Store a merchant that was not there."""
    connection.execute(insert(merchants).values(merchant=merchant, name=name, created_at=now))


def set_policy(connection: Connection, merchant: str, version: str) -> bool:
    """Remember which policy version the merchant's log knows; False when it knew this one already."""
    other = merchants.c.policy.is_distinct_from(version)
    mine = (merchants.c.merchant == merchant) & other
    changed = connection.execute(update(merchants).where(mine).values(policy=version))
    return changed.rowcount > 0

"""How the marketplace delivers an article, as it said last; by SKU, with the time of asking."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from gateway.storage.sync_tables import delivery_types


def known(
    connection: Connection, merchant: str, skus: Sequence[str], since: datetime
) -> dict[str, str | None]:
    """What was asked for at `since` or later, by SKU; None: the marketplace knew no profile."""
    mine = (
        (delivery_types.c.merchant == merchant)
        & delivery_types.c.sku.in_(skus)
        & (delivery_types.c.checked_at >= since)
    )
    found = select(delivery_types.c.sku, delivery_types.c.delivery_type).where(mine)
    return {row.sku: row.delivery_type for row in connection.execute(found)}


def keep(
    connection: Connection, merchant: str, found: Mapping[str, str | None], now: datetime
) -> None:
    """Put these in place of what was known."""
    mine = (delivery_types.c.merchant == merchant) & delivery_types.c.sku.in_(list(found))
    connection.execute(delete(delivery_types).where(mine))
    rows = [
        {"merchant": merchant, "sku": sku, "delivery_type": kind, "checked_at": now}
        for sku, kind in found.items()
    ]
    if rows:
        connection.execute(insert(delivery_types), rows)

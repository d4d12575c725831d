"""Which shipments' deliveries are noted already, and which of our orders a shipment speaks of."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from gateway.model.order import OTTO
from gateway.storage.sync_tables import delivered_shipments
from gateway.storage.tables import orders


def noted(connection: Connection, merchant: str, shipments: Sequence[str]) -> set[str]:
    """Those whose delivery is noted."""
    mine = (delivered_shipments.c.merchant == merchant) & (
        delivered_shipments.c.shipment.in_(shipments)
    )
    return set(connection.execute(select(delivered_shipments.c.shipment).where(mine)).scalars())


def note(connection: Connection, merchant: str, shipments: Iterable[str], now: datetime) -> None:
    """Remember that these are; none of them was before."""
    rows = [{"merchant": merchant, "shipment": one, "noted_at": now} for one in shipments]
    if rows:
        connection.execute(insert(delivered_shipments), rows)


def forget_noted(connection: Connection, merchant: str, before: datetime) -> None:
    """Forget what was noted before a time."""
    mine = (delivered_shipments.c.merchant == merchant) & (delivered_shipments.c.noted_at < before)
    connection.execute(delete(delivered_shipments).where(mine))


def order_numbers(
    connection: Connection, merchant: str, sales_order_ids: Iterable[str]
) -> dict[str, str]:
    """Our order numbers by OTTO's own ids; orders that did not come here are left out."""
    ids = list(sales_order_ids)
    mine = (orders.c.merchant == merchant) & orders.c.sales_order_id.in_(ids)
    ottos = mine & (orders.c.marketplace == OTTO)
    found = select(orders.c.sales_order_id, orders.c.order_number).where(ottos)
    return {row.sales_order_id: row.order_number for row in connection.execute(found)}

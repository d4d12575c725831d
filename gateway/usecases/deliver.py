"""Takes note of a delivery: it closes the carrier's window and starts the deletion clock."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from gateway.audit.entry import Action, Actor, Outcome
from gateway.model.kept import KeptOrder
from gateway.settings import Deadlines
from gateway.storage import orders
from gateway.storage.store import Store, Transaction


def deliver(
    store: Store,
    deadlines: Deadlines,
    merchant: str,
    asker: Actor,
    order_number: str,
    carrier_id: str,
    request_id: str | None,
) -> KeptOrder | None:
    """The order after the delivery of this carrier's pieces; None when the carrier has none in it.

    The first word of a delivery counts: a repeated one moves no deadline.
    """

    def work(tx: Transaction) -> KeptOrder | None:
        order = orders.kept(tx.connection, tx.merchant, [order_number]).get(order_number)
        if order is None or not any(item.carrier_id == carrier_id for item in order.items):
            return None
        pieces = tuple(
            replace(item, delivered_at=tx.now)
            if item.carrier_id == carrier_id and item.delivered_at is None
            else item
            for item in order.items
        )
        after = replace(order, items=pieces)
        if after != order:
            _store(tx, after, deadlines)
            tx.record(
                asker,
                Action.ORDER_DELIVERED,
                Outcome.DONE,
                subject=order.subject,
                carrier=carrier_id,
                request_id=request_id,
            )
        return after

    return store.write(merchant, work)


def arrived(
    tx: Transaction,
    deadlines: Deadlines,
    asker: Actor,
    arrivals: Mapping[str, Mapping[str, datetime]],
    request_id: str | None,
) -> int:
    """Take note that pieces arrived, by order number and piece; how many orders that changed.

    A time in the future counts as now. The first word of a delivery counts here too.
    """
    changed = 0
    for order in orders.kept(tx.connection, tx.merchant, arrivals).values():
        times = arrivals[order.order_number]
        pieces = tuple(
            replace(item, delivered_at=min(tx.now, times[item.item_id]))
            if item.item_id in times and item.delivered_at is None
            else item
            for item in order.items
        )
        after = replace(order, items=pieces)
        if after == order:
            continue
        changed += 1
        _store(tx, after, deadlines)
        carriers = {
            new.carrier_id
            for new, old in zip(pieces, order.items, strict=True)
            if new != old and new.carrier_id is not None
        }
        tx.record(
            asker,
            Action.ORDER_DELIVERED,
            Outcome.DONE,
            subject=order.subject,
            carrier=carriers.pop() if len(carriers) == 1 else None,
            request_id=request_id,
        )
    return changed


def _store(tx: Transaction, order: KeptOrder, deadlines: Deadlines) -> None:
    number = order.order_number
    delete_by = order.delete_by(deadlines.of(tx.merchant).erase_after_delivery)
    orders.replace_items(tx.connection, tx.merchant, [number], orders.item_rows(tx.merchant, order))
    orders.due(tx.connection, tx.merchant, number, delete_by)

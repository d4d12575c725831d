"""Takes note of a delivery: it closes the carrier's window and starts the deletion clock."""

from dataclasses import replace

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


def _store(tx: Transaction, order: KeptOrder, deadlines: Deadlines) -> None:
    number = order.order_number
    orders.replace_items(tx.connection, tx.merchant, [number], orders.item_rows(tx.merchant, order))
    orders.due(tx.connection, tx.merchant, number, order.delete_by(deadlines.erase_after_delivery))

"""Gives pieces of an order to a registered freight carrier; that opens the window for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.audit.entry import Action, Actor, Outcome
from gateway.errors import InvalidInput, NotFound
from gateway.model.kept import KeptItem, KeptOrder
from gateway.model.merging import assigned
from gateway.storage import carriers, orders
from gateway.storage.store import Store, Transaction
from gateway.usecases import outbox
from policies.question import Mode, Registration


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Which carrier gets which pieces, under which of its numbers; `item_ids` None means all freight."""

    order_number: str
    carrier_id: str
    consignment: str | None
    item_ids: Sequence[str] | None


def assign(
    store: Store, merchant: str, asker: Actor, assignment: Assignment, request_id: str | None
) -> KeptOrder:
    """The order after the assignment. NotFound and InvalidInput say what does not fit."""
    return store.write(merchant, lambda tx: _assign(tx, asker, assignment, request_id))


def _assign(
    tx: Transaction, asker: Actor, assignment: Assignment, request_id: str | None
) -> KeptOrder:
    order = orders.kept(tx.connection, tx.merchant, [assignment.order_number]).get(
        assignment.order_number
    )
    if order is None:
        raise NotFound(f"there is no order {assignment.order_number}")
    _check_carrier(tx, assignment.carrier_id)
    _check_consignment(tx, assignment)
    chosen = [item.item_id for item in _chosen(order, assignment)]
    after = assigned(order, chosen, assignment.carrier_id, assignment.consignment, tx.now)
    if after != order:
        orders.change(tx.connection, [orders.columns(tx.merchant, after)])
        orders.replace_items(
            tx.connection, tx.merchant, [order.order_number], orders.item_rows(tx.merchant, after)
        )
        tx.record(
            asker,
            Action.ORDER_ASSIGNED,
            Outcome.DONE,
            subject=order.subject,
            carrier=assignment.carrier_id,
            request_id=request_id,
        )
        outbox.queue(tx, asker, outbox.pieces_of(after, chosen))
    return after


def _check_carrier(tx: Transaction, carrier_id: str) -> None:
    carrier = carriers.one(tx.connection, tx.merchant, carrier_id)
    if carrier is None or carrier.registration(tx.now) is Registration.WITHDRAWN:
        raise InvalidInput(
            {"carrier": [f"{carrier_id} is not registered; gateway carriers list shows who is"]}
        )
    if Mode.FREIGHT not in carrier.modes:
        raise InvalidInput({"carrier": [f"{carrier_id} is not registered for freight"]})


def _check_consignment(tx: Transaction, assignment: Assignment) -> None:
    """A consignment names the pieces of one order, or a carrier's question would be ambiguous."""
    if assignment.consignment is None:
        return
    taken = orders.of_consignments(
        tx.connection, tx.merchant, assignment.carrier_id, [assignment.consignment]
    )
    if taken.get(assignment.consignment, assignment.order_number) != assignment.order_number:
        raise InvalidInput({"consignment": ["already stands for another order of this carrier"]})


def _chosen(order: KeptOrder, assignment: Assignment) -> list[KeptItem]:
    if assignment.item_ids is None:
        chosen = [item for item in order.items if _may_travel_by_freight(item)]
        if not chosen:
            raise InvalidInput({"carrier": ["no piece of this order is left that goes by freight"]})
        return chosen
    pieces = {item.item_id: item for item in order.items}
    errors = [
        f"{item_id} {_why_not(pieces.get(item_id))}"
        for item_id in assignment.item_ids
        if item_id not in pieces or not _may_travel_by_freight(pieces[item_id])
    ]
    if errors:
        raise InvalidInput({"position_items": errors})
    return [pieces[item_id] for item_id in assignment.item_ids]


def _may_travel_by_freight(item: KeptItem) -> bool:
    return item.mode is not Mode.PARCEL and not item.status.is_cancelled


def _why_not(item: KeptItem | None) -> str:
    if item is None:
        return "is no piece of this order"
    if item.status.is_cancelled:
        return "is cancelled or returned"
    return f"goes by parcel, by the evidence of its {item.evidence.replace('_', ' ')}"

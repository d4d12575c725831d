"""What an order becomes when the marketplace sends it, or sends it again; pure, and forgets no assignment."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from gateway.model.kept import KeptItem, KeptOrder
from gateway.model.order import Evidence, Flag, Item, Order
from policies.question import Mode


def merged(
    before: KeptOrder | None, order: Order, *, subject: str, now: datetime, latest_at: datetime
) -> KeptOrder:
    """The order as kept from now on.

    What was assigned and delivered stays; `subject`, import time and `latest_at` stay from the first
    import on. An order with nothing left to deliver loses its contact, and no import brings it back.
    """
    pieces = tuple(_piece(item, before, now) for item in order.items)
    ended = all(piece.status.is_cancelled for piece in pieces)
    erased_at = (before.erased_at if before else None) or (now if ended else None)
    holds_contact = erased_at is None and order.freight is not None
    return KeptOrder(
        marketplace=order.marketplace,
        bar=order.bar.after_delivery,
        order_number=order.order_number,
        sales_order_id=order.sales_order_id,
        ordered_at=order.ordered_at,
        changed_at=order.changed_at,
        imported_at=before.imported_at if before else now,
        country=order.country,
        postcode_area=order.postcode_area,
        email_kind=order.email_kind,
        phone_present=holds_contact and order.freight is not None and bool(order.freight.phone),
        has_freight_contact=holds_contact,
        flags=current_flags(order.flags, pieces),
        subject=before.subject if before else subject,
        latest_at=before.latest_at if before else latest_at,
        erased_at=erased_at,
        items=pieces,
    )


def assigned(
    order: KeptOrder,
    item_ids: Iterable[str],
    carrier_id: str,
    consignment: str | None,
    now: datetime,
) -> KeptOrder:
    """The order with these pieces given to a carrier; a repeated assignment keeps its first time."""
    chosen = frozenset(item_ids)
    pieces = tuple(
        _assigned(piece, carrier_id, consignment, now) if piece.item_id in chosen else piece
        for piece in order.items
    )
    return replace(order, items=pieces, flags=current_flags(order.flags, pieces))


def current_flags(flags: Iterable[Flag], pieces: Sequence[KeptItem]) -> tuple[Flag, ...]:
    """The flags without `unclassified` once every piece has its mode."""
    open_question = any(piece.mode is Mode.UNCLASSIFIED for piece in pieces)
    return tuple(flag for flag in flags if flag is not Flag.UNCLASSIFIED or open_question)


def _piece(item: Item, before: KeptOrder | None, now: datetime) -> KeptItem:
    known = {piece.item_id: piece for piece in before.items} if before else {}
    earlier = known.get(item.item_id)
    told = None if item.delivered_at is None else min(now, item.delivered_at)
    piece = KeptItem(
        item_id=item.item_id,
        status=item.status,
        mode=item.mode,
        evidence=item.evidence,
        tracking_carrier=item.tracking_carrier,
        carrier_id=earlier.carrier_id if earlier else None,
        consignment=earlier.consignment if earlier else None,
        assigned_at=earlier.assigned_at if earlier else None,
        appointment=earlier.appointment if earlier else None,
        # The first word of a delivery counts.
        delivered_at=(earlier.delivered_at if earlier else None) or told,
    )
    return _by_assignment(piece)


def _assigned(piece: KeptItem, carrier_id: str, consignment: str | None, now: datetime) -> KeptItem:
    same = piece.carrier_id == carrier_id
    return _by_assignment(
        replace(
            piece,
            carrier_id=carrier_id,
            consignment=consignment if consignment is not None or not same else piece.consignment,
            assigned_at=piece.assigned_at if same else now,
            # What one carrier agreed binds no other.
            appointment=piece.appointment if same else None,
        )
    )


def _by_assignment(piece: KeptItem) -> KeptItem:
    """The weakest evidence: an assignment to a freight carrier, where nothing else tells the mode."""
    if piece.mode is Mode.UNCLASSIFIED and piece.carrier_id is not None:
        return replace(piece, mode=Mode.FREIGHT, evidence=Evidence.ASSIGNMENT)
    return piece

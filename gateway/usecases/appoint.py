"""Appointments: what a carrier still has to agree, and what it agreed; the contact is never near it."""

import base64
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gateway.audit.entry import Action, Actor, Outcome
from gateway.errors import Conflict, InvalidInput
from gateway.model.kept import Appointment, KeptItem, KeptOrder, Stage
from gateway.settings import Deadlines
from gateway.storage import orders, worklist
from gateway.storage.store import Store, Transaction
from gateway.storage.worklist import Place
from policies.question import Window

LIMIT = 100
MOST = 1000
"""Deliveries on one page: unless told, and at the most; as many as one batch of releases takes."""

_CURSOR = re.compile(r"([oad])([0-9]{1,16})\.([A-Za-z0-9_-]{1,32})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST = timedelta(days=90)
"""No contact is kept longer, whatever is configured; older pieces have no place in a worklist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A carrier's pieces of one order that are in one stage.

    `since` is when they came to it; `deadline` when their window closes at the latest. `appointment`
    and `delivered_at` are None where there is none yet.
    """

    order_number: str
    consignment: str | None
    stage: Stage
    country: str | None
    postcode_area: str | None
    pieces: int
    since: datetime
    deadline: datetime
    window: Window
    appointment: Appointment | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """Deliveries, those that wait longest first, and where the next page begins; None: the last."""

    deliveries: tuple[Delivery, ...]
    next_cursor: str | None


def listing(
    store: Store,
    deadlines: Deadlines,
    merchant: str,
    carrier_id: str,
    stage: Stage,
    cursor: str | None,
    limit: int,
) -> Page:
    """A page of the carrier's worklist as it stands now. InvalidInput: no cursor of this list."""
    after = _place(stage, cursor)
    now, deadlines = store.clock(), deadlines.of(merchant)
    with store.read() as connection:
        places = worklist.page(
            connection,
            merchant,
            carrier_id,
            stage,
            after=after,
            since=now - (deadlines.erase_after_delivery if stage is Stage.DELIVERED else _LONGEST),
            now=now,
            limit=limit + 1,
        )
        numbers = [place.order_number for place in places[:limit]]
        kept = orders.kept(connection, merchant, numbers)
    return Page(
        tuple(_delivery(kept[number], carrier_id, stage, deadlines, now) for number in numbers),
        _cursor(stage, places[limit - 1]) if len(places) > limit else None,
    )


def one(
    store: Store, deadlines: Deadlines, merchant: str, carrier_id: str, order_number: str
) -> Delivery | None:
    """The carrier's delivery of this order, by its pieces that are behind; None where it has none.

    Nor is there one when the order's contact is gone: worklists have it no more.
    """
    now = store.clock()
    with store.read() as connection:
        order = orders.kept(connection, merchant, [order_number]).get(order_number)
    if order is None or order.erased_at is not None or now >= order.latest_at:
        return None
    stages = {item.stage for item in order.items if item.carrier_id == carrier_id}
    behind = next((stage for stage in Stage if stage in stages), None)
    if behind is None:
        return None
    return _delivery(order, carrier_id, behind, deadlines.of(merchant), now)


def appoint(
    store: Store,
    deadlines: Deadlines,
    merchant: str,
    asker: Actor,
    order_number: str,
    carrier_id: str,
    appointment: Appointment,
    request_id: str | None,
) -> Delivery | None:
    """The carrier's delivery with its appointment; None when the carrier has no piece of the order.

    A later appointment takes the place of the earlier one. Conflict: nothing is left to deliver.
    """
    _check(appointment, store.clock())

    def work(tx: Transaction) -> Delivery | None:
        order = orders.kept(tx.connection, tx.merchant, [order_number]).get(order_number)
        if order is None or not any(item.carrier_id == carrier_id for item in order.items):
            return None
        if not any(_is_due(item, carrier_id) for item in order.items):
            raise Conflict("nothing of this order is left to deliver")
        after = replace(
            order,
            items=tuple(
                replace(item, appointment=appointment) if _is_due(item, carrier_id) else item
                for item in order.items
            ),
        )
        if after != order:
            rows = orders.item_rows(tx.merchant, after)
            orders.replace_items(tx.connection, tx.merchant, [order_number], rows)
            tx.record(
                asker,
                Action.APPOINTMENT_SET,
                Outcome.DONE,
                subject=order.subject,
                carrier=carrier_id,
                request_id=request_id,
            )
        return _delivery(after, carrier_id, Stage.AGREED, deadlines, tx.now)

    return store.write(merchant, work)


def _check(appointment: Appointment, now: datetime) -> None:
    if appointment.ends_at <= appointment.starts_at:
        raise InvalidInput({"ends_at": ["must lie after starts_at"]})
    if appointment.ends_at <= now:
        raise InvalidInput({"ends_at": ["must not lie in the past"]})
    if appointment.starts_at >= now + _LONGEST:
        raise InvalidInput({"starts_at": [f"must lie within {_LONGEST.days} days"]})


def _is_due(item: KeptItem, carrier_id: str) -> bool:
    return item.carrier_id == carrier_id and item.stage in {Stage.OPEN, Stage.AGREED}


def _delivery(
    order: KeptOrder, carrier_id: str, stage: Stage, deadlines: Deadlines, now: datetime
) -> Delivery:
    grace = deadlines.window_after_delivery
    pieces = [it for it in order.items if it.carrier_id == carrier_id and it.stage is stage]
    windows = {piece.window(order, now, grace) for piece in pieces}
    delivered = [piece.delivered_at for piece in pieces if piece.delivered_at is not None]
    agreed = [piece.appointment for piece in pieces if piece.appointment is not None]
    numbers = [piece.consignment for piece in pieces if piece.consignment is not None]
    return Delivery(
        order_number=order.order_number,
        consignment=next(iter(numbers), None),
        stage=stage,
        country=order.country,
        postcode_area=order.postcode_area,
        pieces=len(pieces),
        since=min(piece.assigned_at for piece in pieces if piece.assigned_at is not None),
        deadline=min(order.latest_at, max(delivered) + grace) if delivered else order.latest_at,
        window=next(it for it in (Window.OPEN, Window.NOT_OPEN, Window.CLOSED) if it in windows),
        appointment=min(agreed, key=lambda it: it.starts_at, default=None),
        delivered_at=max(delivered, default=None),
    )


def _cursor(stage: Stage, place: Place) -> str:
    text = f"{stage.value[0]}{(place.time - _EPOCH) // _MICROSECOND}.{place.order_number}"
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _place(stage: Stage, cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except ValueError:
        text = ""
    found = _CURSOR.fullmatch(text)
    if found is None or found[1] != stage.value[0]:
        raise InvalidInput({"cursor": ["is not the next_cursor of a page of this list"]})
    return Place(_EPOCH + int(found[2]) * _MICROSECOND, found[3])

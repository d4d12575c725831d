"""A carrier's deliveries in the order in which they wait, a page at a time; no contact is near it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, literal, or_, select, tuple_

from gateway.model.kept import Stage
from gateway.model.order import ENDED
from gateway.storage.tables import Instant, items, orders
from policies.question import Mode

_TIMES = {
    Stage.OPEN: "assigned_at",
    Stage.AGREED: "appointment_starts_at",
    Stage.DELIVERED: "delivered_at",
}
_ENDED = [status.value for status in sorted(ENDED)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a delivery stands in its worklist: by its time, then by its order's number."""

    time: datetime
    order_number: str


def page(
    connection: Connection,
    merchant: str,
    carrier_id: str,
    stage: Stage,
    *,
    after: Place | None,
    since: datetime,
    now: datetime,
    limit: int,
) -> Sequence[Place]:
    """The first `limit` deliveries of this stage behind `after`, each order once, by its first piece.

    What has a time before `since` is left out, and so are orders whose contact is gone at `now`.
    """
    time, number = items.c[_TIMES[stage]], items.c.order_number
    ahead = items.alias()
    earlier = or_(
        ahead.c[time.name] < time, and_(ahead.c[time.name] == time, ahead.c.item < items.c.item)
    )
    found = (
        select(time, number)
        .join(orders, and_(orders.c.merchant == items.c.merchant, orders.c.order_number == number))
        .where(*_of(items, merchant, carrier_id, stage, items.c.carrier))
        .where(orders.c.erased_at.is_(None), orders.c.latest_at > now)
        .where(
            ~select(ahead.c.item)
            .where(
                # By the order's own pieces: any index of the carrier's would walk its whole list.
                *_of(ahead, merchant, carrier_id, stage, func.coalesce(ahead.c.carrier, "")),
                ahead.c.order_number == number,
            )
            .where(earlier)
            .exists()
        )
    )
    # One bound and not two: the index is entered at the later one.
    start = Place(since, "") if after is None or after.time < since else after
    bound = tuple_(literal(start.time, Instant), literal(start.order_number))
    behind = found.where(tuple_(time, number) > bound).order_by(time, number).limit(limit)
    return [Place(*row) for row in connection.execute(behind)]


def _of(
    pieces: Any, merchant: str, carrier_id: str, stage: Stage, carrier: ColumnElement[str]
) -> list[ColumnElement[bool]]:
    """The carrier's pieces in this stage; the tests for NULL are the index's own words."""
    states = {
        Stage.OPEN: [pieces.c.delivered_at.is_(None), pieces.c.appointment_starts_at.is_(None)],
        Stage.AGREED: [
            pieces.c.delivered_at.is_(None),
            pieces.c.appointment_starts_at.is_not(None),
        ],
        Stage.DELIVERED: [pieces.c.delivered_at.is_not(None)],
    }
    return [
        pieces.c.merchant == merchant,
        carrier == carrier_id,
        *states[stage],
        pieces.c.mode == Mode.FREIGHT.value,
        pieces.c.status.not_in(_ENDED),
    ]

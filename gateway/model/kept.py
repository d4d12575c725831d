"""An order as it is kept: its state and deadlines, and whether a piece's window is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.model.order import EmailKind, Evidence, Flag, Status
from policies.question import Mode, Window


class Stage(StrEnum):
    """How far a carrier is with a piece: which of its worklists the piece stands in."""

    OPEN = "open"
    AGREED = "agreed"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Appointment:
    """The time that the carrier agreed with the buyer: from `starts_at` until `ends_at`, in UTC."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptItem:
    """One piece with its assignment; times are UTC, None where it has not happened."""

    item_id: str
    status: Status
    mode: Mode
    evidence: Evidence
    tracking_carrier: str | None
    carrier_id: str | None
    consignment: str | None
    assigned_at: datetime | None
    appointment: Appointment | None
    delivered_at: datetime | None

    @property
    def stage(self) -> Stage | None:
        """How far its carrier is with it; None when it is no carrier's freight, or cancelled."""
        if self.carrier_id is None or self.mode is not Mode.FREIGHT or self.status.is_cancelled:
            return None
        if self.delivered_at is not None:
            return Stage.DELIVERED
        return Stage.OPEN if self.appointment is None else Stage.AGREED

    def window(self, order: "KeptOrder", now: datetime, grace: timedelta) -> Window:
        """Opens with the assignment, closes with delivery plus grace, cancellation or erasure."""
        if self.status.is_cancelled or order.erased_at is not None or now >= order.latest_at:
            return Window.CLOSED
        if self.delivered_at is not None and now >= self.delivered_at + order.at_most(grace):
            return Window.CLOSED
        if self.assigned_at is None or not order.has_freight_contact:
            return Window.NOT_OPEN
        return Window.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOrder:
    """What is stored of an order beside its envelopes; no contact data.

    `latest_at` bounds the contact's life whatever happens; `erased_at` tells that it ended.
    `subject` is the order's name in the audit log, None after erasure of the subject. `bar` is how
    long after delivery its marketplace lets the contact be kept, where it says so.
    """

    marketplace: str
    bar: timedelta | None
    order_number: str
    sales_order_id: str
    ordered_at: datetime
    changed_at: datetime
    imported_at: datetime
    country: str | None
    postcode_area: str | None
    email_kind: EmailKind | None
    phone_present: bool
    has_freight_contact: bool
    flags: tuple[Flag, ...]
    subject: str | None
    latest_at: datetime
    erased_at: datetime | None
    items: tuple[KeptItem, ...]

    def delete_by(self, after_delivery: timedelta) -> datetime:
        """When the contact goes at the latest: all pieces delivered plus grace, or `latest_at`."""
        return deletion_date(self.items, self.latest_at, self.at_most(after_delivery))

    def at_most(self, after_delivery: timedelta) -> timedelta:
        """A time after delivery, cut to what the marketplace allows."""
        return after_delivery if self.bar is None else min(after_delivery, self.bar)


def deletion_date(
    items: Sequence[KeptItem], latest_at: datetime, after_delivery: timedelta
) -> datetime:
    """The earlier of `latest_at` and the last piece's delivery plus `after_delivery`."""
    expected = [item for item in items if not item.status.is_cancelled]
    delivered = [item.delivered_at for item in expected if item.delivered_at is not None]
    if not delivered or len(delivered) < len(expected):
        return latest_at
    return min(latest_at, max(delivered) + after_delivery)

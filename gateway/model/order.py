"""Orders as the gateway keeps them: what is needed to decide on a hand-over, and no more."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.model.contact import FreightContact, ShopContact
from policies.question import Mode

OTTO = "otto"
"""The name of OTTO Market among the marketplaces."""


class Status(StrEnum):
    """OTTO's `fulfillmentStatus` of a position item (OTTO Market Orders API v4)."""

    ANNOUNCED = "ANNOUNCED"
    PROCESSABLE = "PROCESSABLE"
    SENT = "SENT"
    RETURNED = "RETURNED"
    CANCELLED_BY_PARTNER = "CANCELLED_BY_PARTNER"
    CANCELLED_BY_MARKETPLACE = "CANCELLED_BY_MARKETPLACE"

    @property
    def is_cancelled(self) -> bool:
        """Whether nothing of this piece will be delivered any more."""
        return self in ENDED


ENDED = frozenset({Status.RETURNED, Status.CANCELLED_BY_PARTNER, Status.CANCELLED_BY_MARKETPLACE})
"""The states of pieces of which nothing will be delivered any more."""


class Evidence(StrEnum):
    """What a piece's mode rests on, the strongest first; a phone number alone proves nothing."""

    DELIVERY_TYPE = "delivery_type"
    SKU = "sku"
    TRACKING_CARRIER = "tracking_carrier"
    ASSIGNMENT = "assignment"
    NONE = "none"


class Flag(StrEnum):
    """What somebody should look at; kept with the order and shown without contact data."""

    PHONE_MISSING = "phone_missing"
    PHONE_UNPARSABLE = "phone_unparsable"
    EMAIL_INVALID = "email_invalid"
    UNCLASSIFIED = "unclassified"
    ADDRESS_PENDING = "address_pending"
    PARCEL_PHONE_DISCARDED = "parcel_phone_discarded"
    PARCEL_EMAIL_DISCARDED = "parcel_email_discarded"
    INVOICE_EMAIL_NOT_RELAY = "invoice_email_not_relay"


class EmailKind(StrEnum):
    """Which of the three addresses a person meets: relay and placeholder in shops, freight at carriers."""

    RELAY = "relay"
    PLACEHOLDER = "placeholder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """How long at the most a marketplace lets contacts be kept; None where it says nothing of its own."""

    after_delivery: timedelta | None = None
    latest: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One physical piece (OTTO's position items have no quantity) and the evidence for its mode.

    `delivered_at` is known already where the marketplace tells it with the order.
    """

    item_id: str
    status: Status
    mode: Mode
    evidence: Evidence
    tracking_carrier: str | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order derived from the marketplace's, ready to be sealed and stored.

    A merchant's order numbers are unique over all of its marketplaces. `changed_at` is the marketplace's last change; of two versions the later one stands. `freight` is
    None where no piece is left to deliver that may go as freight, and while the address has not come;
    `shop` is None until then too, unless the relay is there already. `discarded` names contact fields
    that came without right to be kept ("phone", "email", "invoice_phone", "invoice_email").
    """

    marketplace: str
    bar: Bar
    order_number: str
    sales_order_id: str
    ordered_at: datetime
    changed_at: datetime
    country: str | None
    postcode_area: str | None
    items: tuple[Item, ...]
    shop: ShopContact | None
    email_kind: EmailKind | None
    freight: FreightContact | None
    flags: tuple[Flag, ...]
    discarded: tuple[str, ...]

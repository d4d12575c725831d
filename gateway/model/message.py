"""Messages to carriers: which order is to be handed over, and what became of it; never the contact."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Fate(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    # The carrier took it.
    DELIVERED = "delivered"
    # There was nothing to hand over any more: the window closed, the order went elsewhere.
    CANCELLED = "cancelled"
    # The carrier did not take it in time; it may be replayed.
    DEAD = "dead"


class Topic(StrEnum):
    """What a message is about."""

    # The contact is there to be had.
    CONTACT = "contact"
    # What the carrier had received is erased here: it is to erase it as well (GDPR 19).
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Word for a carrier about an order: that its contact is there, or that it is erased.

    `actor_role` and `actor_id` name who set it off. `outcome` tells of the last attempt, in machine
    words: a status, a hindrance, reason codes.
    """

    message_id: str
    topic: Topic
    merchant: str
    carrier_id: str
    order_number: str
    consignment: str | None
    actor_role: str
    actor_id: str
    queued_at: datetime
    fate: Fate
    attempts: int
    due_at: datetime
    settled_at: datetime | None
    outcome: str | None

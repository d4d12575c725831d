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


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Word for a carrier that the contact of an order is there for it.

    `actor_role` and `actor_id` name who set it off. `outcome` tells of the last attempt, in machine
    words: a status, a hindrance, reason codes.
    """

    message_id: str
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

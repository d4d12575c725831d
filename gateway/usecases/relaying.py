"""What may come of a carrier's own order document that was sent on with the contact put in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.model.client import Client
from gateway.storage.answers import Repeatable
from gateway.usecases.release import Refused, Released


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRecord:
    """The release that it took, without the contact."""

    release_id: str
    order_number: str
    released_at: datetime
    log_index: int
    receipt_id: str

    @classmethod
    def of(cls, released: Released) -> "OnRecord":
        """What of a release may be told to whoever sent the document."""
        return cls(
            release_id=released.release_id,
            order_number=released.order_number,
            released_at=released.released_at,
            log_index=released.log_index,
            receipt_id=released.receipt_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """The carrier took it; `answer` is what it said, without any trace of the contact."""

    record: OnRecord
    status: int
    answer: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedDown:
    """The carrier did not take it; the release is on record all the same, for the contact was sent.

    `wait` is for how long the carrier wants to hear nothing more of it, where it says so.
    """

    record: OnRecord
    status: int
    answer: Any
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Unsure:
    """It was sent, now or under the same key before, and there is no answer: the carrier may have it."""

    release_id: str
    why: str


@dataclass(frozen=True, slots=True)
class NoLine:
    """There was no connection; nothing was released."""

    why: str


@dataclass(frozen=True, slots=True)
class TooFast:
    """The carrier takes no more just now; nothing was released."""

    wait: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a client gave for a carrier: its own order document, as a JSON object without the contact."""

    client: Client
    carrier_id: str
    document: Mapping[str, Any]
    request_id: str
    repeatable: Repeatable | None


Outcome = Relayed | TurnedDown | Unsure | NoLine | TooFast | Refused

Relay = Callable[[Given], Outcome]
"""Sends on what was given. NotFound, Conflict, InvalidInput and Unavailable: nothing was released."""

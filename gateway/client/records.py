"""What the gateway answers, typed; unknown members are left aside, so that newer gateways fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from gateway.model.times import parse_rfc3339


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A buyer's contact, for agreeing the appointment only. None: not asked for, or OTTO gave none.

    `phone` is E.164. The repr shows nothing of it.
    """

    name: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A contact that was released; it must be gone at the carrier's by `delete_by`."""

    release_id: str
    order_number: str
    consignment: str | None
    purpose: str
    contact: Contact
    released_at: datetime
    delete_by: datetime
    log_index: int

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """From JSON."""
        contact = answer["contact"]
        return cls(
            release_id=answer["release_id"],
            order_number=answer["order_number"],
            consignment=answer["consignment"],
            purpose=answer["purpose"],
            contact=Contact(**{name: contact.get(name) for name in ("name", "phone", "email")}),
            released_at=parse_rfc3339(answer["released_at"]),
            delete_by=parse_rfc3339(answer["delete_by"]),
            log_index=answer["receipt"]["log_index"],
        )


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that speaks against a release."""

    code: str
    policy: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A refusal, with every rule against it, the weightiest first; `guidance` says what is allowed."""

    decision_id: str
    reasons: Sequence[Reason]
    guidance: str | None

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """From JSON."""
        return cls(
            decision_id=answer["decision_id"],
            reasons=tuple(
                Reason(reason["code"], reason["policy"], reason["text"])
                for reason in answer["reasons"]
            ),
            guidance=answer.get("guidance"),
        )


@dataclass(frozen=True, slots=True)
class Appointment:
    """A time that was agreed with the buyer."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The carrier's pieces of an order, as they stand in a worklist; no contact."""

    order_number: str
    consignment: str | None
    status: str
    country: str | None
    postcode_area: str | None
    pieces: int
    since: datetime
    deadline: datetime
    window: str
    appointment: Appointment | None
    delivered_at: datetime | None

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """From JSON."""
        agreed, delivered = answer["appointment"], answer["delivered_at"]
        return cls(
            order_number=answer["order_number"],
            consignment=answer["consignment"],
            status=answer["status"],
            country=answer["country"],
            postcode_area=answer["postcode_area"],
            pieces=answer["pieces"],
            since=parse_rfc3339(answer["since"]),
            deadline=parse_rfc3339(answer["deadline"]),
            window=answer["window"],
            appointment=agreed
            and Appointment(
                parse_rfc3339(agreed["starts_at"]),
                parse_rfc3339(agreed["ends_at"]),
            ),
            delivered_at=delivered and parse_rfc3339(delivered),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A delivery that was taken note of."""

    order_number: str
    delivered_at: datetime
    delete_by: datetime

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """From JSON."""
        return cls(
            order_number=answer["order_number"],
            delivered_at=parse_rfc3339(answer["delivered_at"]),
            delete_by=parse_rfc3339(answer["delete_by"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """An order document that a carrier took, and what the carrier answered, without the contact."""

    release_id: str
    order_number: str
    carrier_status: int
    carrier_answer: Any

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """From JSON."""
        return cls(
            release_id=answer["release_id"],
            order_number=answer["order_number"],
            carrier_status=answer["carrier_status"],
            carrier_answer=answer["carrier_answer"],
        )

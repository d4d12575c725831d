"""Sends a carrier's own order document on to it, with the contact that the sender never sees put in."""

import math
from datetime import timedelta
from typing import Any

from marshmallow import INCLUDE, Schema, fields

from gateway.api import problems
from gateway.api.endpoint import Answer, Call, Endpoint, Json, Repeats, endpoint, only
from gateway.api.problems import Problem
from gateway.api.releases import ReceiptLinkShape, refusal
from gateway.api.shapes import Shape, instant, number, text
from gateway.usecases.relaying import (
    Given,
    NoLine,
    OnRecord,
    Outcome,
    Relay,
    Relayed,
    TooFast,
    TurnedDown,
    Unsure,
)
from gateway.usecases.release import Refused, receipt_link
from gateway.usecases.services import Services
from policies.question import Role


class DocumentShape(Schema):
    """The carrier's own order document, without contact; its profile says where the order number is."""

    class Meta:
        unknown = INCLUDE


class HandedOverShape(Shape):
    """What the carrier said, and the release that it took."""

    release_id = text("Names the release on record.")
    order_number = text("As the document names it.")
    released_at = instant()
    receipt = fields.Nested(ReceiptLinkShape, required=True)
    carrier_status = number("The HTTP status of the carrier's answer.")
    carrier_answer = fields.Raw(
        required=True,
        allow_none=True,
        metadata={"description": "What it said, with every trace of the contact taken out."},
    )


def hand_over(relay: Relay) -> Endpoint:
    """The endpoint over this way to carriers."""

    @endpoint(
        "POST",
        "/v1/handovers/<carrier>",
        access=only(Role.MERCHANT),
        summary="Send a carrier's own order document on, with the contact put in",
        about=(
            "The document is the carrier's, as the merchant's system writes it, without contact. The "
            "contact goes in at the place that the carrier's profile names, and to the registered "
            "address only. It is on record as handed over before it is sent: if the answer is lost, it "
            "stays so. Send an `Idempotency-Key`: under the same one nothing is sent twice."
        ),
        body=Json(DocumentShape),
        answers={200: HandedOverShape},
        problems=(
            *(problems.REFUSED, problems.NOT_FOUND, problems.CONFLICT),
            *(problems.CARRIER_REFUSED, problems.CARRIER_SILENT),
        ),
        repeats=Repeats.OWN,
    )
    def handed_over(_services: Services, call: Call) -> Answer | Problem:
        """What came of it."""
        return _told(
            relay(
                Given(
                    client=call.client,
                    carrier_id=call.path["carrier"],
                    document=call.body,
                    request_id=call.request_id,
                    repeatable=call.repeatable,
                )
            )
        )

    return handed_over


def _told(outcome: Outcome) -> Answer | Problem:
    match outcome:
        case Relayed():
            said = {"carrier_status": outcome.status, "carrier_answer": outcome.answer}
            return Answer(body=_shown(outcome.record) | said)
        case TurnedDown():
            return Problem(
                kind=problems.CARRIER_REFUSED,
                detail=f"the carrier answered {outcome.status}",
                extra={
                    "release_id": outcome.record.release_id,
                    "carrier_status": outcome.status,
                    "carrier_answer": outcome.answer,
                },
                headers={} if outcome.wait is None else _retry_after(outcome.wait),
            )
        case Unsure():
            return Problem(
                kind=problems.CARRIER_SILENT,
                detail=f"{outcome.why}: ask the carrier before you send it under another key",
                extra={"release_id": outcome.release_id},
            )
        case NoLine():
            return problems.unavailable({"carrier": f"{outcome.why}: nothing was released"})
        case TooFast():
            return Problem(
                kind=problems.TOO_MANY,
                detail="the carrier takes no more orders just now, and nothing was released",
                headers=_retry_after(outcome.wait),
            )
        case Refused():
            return refusal(outcome)


def _shown(record: OnRecord) -> dict[str, Any]:
    return {
        "release_id": record.release_id,
        "order_number": record.order_number,
        "released_at": record.released_at,
        "receipt": receipt_link(record.log_index, record.receipt_id),
    }


def _retry_after(wait: timedelta) -> dict[str, str]:
    return {"Retry-After": str(max(1, math.ceil(wait.total_seconds())))}

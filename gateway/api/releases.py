"""The freight contact to the responsible carrier: one at a time, or up to a thousand at once."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from gateway.api import problems, shapes
from gateway.api.endpoint import EVERY_ROLE, Answer, Call, Json, Repeats, endpoint
from gateway.api.problems import Problem
from gateway.api.shapes import Reason, Revealed, Shape, instant, number, text
from gateway.usecases.actors import actor
from gateway.usecases.desk import Asked, Wanted
from gateway.usecases.release import Refused, Released
from gateway.usecases.services import Services

MOST_ITEMS = 1000

PURPOSE = "What the contact is wanted for; only `delivery-appointment` releases one."
FIELDS = "The contact fields that are wanted; without it, all that the carrier is registered for."


def contact_fields() -> fields.List[str]:
    """Names of contact fields, at least one: nothing asked for is nothing to decide on."""
    return fields.List(
        fields.String(validate=validate.OneOf(shapes.CONTACT_FIELDS)),
        validate=validate.Length(1, len(shapes.CONTACT_FIELDS)),
        data_key="fields",
        attribute="fields",
        metadata={"description": FIELDS},
    )


def purpose() -> fields.String:
    """Any purpose: one that is not on the list is refused by the policy, and that is on record."""
    return text(PURPOSE, validate=validate.Length(1, 100))


class WantedShape(Shape):
    """An order by its number, or by the carrier's own consignment number."""

    also: ClassVar[Mapping[str, Any]] = {
        "oneOf": [{"required": ["order_number"]}, {"required": ["consignment"]}]
    }

    order_number = text(required=False, validate=shapes.ORDER_NUMBER)
    consignment = text(required=False, validate=shapes.CONSIGNMENT)

    @validates_schema
    def one_name(self, data: Mapping[str, Any], **_: Any) -> None:
        """Two names could be those of two orders."""
        if ("order_number" in data) == ("consignment" in data):
            raise ValidationError("order_number or consignment, one of them", "order_number")


class ReleaseShape(WantedShape):
    """A request for one contact."""

    purpose = purpose()
    fields_ = contact_fields()


class BatchShape(Shape):
    """A request for many contacts, for one purpose."""

    purpose = purpose()
    fields_ = contact_fields()
    items = fields.List(
        fields.Nested(WantedShape), required=True, validate=validate.Length(1, MOST_ITEMS)
    )


class ContactShape(Shape):
    """The contact; only what was asked for, null where OTTO gave none."""

    name = Revealed(metadata={"description": "Whom the delivery goes to."})
    phone = Revealed(allow_none=True, metadata={"description": "E.164."})
    email = Revealed(allow_none=True, metadata={"description": "The buyer's own address."})


class ReceiptLinkShape(Shape):
    """Where the release stands on record."""

    log_index = number("The index of its entry in the log.")
    href = text("Where the proof of it is.")


class ReleasedShape(Shape):
    """A contact that was released, and until when it may be kept."""

    release_id = text("Names the release on record.")
    order_number = text()
    consignment = text("The carrier's number for its pieces.", allow_none=True)
    purpose = text()
    contact = fields.Nested(ContactShape, required=True)
    released_at = instant()
    delete_by = instant("When the contact goes here, and must be gone at the carrier's.")
    receipt = fields.Nested(ReceiptLinkShape, required=True)


class ResultShape(Shape):
    """One item's answer, as it would be for a single request."""

    also: ClassVar[Mapping[str, Any]] = {
        "oneOf": [
            {
                "properties": {"status": {"const": 200}},
                "required": ["release_id", "contact", "receipt"],
            },
            {
                "properties": {"status": {"const": 403}},
                "required": ["title", "decision_id", "reasons"],
            },
        ]
    }

    status = number("200 or 403.")
    release_id = text(required=False)
    order_number = text(required=False)
    consignment = text(required=False, allow_none=True)
    purpose = text(required=False)
    contact = fields.Nested(ContactShape)
    released_at = instant(required=False)
    delete_by = instant(required=False)
    receipt = fields.Nested(ReceiptLinkShape)
    type = text(required=False)
    title = text(required=False)
    detail = text(required=False)
    request_id = text(required=False)
    decision_id = text(required=False)
    reasons = fields.List(fields.Nested(Reason))
    guidance = text(required=False, allow_none=True)


class ResultsShape(Shape):
    """One answer for each item, in their order."""

    results = fields.List(fields.Nested(ResultShape), required=True)


@endpoint(
    "POST",
    "/v1/releases",
    access=EVERY_ROLE,
    summary="Ask for the freight contact of one order",
    about="Whoever asks, the policy decides; the release or the refusal is on record before the answer.",
    body=Json(ReleaseShape),
    answers={200: ReleasedShape},
    problems=(problems.REFUSED,),
    repeats=Repeats.OWN,
)
def release(services: Services, call: Call) -> Answer | Problem:
    """The contact, or every reason against it."""
    [outcome] = _decided(services, call, [call.body])
    if isinstance(outcome, Refused):
        return refusal(outcome)
    return Answer(body=outcome.members())


@endpoint(
    "POST",
    "/v1/releases/batch",
    access=EVERY_ROLE,
    summary="Ask for the freight contacts of up to 1000 orders",
    about="Each item is decided and recorded by itself; all are on record before the answer.",
    body=Json(BatchShape),
    answers={200: ResultsShape},
    repeats=Repeats.OWN,
)
def release_batch(services: Services, call: Call) -> Answer:
    """One answer for each item, in order."""
    outcomes = _decided(services, call, call.body["items"])
    results = [
        refusal(outcome).body(call.request_id)
        if isinstance(outcome, Refused)
        else {"status": 200, **outcome.members()}
        for outcome in outcomes
    ]
    return Answer(body={"results": results})


def _decided(
    services: Services, call: Call, items: Sequence[Mapping[str, Any]]
) -> list[Released | Refused]:
    outcomes = services.release(
        Asked(
            recipient=call.client,
            actor=actor(call.client),
            items=[
                Wanted(order_number=it.get("order_number"), consignment=it.get("consignment"))
                for it in items
            ],
            purpose=call.body["purpose"],
            fields=call.body.get("fields"),
            request_id=call.request_id,
            repeatable=call.repeatable,
        )
    )
    call.metrics.releases(
        ("refused", outcome.refusal.codes[0]) if isinstance(outcome, Refused) else ("permitted", "")
        for outcome in outcomes
    )
    return outcomes


def refusal(refused: Refused) -> Problem:
    """A refusal as it is answered."""
    reasons = refused.refusal.reasons
    return Problem(
        kind=problems.REFUSED,
        detail=reasons[0].text,
        extra={
            "decision_id": refused.decision_id,
            "reasons": [shapes.reason(reason) for reason in reasons],
            "guidance": refused.guidance,
        },
    )

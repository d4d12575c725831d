"""What would be decided, without any contact data; a refusal is on record all the same."""

from marshmallow import fields

from gateway.api import problems, shapes
from gateway.api.endpoint import EVERY_ROLE, Answer, Call, Json, endpoint
from gateway.api.releases import contact_fields, purpose
from gateway.api.shapes import Reason, Shape, one_of, text
from gateway.usecases.decide import Way
from gateway.usecases.services import Services
from policies.verdict import Permit


class DecideShape(Shape):
    """An order and a purpose."""

    order_number = text(validate=shapes.ORDER_NUMBER)
    purpose = purpose()
    fields_ = contact_fields()


class DecisionShape(Shape):
    """What would be decided, and by which way the buyer may be reached."""

    outcome = one_of(("permitted", "refused"))
    channel = one_of(Way, "By which way the buyer may be reached for this purpose.")
    reasons = fields.List(fields.Nested(Reason), required=True)
    policy = text("The version of the policy that decided.")


@endpoint(
    "POST",
    "/v1/decisions",
    access=EVERY_ROLE,
    summary="Ask what would be decided",
    body=Json(DecideShape),
    answers={200: DecisionShape},
    problems=(problems.NOT_FOUND,),
)
def decide(services: Services, call: Call) -> Answer:
    """The decision as it would be now."""
    wanted = call.body.get("fields")
    decision = services.decide(
        call.client,
        call.body["order_number"],
        call.body["purpose"],
        None if wanted is None else tuple(wanted),
        call.request_id,
    )
    verdict = decision.verdict
    permitted = isinstance(verdict, Permit)
    return Answer(
        body={
            "outcome": "permitted" if permitted else "refused",
            "channel": decision.way,
            "reasons": []
            if isinstance(verdict, Permit)
            else [shapes.reason(reason) for reason in verdict.reasons],
            "policy": decision.policy,
        }
    )

"""The policy as a reviewer reads it: its version, its texts, and what it decides."""

from marshmallow import fields

from gateway.api.endpoint import Answer, Call, endpoint, only
from gateway.api.shapes import Shape, one_of, text
from gateway.usecases.services import Services
from policies.question import Channel, Purpose, Role
from policies.table import decision_table
from policies.verdict import ReasonCode


class RowShape(Shape):
    """The answer to one role's asking for one purpose by one way, no other fact against it."""

    purpose = one_of(Purpose)
    role = one_of(Role)
    channel = one_of(Channel)
    outcome = one_of(("permitted", "refused"))
    policy = text("The rule that decides.")
    reasons = fields.List(one_of(ReasonCode), required=True)


class PolicyShape(Shape):
    """The whole policy."""

    version = text("SHA-256 over all texts and the schema; it stands in every entry.")
    texts = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    decision_table = fields.List(fields.Nested(RowShape), required=True)


@endpoint(
    "GET",
    "/v1/policy",
    access=only(Role.REVIEWER),
    summary="Show the policy: version, texts, decision table",
    answers={200: PolicyShape},
)
def show(services: Services, _call: Call) -> Answer:
    """The policy that decides now."""
    engine = services.engine
    return Answer(
        body={
            "version": engine.version,
            "texts": engine.texts,
            "decision_table": [row.as_json() for row in decision_table(engine)],
        }
    )

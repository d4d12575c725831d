"""The audit log for those who review it, and the receipts of releases."""

from marshmallow import fields, validate

from gateway.api import problems, shapes
from gateway.api.endpoint import Answer, Call, endpoint, only
from gateway.api.shapes import Shape, number, one_of, text
from gateway.audit.entry import Action, Outcome
from gateway.usecases.actors import actor
from gateway.usecases.log.receipts import receipt
from gateway.usecases.reviewing import review
from gateway.usecases.services import Services
from policies.question import Purpose, Role
from policies.verdict import ReasonCode

_TIME = shapes.Word(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    "a time with its offset, such as 2026-11-23T18:05:00Z",
)
_CURSOR = shapes.Word("[A-Za-z0-9_-]{1,64}", "the next_cursor of a page")


class FiltersShape(Shape):
    """What entries must tell of; a filter that is left out leaves it open."""

    order_number = text(required=False, validate=shapes.ORDER_NUMBER)
    carrier = text(required=False, validate=shapes.CARRIER)
    actor = text("The id of a client.", required=False, validate=shapes.CLIENT)
    action = one_of(Action, required=False)
    outcome = one_of(Outcome, required=False)
    reason = one_of(ReasonCode, required=False)
    purpose = one_of(Purpose, required=False)
    from_ = text("Inclusive.", required=False, data_key="from", attribute="from", validate=_TIME)
    to = text("Exclusive.", required=False, validate=_TIME)
    cursor = text("Where the page begins.", required=False, validate=_CURSOR)
    limit = number(
        f"Entries on a page; {review.LIMIT} unless told.",
        required=False,
        validate=validate.Range(1, review.MOST),
    )


class ActorShape(Shape):
    """Who acted: never a person's name."""

    role = text()
    id = text()


class EntryShape(Shape):
    """An entry of the log; the subject is a pseudonym with a key of its own."""

    index = number()
    id = text()
    time = text("RFC 3339.")
    merchant = text()
    actor = fields.Nested(ActorShape, required=True)
    action = one_of(Action)
    outcome = one_of(Outcome)
    purpose = one_of(Purpose, allow_none=True)
    reasons = fields.List(one_of(ReasonCode), required=True)
    policy = text(allow_none=True)
    subject = text(allow_none=True)
    carrier = text(allow_none=True)
    fields_ = fields.List(fields.String(), required=True, data_key="fields", attribute="fields")
    detail = fields.Dict(
        keys=fields.String(), metadata={"description": "Machine facts, where there are any."}
    )
    request_id = text(allow_none=True)
    salt = text()
    erased = fields.Boolean(
        metadata={"description": "True where the buyer is erased: nobody is named any more."}
    )


class EntriesShape(Shape):
    """A page of entries, newest first."""

    entries = fields.List(fields.Nested(EntryShape), required=True)
    next_cursor = text("Where the next page begins; null on the last one.", allow_none=True)


class ReceiptShape(Shape):
    """Proof that a release is on record; `gateway audit verify-receipt` checks it offline."""

    entry = text("The leaf's bytes in base64.")
    proof = text("A C2SP tlog-proof.")


@endpoint(
    "GET",
    "/v1/audit/entries",
    access=only(Role.REVIEWER),
    summary="Show the audit log, newest entries first",
    about="The look itself is on record.",
    query=FiltersShape,
    answers={200: EntriesShape},
)
def entries(services: Services, call: Call) -> Answer:
    """A page of entries."""
    texts = dict(call.query)
    cursor, limit = texts.pop("cursor", None), texts.pop("limit", review.LIMIT)
    page = review.entries(
        services.store,
        call.client.merchant,
        actor(call.client),
        review.Filters.parse(texts),
        cursor,
        limit,
        call.request_id,
    )
    return Answer(body={"entries": page.entries, "next_cursor": page.next_cursor})


@endpoint(
    "GET",
    "/v1/audit/receipts/<release_id>",
    access=only(Role.REVIEWER, Role.CARRIER),
    summary="Give the receipt of a release",
    about="To a reviewer, or to the carrier it went to.",
    answers={200: ReceiptShape},
    problems=(problems.NOT_FOUND,),
)
def receipt_of(services: Services, call: Call) -> Answer:
    """The entry and its proof."""
    client = call.client
    carrier_id = client.carrier_id or "" if client.role is Role.CARRIER else None
    found = receipt(services.store, client.merchant, call.path["release_id"], carrier_id)
    return Answer(body=found.as_json())

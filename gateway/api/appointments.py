"""A carrier's worklist, and what it tells of it: the appointment it agreed, and that it delivered."""

from typing import Any

from marshmallow import fields, validate

from gateway.api import problems, shapes
from gateway.api.endpoint import Answer, Call, Json, Repeats, endpoint, only
from gateway.api.shapes import Shape, instant, number, one_of, text
from gateway.errors import NotFound
from gateway.model.kept import Appointment, Stage
from gateway.usecases.actors import actor
from gateway.usecases.appoint import LIMIT, MOST, Delivery, appoint, listing
from gateway.usecases.deliver import deliver
from gateway.usecases.services import Services
from policies.question import Role, Window

_CURSOR = shapes.Word("[A-Za-z0-9_-]{1,96}", "the next_cursor of a page")
_NOT_YOURS = "no order of this number is assigned to this carrier"


class WorklistShape(Shape):
    """Which worklist, and which page of it."""

    status = one_of(Stage, "Without it, open.", required=False)
    cursor = text("Where the page begins.", required=False, validate=_CURSOR)
    limit = number(
        f"Deliveries on a page; {LIMIT} unless told.",
        required=False,
        validate=validate.Range(1, MOST),
    )


class AppointmentShape(Shape):
    """A time that was agreed with the buyer."""

    starts_at = instant()
    ends_at = instant()


class DeliveryShape(Shape):
    """The carrier's pieces of one order that stand in one worklist; no contact data."""

    order_number = text()
    consignment = text("The carrier's number for it.", allow_none=True)
    status = one_of(Stage)
    country = text("ISO 3166 alpha-3.", allow_none=True)
    postcode_area = text("The first digits of the postcode.", allow_none=True)
    pieces = number("How many physical pieces.")
    since = instant("When they were assigned to the carrier.")
    deadline = instant("Until when the contact can be asked for at the latest.")
    window = one_of(Window, "Whether the contact can be asked for now.")
    appointment = fields.Nested(AppointmentShape, required=True, allow_none=True)
    delivered_at = instant(allow_none=True)


class DeliveriesShape(Shape):
    """A page of a worklist, those that wait longest first."""

    appointments = fields.List(fields.Nested(DeliveryShape), required=True)
    next_cursor = text("Where the next page begins; null on the last one.", allow_none=True)


class DeliveredShape(Shape):
    """A delivery that was taken note of."""

    order_number = text()
    delivered_at = instant("When it was first told of.")
    delete_by = instant("When the contact goes at the latest.")


@endpoint(
    "GET",
    "/v1/appointments",
    access=only(Role.CARRIER),
    summary="List the deliveries that still need an appointment, have one, or are done",
    about=(
        "Open ones by the time of their assignment, agreed ones by their appointment, delivered ones "
        "by their delivery. `POST /v1/releases/batch` then asks for the contacts of a whole page."
    ),
    query=WorklistShape,
    answers={200: DeliveriesShape},
    conditional=True,
)
def worklist(services: Services, call: Call) -> Answer:
    """A page of the caller's own worklist."""
    page = listing(
        services.store,
        services.settings.deadlines,
        call.client.merchant,
        call.client.carrier_id or "",
        Stage(call.query.get("status", Stage.OPEN)),
        call.query.get("cursor"),
        call.query.get("limit", LIMIT),
    )
    return Answer(
        body={
            "appointments": [_shown(delivery) for delivery in page.deliveries],
            "next_cursor": page.next_cursor,
        }
    )


@endpoint(
    "PUT",
    "/v1/appointments/<order_number>",
    access=only(Role.CARRIER),
    summary="Tell the appointment that was agreed with the buyer",
    about="The merchant sees it in the state of the order. A later one takes its place.",
    body=Json(AppointmentShape),
    answers={200: DeliveryShape},
    problems=(problems.NOT_FOUND, problems.CONFLICT),
)
def agreed(services: Services, call: Call) -> Answer:
    """The delivery as it stands then; an order that is not this carrier's is the same as none."""
    delivery = appoint(
        services.store,
        services.settings.deadlines,
        call.client.merchant,
        actor(call.client),
        call.path["order_number"],
        call.client.carrier_id or "",
        Appointment(call.body["starts_at"], call.body["ends_at"]),
        call.request_id,
    )
    if delivery is None:
        raise NotFound(_NOT_YOURS)
    return Answer(body=_shown(delivery))


@endpoint(
    "POST",
    "/v1/appointments/<order_number>/delivered",
    access=only(Role.CARRIER),
    summary="Tell that the carrier's pieces of an order are delivered",
    about="The first word of it counts: telling it again moves no deadline.",
    answers={200: DeliveredShape},
    problems=(problems.NOT_FOUND,),
    repeats=Repeats.ANSWER_KEPT,
)
def delivered(services: Services, call: Call) -> Answer:
    """The deadlines; an order that is not this carrier's is the same as none."""
    order_number, carrier_id = call.path["order_number"], call.client.carrier_id or ""
    order = deliver(
        services.store,
        services.settings.deadlines,
        call.client.merchant,
        actor(call.client),
        order_number,
        carrier_id,
        call.request_id,
    )
    if order is None:
        raise NotFound(_NOT_YOURS)
    deadlines = services.settings.deadlines.of(call.client.merchant)
    times = [
        item.delivered_at
        for item in order.items
        if item.carrier_id == carrier_id and item.delivered_at is not None
    ]
    return Answer(
        body={
            "order_number": order_number,
            "delivered_at": max(times),
            "delete_by": order.delete_by(deadlines.erase_after_delivery),
        }
    )


def _shown(delivery: Delivery) -> dict[str, Any]:
    return {
        "order_number": delivery.order_number,
        "consignment": delivery.consignment,
        "status": delivery.stage,
        "country": delivery.country,
        "postcode_area": delivery.postcode_area,
        "pieces": delivery.pieces,
        "since": delivery.since,
        "deadline": delivery.deadline,
        "window": delivery.window,
        "appointment": delivery.appointment,
        "delivered_at": delivery.delivered_at,
    }

"""What carriers tell of their deliveries; it closes the window and starts the deletion clock."""

from gateway.api import problems
from gateway.api.endpoint import Answer, Call, Repeats, endpoint, only
from gateway.api.shapes import Shape, instant, text
from gateway.errors import NotFound
from gateway.usecases.actors import actor
from gateway.usecases.deliver import deliver
from gateway.usecases.services import Services
from policies.question import Role


class DeliveredShape(Shape):
    """A delivery that was taken note of."""

    order_number = text()
    delivered_at = instant("When it was first told of.")
    delete_by = instant("When the contact goes at the latest.")


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
    number, carrier_id = call.path["order_number"], call.client.carrier_id or ""
    order = deliver(
        services.store,
        services.settings.deadlines,
        call.client.merchant,
        actor(call.client),
        number,
        carrier_id,
        call.request_id,
    )
    if order is None:
        raise NotFound("no order of this number is assigned to this carrier")
    times = [
        item.delivered_at
        for item in order.items
        if item.carrier_id == carrier_id and item.delivered_at is not None
    ]
    return Answer(
        body={
            "order_number": number,
            "delivered_at": max(times),
            "delete_by": order.delete_by(services.settings.deadlines.erase_after_delivery),
        }
    )

"""An order's state, its assignment to a carrier, and the address that a shop may keep."""

from marshmallow import fields, validate

from gateway.api import problems, shapes
from gateway.api.appointments import AppointmentShape
from gateway.api.endpoint import Answer, Call, Json, Repeats, endpoint, only
from gateway.api.shapes import Revealed, Shape, flag, instant, one_of, text
from gateway.model.order import EmailKind, Evidence, Flag, Status
from gateway.usecases.actors import actor
from gateway.usecases.assign import Assignment, assign
from gateway.usecases.order_state import order_state
from gateway.usecases.services import Services
from gateway.usecases.shop_contact import shop_contact
from policies.question import Mode, Purpose, Role, Window

_NONE_YET = "None as long as the marketplace has sent no address, and after erasure."


class PieceShape(Shape):
    """One physical piece of an order."""

    position_item_id = text("OTTO's positionItemId, or another marketplace's own.")
    status = one_of(Status, "In the words of OTTO's fulfillmentStatus.")
    mode = one_of(Mode, "How it travels, by evidence.")
    evidence = one_of(Evidence, "What the mode rests on.")
    carrier = text("The carrier it is assigned to.", allow_none=True)
    consignment = text("The carrier's number for it.", allow_none=True)
    phone_present = flag("Whether there is a phone that may be used for this piece.")
    email_kind = one_of(EmailKind, f"Which address shops get. {_NONE_YET}", allow_none=True)
    appointment = fields.Nested(
        AppointmentShape,
        required=True,
        allow_none=True,
        metadata={"description": "What the carrier agreed with the buyer."},
    )
    delivered_at = instant("When the carrier told of the delivery.", allow_none=True)
    window = one_of(Window, "Whether the carrier may ask for the contact.")
    delete_by = instant(
        "When the contact goes at the latest; null when it is gone.", allow_none=True
    )
    flags = fields.List(one_of(Flag), required=True)


class OrderShape(Shape):
    """An order without contact data."""

    order_number = text("At a marketplace other than OTTO with that one's prefix.")
    marketplace = text("Where it comes from: otto, or another file of config/marketplaces/.")
    sales_order_id = text("OTTO's salesOrderId; the marketplace's own number of another's order.")
    ordered_at = instant()
    changed_at = instant("The marketplace's last change.")
    imported_at = instant()
    erased_at = instant("When the contact was erased, for whatever reason.", allow_none=True)
    delete_by = instant(
        "When the contact goes at the latest; null when it is gone.", allow_none=True
    )
    email_kind = one_of(EmailKind, f"Which address shops get. {_NONE_YET}", allow_none=True)
    flags = fields.List(one_of(Flag), required=True)
    position_items = fields.List(fields.Nested(PieceShape), required=True)


class AssignmentShape(Shape):
    """Which carrier gets which pieces."""

    carrier = text("The id of a registered freight carrier.", validate=shapes.CARRIER)
    consignment = text(
        "The carrier's number for these pieces; it may then ask by it.",
        required=False,
        allow_none=True,
        validate=shapes.CONSIGNMENT,
    )
    position_items = fields.List(
        fields.String(validate=shapes.ITEM),
        validate=validate.Length(1, 1000),
        metadata={"description": "The pieces; without it, all that may travel by freight."},
    )


class ShopContactShape(Shape):
    """An address that a shop may store with the order; never a phone, never a freight address."""

    order_number = text()
    email = Revealed(required=True, metadata={"description": "The relay or the placeholder."})
    kind = one_of(EmailKind)
    deliverable = flag("Whether mail to it reaches anybody at all.")
    allowed_purposes = fields.List(one_of(Purpose), required=True)
    notice = text("What to mind when using it.")


@endpoint(
    "GET",
    "/v1/orders/<order_number>",
    access=only(Role.MERCHANT),
    summary="Show where an order stands, without contact data",
    answers={200: OrderShape},
    problems=(problems.NOT_FOUND,),
)
def show(services: Services, call: Call) -> Answer:
    """The order, piece by piece."""
    return _state(services, call)


@endpoint(
    "PUT",
    "/v1/orders/<order_number>/carrier",
    access=only(Role.MERCHANT),
    summary="Assign an order, or some of its pieces, to a freight carrier",
    about="It opens the window in which this carrier may ask for the contact.",
    body=Json(AssignmentShape),
    answers={200: OrderShape},
    problems=(problems.NOT_FOUND,),
    repeats=Repeats.ANSWER_KEPT,
)
def give_to_carrier(services: Services, call: Call) -> Answer:
    """The order as it stands then."""
    assign(
        services.store,
        call.client.merchant,
        actor(call.client),
        Assignment(
            order_number=call.path["order_number"],
            carrier_id=call.body["carrier"],
            consignment=call.body.get("consignment"),
            item_ids=call.body.get("position_items"),
        ),
        call.request_id,
    )
    return _state(services, call)


@endpoint(
    "GET",
    "/v1/orders/<order_number>/shop-contact",
    access=only(Role.MERCHANT, Role.SHOP),
    summary="Give the address that a shop may store with an order",
    answers={200: ShopContactShape},
    problems=(problems.NOT_FOUND, problems.CONFLICT, problems.GONE),
)
def safe_address(services: Services, call: Call) -> Answer:
    """The relay or the placeholder."""
    found = shop_contact(
        services.store, services.engine, services.opener, call.client, call.path["order_number"]
    )
    return Answer(
        body={
            "order_number": found.order_number,
            "email": found.email,
            "kind": found.kind,
            "deliverable": found.deliverable,
            "allowed_purposes": found.allowed_purposes,
            "notice": found.notice,
        }
    )


def _state(services: Services, call: Call) -> Answer:
    state = order_state(
        services.store,
        services.settings.deadlines,
        call.client.merchant,
        call.path["order_number"],
    )
    return Answer(body=state.members())

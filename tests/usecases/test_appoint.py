"""Carriers see what they still have to agree, and merchants what was agreed; nobody sees a contact by it."""

from datetime import datetime, timedelta

import pytest

from gateway.errors import Conflict, InvalidInput
from gateway.model.kept import Appointment, Stage
from gateway.usecases.appoint import Delivery, Page, appoint, listing
from gateway.usecases.deliver import deliver
from gateway.usecases.order_state import order_state
from tests.builders import a_freight_item, a_parcel_item, an_order, order_number
from tests.world import NOON, TESTER, World

NUMBER = "bagm62dvgp"
MORNING = Appointment(NOON + timedelta(days=3, hours=-4), NOON + timedelta(days=3))


def worklist(
    world: World,
    stage: Stage = Stage.OPEN,
    cursor: str | None = None,
    limit: int = 100,
    carrier: str = "dachser",
) -> Page:
    """A page of dachser's worklist, unless told."""
    return listing(world.store, world.settings.deadlines, "default", carrier, stage, cursor, limit)


def numbers(page: Page) -> list[str]:
    """The orders of a page."""
    return [delivery.order_number for delivery in page.deliveries]


def agree(
    world: World,
    number: str = NUMBER,
    appointment: Appointment = MORNING,
    carrier: str = "dachser",
) -> Delivery | None:
    """Dachser sets an appointment, unless told."""
    deadlines = world.settings.deadlines
    return appoint(world.store, deadlines, "default", TESTER, number, carrier, appointment, "test")


def tell_delivered(world: World, number: str = NUMBER) -> None:
    """Dachser has delivered."""
    deadlines = world.settings.deadlines
    deliver(world.store, deadlines, "default", TESTER, number, "dachser", None)


@pytest.fixture
def assigned(world: World) -> World:
    """A world with one freight order, assigned to dachser."""
    world.take_in(an_order())
    world.assign(NUMBER, consignment="D-1")
    return world


def test_an_assigned_order_waits_for_its_appointment(assigned: World) -> None:
    """The worklist says what a dispatcher plans with, and nothing of the buyer but the area."""
    [delivery] = worklist(assigned).deliveries
    assert delivery == Delivery(
        order_number=NUMBER,
        consignment="D-1",
        stage=Stage.OPEN,
        country="DEU",
        postcode_area=assigned.kept(NUMBER).postcode_area,
        pieces=1,
        since=NOON,
        deadline=NOON + timedelta(days=90),
        window="open",
        appointment=None,
        delivered_at=None,
    )
    assert worklist(assigned, Stage.AGREED) == worklist(assigned, Stage.DELIVERED) == Page((), None)


def test_each_stage_is_another_list(assigned: World) -> None:
    """Open, then agreed, then delivered; an order stands in one of them, and each step is on record."""
    agree(assigned)
    assert worklist(assigned).deliveries == ()
    [agreed] = worklist(assigned, Stage.AGREED).deliveries
    assert agreed.appointment == MORNING
    tell_delivered(assigned)
    assert worklist(assigned, Stage.AGREED).deliveries == ()
    [delivered] = worklist(assigned, Stage.DELIVERED).deliveries
    assert delivered.delivered_at == NOON
    assert delivered.deadline == NOON + timedelta(days=3)
    entry = assigned.log()[-2]
    assert (entry.action, entry.carrier) == ("appointment.set", "dachser")
    assert entry.subject == assigned.kept(NUMBER).subject


def test_the_merchant_sees_the_appointment(assigned: World) -> None:
    """The date comes back with the state of the order."""
    agree(assigned)
    state = order_state(assigned.store, assigned.settings.deadlines, "default", NUMBER)
    assert [shown.piece.appointment for shown in state.pieces] == [MORNING]


def test_a_later_appointment_takes_the_place_of_the_earlier(assigned: World) -> None:
    """Setting it anew moves it; saying the same again is no news."""
    agree(assigned)
    later = Appointment(MORNING.starts_at + timedelta(days=1), MORNING.ends_at + timedelta(days=1))
    assert agree(assigned, appointment=later) == agree(assigned, appointment=later)
    [agreed] = worklist(assigned, Stage.AGREED).deliveries
    assert agreed.appointment == later
    assert assigned.said().count("appointment.set") == 2


def test_an_import_forgets_no_appointment(assigned: World) -> None:
    """What the marketplace sends again changes nothing that was agreed."""
    agree(assigned)
    assigned.take_in(an_order(lastModifiedDate="2026-11-05T10:00:00Z"))
    assert [item.appointment for item in assigned.kept(NUMBER).items] == [MORNING]


def test_another_carrier_agrees_anew(assigned: World) -> None:
    """What one carrier agreed binds no other."""
    agree(assigned)
    assigned.assign(NUMBER, "rhenus")
    assert numbers(worklist(assigned, carrier="rhenus")) == [NUMBER]
    assert worklist(assigned, Stage.AGREED).deliveries == ()


def test_another_carriers_order_is_none(assigned: World) -> None:
    """Neither does it show in the worklist, nor can an appointment be set."""
    assert worklist(assigned, carrier="rhenus").deliveries == ()
    assert agree(assigned, carrier="rhenus") is None
    assert agree(assigned, "nosuchorde") is None


def test_pieces_count_by_their_stage(world: World) -> None:
    """An order of three pieces is one delivery; a parcel among them is none of the carrier's."""
    pieces = [a_freight_item(f"f{count}") for count in range(3)]
    world.take_in(an_order(positionItems=[*pieces, a_parcel_item()]))
    world.assign(NUMBER, item_ids=["f0"])
    world.clock.forward(hours=1)
    world.assign(NUMBER)
    [delivery] = worklist(world).deliveries
    assert (delivery.pieces, delivery.since) == (3, NOON)


@pytest.mark.parametrize("status", ["RETURNED", "CANCELLED_BY_PARTNER"])
def test_a_cancelled_order_waits_for_nothing(assigned: World, status: str) -> None:
    """It leaves the worklist, and no appointment can be set."""
    piece = a_freight_item(fulfillmentStatus=status)
    assigned.take_in(an_order(positionItems=[piece], lastModifiedDate="2026-11-05T10:00:00Z"))
    assert worklist(assigned).deliveries == ()
    with pytest.raises(Conflict):
        agree(assigned)


def test_a_delivered_order_takes_no_appointment(assigned: World) -> None:
    """Nothing is left to deliver."""
    tell_delivered(assigned)
    with pytest.raises(Conflict):
        agree(assigned)


def test_an_order_whose_contact_is_gone_leaves_the_worklist(assigned: World) -> None:
    """After the latest date nobody can be called any more."""
    assigned.clock.forward(days=90, microseconds=-1)
    assert numbers(worklist(assigned)) == [NUMBER]
    assigned.clock.forward(microseconds=1)
    assert worklist(assigned).deliveries == ()


def test_pages_follow_one_another(world: World) -> None:
    """The longest waiting first, each order once, also where many came in the same moment."""
    everything = [order_number(count) for count in range(25)]
    world.take_in(*(an_order(number) for number in everything))
    for count, number in enumerate(everything):
        world.assign(number)
        if count % 4 == 0:
            world.clock.forward(seconds=1)
    seen, cursor = [], None
    while True:
        page = worklist(world, cursor=cursor, limit=4)
        seen += numbers(page)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == everything


def test_a_cursor_stays_good_while_the_list_moves(world: World) -> None:
    """What was agreed in the meantime is neither skipped over nor shown twice."""
    everything = [order_number(count) for count in range(6)]
    world.take_in(*(an_order(number) for number in everything))
    for number in everything:
        world.assign(number)
    first = worklist(world, limit=3)
    for number in [*everything[:3], everything[4]]:
        agree(world, number)
    second = worklist(world, cursor=first.next_cursor, limit=3)
    assert numbers(second) == [everything[3], everything[5]]


@pytest.mark.parametrize("cursor", ["", "x", "bm9uZQ", "YTE3NjM4OTkyMDAwMDAwMDAuYmFnbTYyZHZncA"])
def test_another_cursor_is_refused(assigned: World, cursor: str) -> None:
    """Also one of another stage's list."""
    with pytest.raises(InvalidInput, match="next_cursor"):
        worklist(assigned, cursor=cursor)


@pytest.mark.parametrize(
    ("starts", "ends", "field"),
    [
        (timedelta(days=1), timedelta(days=1), "ends_at"),
        (timedelta(days=2), timedelta(days=1), "ends_at"),
        (timedelta(hours=-2), timedelta(hours=-1), "ends_at"),
        (timedelta(days=90), timedelta(days=90, hours=1), "starts_at"),
    ],
)
def test_an_impossible_appointment_is_refused(
    assigned: World, starts: timedelta, ends: timedelta, field: str
) -> None:
    """It ends after it starts, in the future, within the time that contacts are kept."""
    now: datetime = assigned.clock.now
    with pytest.raises(InvalidInput) as fault:
        agree(assigned, appointment=Appointment(now + starts, now + ends))
    assert list(fault.value.errors) == [field]

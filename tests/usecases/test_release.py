"""The freight contact goes to the responsible carrier, for the appointment, in the window; else nowhere."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.audit.entry import Action
from gateway.errors import InvalidInput, Unavailable
from gateway.storage.answers import Repeatable
from gateway.storage.store import Store, Transaction
from gateway.usecases import register
from gateway.usecases.actors import SERVICE, actor
from gateway.usecases.deliver import deliver
from gateway.usecases.desk import Asked, Wanted
from gateway.usecases.release import Refused, Released
from policies.question import MARKETING, OTTO_SIX, Purpose, Role
from tests.builders import (
    a_freight_item,
    a_parcel_item,
    a_parcel_order,
    an_address,
    an_item,
    an_order,
    order_number,
)
from tests.world import TESTER, World, a_carrier, codes, shown

NUMBER = "bagm62dvgp"
CONTACT = {"name": "Erika Mustermann", "phone": "+493023125001", "email": "erika@example.org"}


@pytest.fixture
def assigned(world: World) -> World:
    """A world with one freight order, assigned to dachser."""
    world.take_in(an_order())
    world.assign(NUMBER, consignment="D-1")
    return world


def test_the_responsible_carrier_gets_the_contact(assigned: World) -> None:
    """Name, E.164 phone and e-mail go out, with deadline and place on record."""
    released = assigned.ask(assigned.client(), NUMBER)
    assert shown(released) == CONTACT
    assert isinstance(released, Released)
    assert released.consignment == "D-1"
    assert (released.delete_by - assigned.clock.now).days == 90
    entry = assigned.log()[released.log_index]
    assert (entry.action, entry.id) == (Action.CONTACT_RELEASED, released.release_id)
    assert (entry.fields, entry.carrier) == (("name", "phone", "email"), "dachser")
    assert entry.subject == assigned.kept(NUMBER).subject


def test_a_consignment_names_the_order_as_well(assigned: World) -> None:
    """A carrier may ask by its own number."""
    assert shown(assigned.ask(assigned.client(), consignment="D-1")) == CONTACT


def test_only_the_asked_fields_leave(assigned: World) -> None:
    """Data minimisation: who asks for the phone gets the phone."""
    released = assigned.ask(assigned.client(), NUMBER, fields=["phone"])
    assert shown(released) == {"phone": CONTACT["phone"]}


@pytest.mark.parametrize("purpose", sorted(MARKETING))
def test_marketing_is_refused(assigned: World, purpose: str) -> None:
    """The responsible carrier itself is refused every purpose of the marketing family, on record."""
    refused = assigned.ask(assigned.client(), NUMBER, purpose)
    assert codes(refused)[0] == "purpose_marketing"
    assert assigned.log()[-1].reasons == tuple(codes(refused))


@pytest.mark.parametrize(
    "purpose", [*sorted(OTTO_SIX), "driver-call-ahead", "freight", "", "Delivery-Appointment"]
)
def test_any_other_purpose_is_refused(assigned: World, purpose: str) -> None:
    """What the caller types is no evidence: only the one exact purpose releases."""
    assert "purpose_not_permitted" in codes(assigned.ask(assigned.client(), NUMBER, purpose))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CARRIER])
def test_nobody_but_a_carrier_gets_it(assigned: World, role: Role) -> None:
    """Merchant, shop, reviewer and mailer are refused, and it is on record."""
    assert "recipient_not_carrier" in codes(assigned.ask(assigned.client(role), NUMBER))
    assert assigned.log()[-1].action is Action.CONTACT_REFUSED


def test_another_carriers_order_looks_like_none(assigned: World) -> None:
    """A carrier cannot tell an order that is not its own from one that does not exist."""
    rhenus = assigned.client(carrier="rhenus")
    other, nothing = (assigned.ask(rhenus, number) for number in (NUMBER, "nosuchorde"))
    assert isinstance(other, Refused)
    assert isinstance(nothing, Refused)
    assert other.refusal == nothing.refusal
    assert other.guidance == nothing.guidance


@pytest.mark.parametrize("state", ["parcel", "erased", "unassigned"])
def test_no_state_of_anothers_order_shows(world: World, state: str) -> None:
    """Whatever became of another's order, the answer is that of an order that does not exist."""
    world.take_in(a_parcel_order() if state == "parcel" else an_order())
    if state == "erased":
        cancelled = a_freight_item(fulfillmentStatus="CANCELLED_BY_PARTNER")
        world.take_in(an_order(positionItems=[cancelled]))
    rhenus = world.client(carrier="rhenus")
    assert codes(world.ask(rhenus, NUMBER)) == codes(world.ask(rhenus, "nosuchorde"))


def test_a_lapsed_registration_is_refused(world: World) -> None:
    """Who is not registered now gets nothing, assigned or not."""
    world.take_in(an_order())
    world.assign(NUMBER, "hellmann")
    assert codes(world.ask(world.client(carrier="hellmann"), NUMBER)) == [
        "recipient_not_registered"
    ]


def test_a_withdrawn_registration_is_refused_at_once(assigned: World) -> None:
    """Taking a carrier out of the file ends its access with the next request."""
    client = assigned.client()
    register.apply(assigned.store, "default", TESTER, [a_carrier("rhenus")])
    assert codes(assigned.ask(client, NUMBER)) == ["recipient_not_registered"]


def test_fields_beyond_the_registration_are_refused(assigned: World) -> None:
    """A carrier registered for the phone alone cannot ask for the e-mail; asking for nothing gets the phone."""
    client = assigned.client()
    register.apply(
        assigned.store, "default", TESTER, [a_carrier("dachser", fields=frozenset({"phone"}))]
    )
    assert codes(assigned.ask(client, NUMBER, fields=["phone", "email"])) == [
        "field_not_registered"
    ]
    assert shown(assigned.ask(client, NUMBER)) == {"phone": CONTACT["phone"]}


def test_a_reassigned_order_leaves_the_first_carrier(assigned: World) -> None:
    """Responsibility moves with the assignment."""
    assigned.assign(NUMBER, "rhenus")
    assert codes(assigned.ask(assigned.client(), NUMBER)) == ["recipient_not_responsible"]
    assert shown(assigned.ask(assigned.client(carrier="rhenus"), NUMBER)) == CONTACT


def test_another_merchants_order_is_none(assigned: World) -> None:
    """A client sees its own merchant's orders only."""
    assigned.merchant("other")
    client = assigned.client(merchant="other")
    assert codes(assigned.ask(client, NUMBER)) == ["recipient_not_responsible"]


def test_the_window_closes_after_delivery_and_grace(assigned: World) -> None:
    """The contact may be fetched for three days after delivery, and not a moment longer."""
    client = assigned.client()
    deliver(assigned.store, assigned.settings.deadlines, "default", TESTER, NUMBER, "dachser", None)
    assigned.clock.forward(days=3, microseconds=-1)
    assert shown(assigned.ask(client, NUMBER)) == CONTACT
    assigned.clock.forward(microseconds=1)
    assert codes(assigned.ask(client, NUMBER)) == ["window_closed"]


def test_the_window_closes_with_the_latest_date(assigned: World) -> None:
    """Ninety days after import nothing is handed over, delivered or not."""
    client = assigned.client()
    assigned.clock.forward(days=90)
    assert "window_closed" in codes(assigned.ask(client, NUMBER))


def test_a_cancelled_order_is_closed_and_erased(assigned: World) -> None:
    """With nothing left to deliver the contact is gone, and the refusal says so."""
    cancelled = a_freight_item(fulfillmentStatus="CANCELLED_BY_MARKETPLACE")
    assigned.take_in(an_order(positionItems=[cancelled]))
    assert codes(assigned.ask(assigned.client(), NUMBER)) == ["window_closed", "erased"]


def test_a_mixed_order_serves_its_freight_pieces(world: World) -> None:
    """Parcel and freight in one order: the carrier of the freight piece gets the contact."""
    world.take_in(an_order(positionItems=[a_parcel_item(), a_freight_item()]))
    world.assign(NUMBER)
    assert shown(world.ask(world.client(), NUMBER)) == CONTACT


def test_a_cancelled_freight_piece_of_a_mixed_order_closes_it(world: World) -> None:
    """The parcel that is left gives no right to the freight contact."""
    world.take_in(an_order(positionItems=[a_parcel_item(), a_freight_item()]))
    world.assign(NUMBER)
    cancelled = a_freight_item(fulfillmentStatus="RETURNED")
    world.take_in(an_order(positionItems=[a_parcel_item(), cancelled]))
    assert "window_closed" in codes(world.ask(world.client(), NUMBER))


def test_an_assignment_is_evidence_where_nothing_else_is(world: World) -> None:
    """An unclassified order becomes freight when it is given to a freight carrier."""
    world.take_in(an_order(positionItems=[an_item()]))
    world.assign(NUMBER)
    assert shown(world.ask(world.client(), NUMBER)) == CONTACT


def test_a_freight_order_without_email_gives_none(world: World) -> None:
    """A placeholder is never handed to a carrier, nor is the relay."""
    world.take_in(an_order(deliveryAddress=an_address(email=None)))
    world.assign(NUMBER)
    assert shown(world.ask(world.client(), NUMBER)) == CONTACT | {"email": None}


def test_a_batch_answers_each_in_its_order(world: World) -> None:
    """One transaction, one entry an item, refusals among releases."""
    numbers = [order_number(count) for count in range(5)]
    world.take_in(*(an_order(number) for number in numbers))
    for number in numbers[::2]:
        world.assign(number)
    client = world.client()
    asked = Asked(
        recipient=client,
        actor=actor(client),
        items=[Wanted(order_number=number) for number in numbers],
        purpose=Purpose.DELIVERY_APPOINTMENT,
        fields=None,
        request_id="test",
    )
    answers = world.services.release(asked)
    assert [type(answer) for answer in answers] == [Released, Refused] * 2 + [Released]
    said = [entry.action for entry in world.log()[-5:]]
    assert said == [Action.CONTACT_RELEASED, Action.CONTACT_REFUSED] * 2 + [Action.CONTACT_RELEASED]


def test_a_repeat_is_decided_anew_under_the_same_id(assigned: World) -> None:
    """A repeated request keeps its release id, is recorded again, and is refused once the window closed."""
    client = assigned.client()

    def again(purpose_hash: bytes = b"1" * 32) -> Released | Refused:
        asked = Asked(
            recipient=client,
            actor=actor(client),
            items=[Wanted(order_number=NUMBER)],
            purpose=Purpose.DELIVERY_APPOINTMENT,
            fields=None,
            request_id="test",
            repeatable=Repeatable(client.client_id, "key-1", purpose_hash),
        )
        return assigned.services.release(asked)[0]

    first, second = again(), again()
    assert isinstance(first, Released)
    assert isinstance(second, Released)
    assert second.release_id == first.release_id
    assert second.log_index == first.log_index + 1
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        again(b"2" * 32)
    assigned.clock.forward(days=90)
    assert isinstance(again(), Refused)


def test_a_hand_over_names_who_set_it_off_and_whom_it_went_to(assigned: World) -> None:
    """A registered carrier may receive without asking: the same policy, and an honest record of it."""
    asked = Asked(
        recipient=a_carrier("dachser").recipient("default"),
        actor=SERVICE,
        items=[Wanted(order_number=NUMBER), Wanted(order_number="nosuchorde")],
        purpose=Purpose.DELIVERY_APPOINTMENT,
        fields=None,
        request_id="test",
        detail={"way": "push"},
    )
    released, refused = assigned.services.release(asked)
    assert shown(released) == CONTACT
    assert codes(refused) == ["recipient_not_responsible"]
    for entry in assigned.log()[-2:]:
        assert (entry.actor, entry.carrier, entry.detail) == (SERVICE, "dachser", {"way": "push"})


def test_a_hand_over_to_a_withdrawn_carrier_is_refused(assigned: World) -> None:
    """What counts is the registration as it stands, not as it was when the hand-over was prepared."""
    recipient = a_carrier("dachser").recipient("default")
    register.apply(assigned.store, "default", TESTER, [a_carrier("rhenus")])
    asked = Asked(
        recipient=recipient,
        actor=SERVICE,
        items=[Wanted(order_number=NUMBER)],
        purpose=Purpose.DELIVERY_APPOINTMENT,
        fields=None,
        request_id="test",
    )
    assert codes(assigned.services.release(asked)[0]) == ["recipient_not_registered"]


def test_without_the_key_nothing_is_released_or_recorded(assigned: World) -> None:
    """A destroyed key is found before the entry claims a hand-over."""
    client = assigned.client()
    before = len(assigned.log())
    for key in assigned.services.keyring.all():
        if key.use == "contact":
            assigned.services.keyring.destroy(key.key_id, "revoked", assigned.clock())
    with pytest.raises(Unavailable, match="keys status"):
        assigned.ask(client, NUMBER)
    assert len(assigned.log()) == before


def queue_up(store: Store, *steps: Callable[[], object]) -> list[object]:
    """The results of steps that each wait to write, in this order, behind a write under way."""
    begun, held = threading.Event(), threading.Event()

    def first(_tx: Transaction) -> None:
        begun.set()
        assert held.wait(60)

    with ThreadPoolExecutor(1 + len(steps)) as pool:
        leading = pool.submit(store.write, "default", first)
        assert begun.wait(60)
        futures = []
        try:
            for at, step in enumerate(steps):
                futures.append(pool.submit(step))
                while len(store._waiting) <= at and not futures[-1].done():
                    begun.wait(0.001)
        finally:
            held.set()
        leading.result()
        return [future.result() for future in futures]


def _withdraw(world: World) -> None:
    register.apply(world.store, "default", TESTER, [a_carrier("rhenus")])


def _cancel(world: World) -> None:
    cancelled = a_freight_item(fulfillmentStatus="CANCELLED_BY_PARTNER")
    world.take_in(an_order(positionItems=[cancelled]))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_withdraw, "recipient_not_registered"),
        (_cancel, "window_closed"),
        (lambda world: world.assign(NUMBER, "rhenus"), "recipient_not_responsible"),
    ],
)
def test_what_changes_after_the_look_up_counts(
    assigned: World, change: Callable[[World], object], reason: str
) -> None:
    """A release that was looked up before a change and is committed with or after it is refused."""
    client = assigned.client()
    _, refused = queue_up(
        assigned.store, lambda: change(assigned), lambda: assigned.ask(client, NUMBER)
    )
    assert reason in codes(refused)
    assert assigned.log()[-1].action is Action.CONTACT_REFUSED


def test_releases_of_one_group_go_out_together(assigned: World) -> None:
    """Releases change nothing for each other: all that were looked up at once are permitted."""
    client = assigned.client()
    all_released = queue_up(assigned.store, *[lambda: assigned.ask(client, NUMBER)] * 3)
    assert [shown(released) for released in all_released] == [CONTACT] * 3

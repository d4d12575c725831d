"""Orders come in whole or not at all, and nothing of them stays that is not needed."""

import pytest
from sqlalchemy import func, select

from gateway.model.order import EmailKind, Evidence, Flag
from gateway.storage.tables import contact_digests, contacts
from gateway.usecases.shop_contact import shop_contact
from policies.question import Mode, Role
from tests.builders import (
    RELAY,
    a_freight_item,
    a_parcel_order,
    an_address,
    an_announced_order,
    an_item,
    an_order,
    order_number,
    without,
)
from tests.world import World, shown

NUMBER = "bagm62dvgp"
LATER = {"lastModifiedDate": "2026-11-02T10:00:00Z"}


def stored(world: World) -> dict[str, bytes]:
    """The sealed contacts of the one order, by kind."""
    with world.store.read() as connection:
        rows = connection.execute(select(contacts.c.kind, contacts.c.sealed))
        return {row.kind: row.sealed for row in rows}


def digests(world: World) -> int:
    """How many values the blind index knows."""
    with world.store.read() as connection:
        return connection.execute(select(func.count()).select_from(contact_digests)).scalar_one()


def test_an_order_is_stored_once(world: World) -> None:
    """The same order again changes nothing: no version, no ciphertext, no entry."""
    assert world.take_in(an_order()).stored == 1
    before, said = stored(world), world.said()
    tally = world.take_in(an_order())
    assert (tally.stored, tally.unchanged) == (0, 1)
    assert (stored(world), world.said()) == (before, said)


def test_a_changed_order_replaces_its_contact(world: World) -> None:
    """New phone, new envelope: the old ciphertext is gone and the carrier gets the new number."""
    world.take_in(an_order())
    world.assign(NUMBER)
    before = stored(world)
    world.take_in(an_order(deliveryAddress=an_address(phoneNumber="030 23125002"), **LATER))
    assert stored(world)["freight"] != before["freight"]
    assert digests(world) == 2
    assert shown(world.ask(world.client(), NUMBER))["phone"] == "+493023125002"


def test_an_older_version_does_not_come_back(world: World) -> None:
    """Pages may overlap and arrive late; the later change stands."""
    world.take_in(an_order(**LATER))
    tally = world.take_in(an_order(deliveryAddress=an_address(phoneNumber="030 23125009")))
    assert tally.unchanged == 1


def test_an_assignment_survives_a_change(world: World) -> None:
    """A new version of the order does not take it away from its carrier."""
    world.take_in(an_order(positionItems=[an_item()]))
    world.assign(NUMBER, consignment="D-1")
    world.take_in(an_order(positionItems=[an_item(fulfillmentStatus="SENT")], **LATER))
    piece = world.kept(NUMBER).items[0]
    assert (piece.carrier_id, piece.consignment) == ("dachser", "D-1")
    assert (piece.mode, piece.evidence) == (Mode.FREIGHT, Evidence.ASSIGNMENT)
    assert Flag.UNCLASSIFIED not in world.kept(NUMBER).flags


def test_an_announced_order_gets_its_contact_later(world: World) -> None:
    """A prepaid order has no address yet; when it comes, the contact is there."""
    world.take_in(an_announced_order())
    assert Flag.ADDRESS_PENDING in world.kept(NUMBER).flags
    assert stored(world) == {}
    world.take_in(an_order(**LATER))
    assert set(stored(world)) == {"freight", "shop"}
    assert world.kept(NUMBER).phone_present


@pytest.mark.parametrize("status", ["CANCELLED_BY_PARTNER", "CANCELLED_BY_MARKETPLACE", "RETURNED"])
def test_an_order_with_nothing_left_loses_its_contact(world: World, status: str) -> None:
    """When the last piece is cancelled or returned, envelopes and digests are gone, on record."""
    world.take_in(an_order())
    world.take_in(an_order(positionItems=[a_freight_item(fulfillmentStatus=status)], **LATER))
    assert stored(world) == {}
    assert digests(world) == 0
    assert world.kept(NUMBER).erased_at == world.clock.now
    said = ["order.stored", "contact.discarded", "order.cancelled", "contact.expired"]
    assert world.said()[-4:] == said


def test_no_import_brings_an_erased_contact_back(world: World) -> None:
    """An erased order stays erased, whatever is sent again."""
    world.take_in(an_order())
    cancelled = a_freight_item(fulfillmentStatus="RETURNED")
    world.take_in(an_order(positionItems=[cancelled], **LATER))
    world.take_in(an_order(lastModifiedDate="2026-11-03T10:00:00Z"))
    assert stored(world) == {}
    assert not world.kept(NUMBER).phone_present


def test_the_first_import_sets_the_latest_date(world: World) -> None:
    """A change later on does not prolong the contact's life."""
    world.take_in(an_order())
    first = world.kept(NUMBER).latest_at
    world.clock.forward(days=30)
    world.take_in(an_order(deliveryAddress=an_address(phoneNumber="030 23125002"), **LATER))
    assert world.kept(NUMBER).latest_at == first


def test_a_parcels_phone_is_discarded_on_record(world: World) -> None:
    """A phone number has no business on a parcel order: not stored, and the discard is an entry."""
    world.take_in(a_parcel_order(deliveryAddress=an_address(email=None)))
    assert set(stored(world)) == {"shop"}
    assert digests(world) == 0
    discard = world.log()[-1]
    assert (discard.action, discard.fields) == ("contact.discarded", ("phone",))


def test_the_shop_gets_the_relay_where_there_is_one(world: World) -> None:
    """Freight or parcel, the shop's address is OTTO's relay, with the six purposes that it serves."""
    world.take_in(an_order())
    safe = shop_contact(
        world.store, world.services.engine, world.services.opener, world.client(Role.SHOP), NUMBER
    )
    assert (safe.email.reveal(), safe.kind, safe.deliverable) == (RELAY, EmailKind.RELAY, True)
    assert len(safe.allowed_purposes) == 6


def test_the_shop_gets_a_placeholder_where_there_is_none(world: World) -> None:
    """Never the freight address: a made-up one that serves no purpose."""
    world.take_in(without(an_order(), "invoiceAddress"))
    safe = shop_contact(
        world.store, world.services.engine, world.services.opener, world.client(Role.SHOP), NUMBER
    )
    assert safe.email.reveal() == f"Erika.Mustermann.{NUMBER}@otto.magnalister.com"
    assert (safe.kind, safe.deliverable, safe.allowed_purposes) == (
        EmailKind.PLACEHOLDER,
        False,
        (),
    )


def test_a_batch_is_stored_whole(world: World) -> None:
    """Many orders in one transaction, each with its entry in their order."""
    numbers = [order_number(count) for count in range(30)]
    assert world.take_in(*(an_order(number) for number in numbers)).stored == 30
    subjects = [entry.subject for entry in world.log() if entry.action == "order.stored"]
    assert subjects == [world.kept(number).subject for number in numbers]


def test_subjects_cannot_be_linked_without_their_keys(world: World) -> None:
    """The same order number at two merchants has two names in the log."""
    world.merchant("other")
    world.take_in(an_order())
    world.take_in(an_order(), merchant="other")
    assert world.kept(NUMBER).subject != world.kept(NUMBER, "other").subject

"""Contacts are pushed to the endpoint that proved itself: sealed, signed, and only while they may be."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.audit.entry import Action
from gateway.handover.keys import OVERLAP, carrier_keys
from gateway.model.message import Fate
from gateway.usecases import forget, outbox, register
from gateway.usecases.deliver import deliver
from gateway.vault.keys import KeyUse
from tests.builders import (
    a_freight_item,
    an_address,
    an_announced_order,
    an_order,
    order_number,
)
from tests.handover.carrier import KINDS, Private
from tests.handover.pushing import CONTACT, NUMBER, Pushing
from tests.handover.receiver import Said
from tests.world import TESTER, a_carrier

SECRETS = ("Mustermann", "23125001", "erika@")


# ---- What arrives -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_contact_arrives_sealed(pushing: Pushing, kind: str) -> None:
    """The carrier verifies the signatures, opens the letter with its key, and has the contact."""
    carrier = pushing.registered(Private(kind))
    pushing.order(consignment="D-1")
    pushing.push()
    [message] = carrier.messages
    assert message.contact == CONTACT
    assert (message.inside["aud"], message.inside["jti"]) == ("dachser", message.message_id)
    data = message.inside["data"]
    assert (data["order_number"], data["consignment"]) == (NUMBER, "D-1")
    assert data["receipt"]["href"] == f"/v1/audit/receipts/{data['release_id']}"
    [stored] = pushing.messages()
    assert (stored.fate, stored.attempts, stored.outcome) == (Fate.DELIVERED, 1, "204")


def test_the_record_is_that_of_any_release(pushing: Pushing) -> None:
    """Who assigned the order set it off, the carrier received it, by push."""
    pushing.order()
    pushing.push()
    entry = pushing.world.log()[-1]
    assert entry.action is Action.CONTACT_RELEASED
    assert (entry.actor, entry.carrier, entry.detail) == (TESTER, "dachser", {"way": "push"})
    assert entry.request_id == pushing.messages()[0].message_id


def test_nothing_of_the_contact_shows_outside(pushing: Pushing, tmp_path: Any) -> None:
    """Neither in what is sent, nor anywhere in the database or beside it."""
    pushing.order()
    pushing.push()
    sent = b"".join(it.body + repr(it.headers).encode() for it in pushing.receiver.received)
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in SECRETS:
        assert secret.encode() not in sent
        assert secret.encode() not in stored


def test_without_a_key_only_word_of_it_goes(pushing: Pushing) -> None:
    """A thin notice: the carrier comes for the contact itself, and only that is a release."""
    carrier = pushing.registered(None)
    pushing.order(consignment="D-1")
    pushing.push()
    [message] = carrier.messages
    assert message.kind == "contact.available"
    assert message.outside["data"] == {"order_number": NUMBER, "consignment": "D-1"}
    assert pushing.released() == 0
    assert pushing.messages()[0].fate is Fate.DELIVERED


@pytest.mark.parametrize("has_key", [True, False])
def test_word_of_an_erasure_goes_to_whoever_received_the_contact(
    pushing: Pushing, has_key: bool
) -> None:
    """Also when its registration is over; the order is named, nothing of the buyer."""
    carrier = pushing.registered(Private() if has_key else None)
    pushing.order()
    pushing.push()
    pushing.world.ask(pushing.world.client(), NUMBER)
    over = pushing.world.clock.now - timedelta(hours=1)
    carrier = pushing.registered(carrier.private, valid_until=over)
    erased = forget.erase(pushing.world.store, "default", TESTER, NUMBER, "asked by letter")
    assert erased.told == ("dachser",)
    pushing.receiver.received.clear()
    pushing.push()
    [message] = carrier.messages
    assert message.kind == "contact.erased"
    data = message.inside["data"] if has_key else message.outside["data"]
    assert (data["order_number"], set(data)) == (
        NUMBER,
        {"order_number", "consignment", "erased_at"},
    )
    assert pushing.messages()[0].fate is Fate.DELIVERED


def test_who_never_received_the_contact_is_told_nothing(pushing: Pushing) -> None:
    """An assignment alone discloses nothing."""
    pushing.order(carrier="rhenus")
    erased = forget.erase(pushing.world.store, "default", TESTER, NUMBER, "asked by letter")
    assert erased.told == ()
    assert pushing.messages() == []


def test_a_carrier_without_endpoint_gets_no_message(pushing: Pushing) -> None:
    """It pulls, and nothing is queued for it."""
    pushing.order(carrier="rhenus")
    assert pushing.messages() == []


def test_the_same_assignment_twice_is_one_message(pushing: Pushing) -> None:
    """Nor does a new number for what still waits make another one of the same pieces."""
    pushing.order()
    pushing.world.assign(NUMBER)
    assert len(pushing.messages()) == 1


def test_each_consignment_has_its_message(pushing: Pushing) -> None:
    """A carrier that knows the pieces under two numbers hears of both, in their order."""
    pieces = [a_freight_item("f0"), a_freight_item("f1")]
    pushing.world.take_in(an_order(positionItems=pieces))
    pushing.world.assign(NUMBER, consignment="D-1", item_ids=["f0"])
    pushing.world.assign(NUMBER, consignment="D-2", item_ids=["f1"])
    pushing.push()
    assert [it.inside["data"]["consignment"] for it in pushing.carrier.messages] == ["D-1", "D-2"]


# ---- The challenge ------------------------------------------------------------------------------


def test_an_endpoint_proves_itself_before_anything_is_released(pushing: Pushing) -> None:
    """Who cannot read the sealed challenge gets nothing, and nothing is on record as released."""
    pushing.carrier.meets_challenges = False
    pushing.order()
    pushing.push()
    assert (pushing.carrier.challenges, pushing.carrier.messages) == (1, [])
    assert pushing.released() == 0
    assert "endpoint.verified" not in pushing.world.said()
    assert pushing.messages()[0].outcome == "challenge_not_met"
    pushing.carrier.meets_challenges = True
    pushing.world.clock.forward(minutes=1)
    pushing.push()
    assert [it.contact for it in pushing.carrier.messages] == [CONTACT]


def test_the_challenge_is_met_once(pushing: Pushing) -> None:
    """Then the endpoint is known, and that it proved itself is on record."""
    for count in range(3):
        pushing.order(order_number(count))
        pushing.push()
    assert (pushing.carrier.challenges, len(pushing.carrier.messages)) == (1, 3)
    assert pushing.world.said().count("endpoint.verified") == 1


def test_another_key_has_to_prove_itself_anew(pushing: Pushing) -> None:
    """A registration that changed is another destination; so is another address."""
    pushing.order(order_number(1))
    pushing.push()
    for registered in (
        pushing.registered(Private()),
        pushing.registered(Private(), endpoint=pushing.receiver.url("/other")),
    ):
        assert registered.challenges == 0
    pushing.order(order_number(2))
    pushing.push()
    assert registered.challenges == 1
    assert len(registered.messages) == 1


def test_the_challenge_of_another_key_cannot_be_met(pushing: Pushing) -> None:
    """An endpoint whose holder lost the private key, or never had it, gets no contact."""
    registered = pushing.registered(Private())
    pushing.receiver.answer = lambda received: Said(200, body=received.body)
    pushing.order()
    pushing.push()
    assert pushing.released() == 0
    assert registered.messages == []


# ---- Keys ---------------------------------------------------------------------------------------


def test_after_a_rotation_both_keys_count_for_a_while(pushing: Pushing) -> None:
    """Two signatures of each kind, so that the carrier takes the new keys when it is ready."""
    world, old = pushing.world, pushing.carrier.keys
    keyring = world.services.keyring
    for use in (KeyUse.WEBHOOK, KeyUse.SENDER):
        keyring.add_version(use, "default.dachser", world.clock.now)
    new = carrier_keys(keyring, "default", "dachser", world.clock.now)
    assert (new.secrets[1:], new.senders[1].key_id) == (old.secrets, old.senders[0].key_id)
    seen = []

    def remember(received: Any) -> Said:
        seen.append(received.headers["webhook-signature"])
        return Said(500)

    pushing.receiver.answer = remember
    pushing.order()
    pushing.push()
    assert [it.partition(",")[0] for it in seen[0].split(" ")] == ["v1", "v1", "v1a", "v1a"]
    after = carrier_keys(keyring, "default", "dachser", world.clock.now + OVERLAP)
    assert after.secrets == new.secrets[:1]
    assert [it.key_id for it in after.senders] == [new.senders[0].key_id]


def test_each_carrier_has_its_own_keys(pushing: Pushing) -> None:
    """Also each merchant's: what one could forge proves nothing to another."""
    keyring, now = pushing.world.services.keyring, pushing.world.clock.now
    names = [("default", "dachser"), ("default", "rhenus"), ("other", "dachser")]
    keys = [carrier_keys(keyring, *name, now) for name in names]
    assert len({it.secrets for it in keys}) == 3
    assert len({it.senders[0].key_id for it in keys}) == 3
    assert not any(secret.hex() in repr(it) for it in keys for secret in it.secrets)


# ---- What is over is not sent -------------------------------------------------------------------


def test_an_expired_window_cancels_what_is_queued(pushing: Pushing) -> None:
    """Delivered and past its grace before the message went: nothing is sent, nothing released."""
    pushing.order()
    deadlines = pushing.world.settings.deadlines
    deliver(pushing.world.store, deadlines, "default", TESTER, NUMBER, "dachser", None)
    pushing.world.clock.forward(days=3)
    pushing.push()
    assert pushing.receiver.received == []
    [message] = pushing.messages()
    assert (message.fate, message.outcome) == (Fate.CANCELLED, "window_closed")


def test_a_window_that_closes_on_the_way_is_seen_by_the_policy(pushing: Pushing) -> None:
    """The last look is the release's own, and its refusal is on record."""
    answer = pushing.carrier.answer

    def late(received: Any) -> Said:
        said = answer(received)
        pushing.world.clock.forward(days=90)
        return said

    pushing.receiver.answer = late
    pushing.order()
    pushing.push()
    assert pushing.carrier.messages == []
    assert pushing.world.log()[-1].action is Action.CONTACT_REFUSED
    [message] = pushing.messages()
    assert (message.fate, message.outcome) == (Fate.CANCELLED, "window_closed")


def test_an_order_that_went_elsewhere_is_not_sent(pushing: Pushing) -> None:
    """The message of the first carrier is cancelled when the order is given to another."""
    pushing.order()
    pushing.world.assign(NUMBER, "rhenus")
    pushing.push()
    assert pushing.receiver.received == []
    assert pushing.messages()[0].outcome == "recipient_not_responsible"


@pytest.mark.parametrize("ending", ["withdrawn", "lapsed", "no endpoint"])
def test_a_registration_that_ended_gets_nothing(pushing: Pushing, ending: str) -> None:
    """Withdrawn, lapsed, or without its endpoint: what waits is cancelled."""
    pushing.order()
    world = pushing.world
    if ending == "withdrawn":
        register.apply(world.store, "default", TESTER, [a_carrier("rhenus")])
    elif ending == "lapsed":
        pushing.registered(Private(), valid_until=world.clock.now)
    else:
        pushing.registered(Private(), endpoint=None)
    pushing.push()
    assert pushing.receiver.received == []
    expected = "no_endpoint" if ending == "no endpoint" else "recipient_not_registered"
    [message] = pushing.messages()
    assert (message.fate, message.outcome) == (Fate.CANCELLED, expected)


# ---- The contact changes ------------------------------------------------------------------------

LATER = {"lastModifiedDate": "2026-11-05T10:00:00Z"}


def test_another_phone_is_told_anew(pushing: Pushing) -> None:
    """What the carrier was given counts no more, so it hears of it; what stayed is not repeated."""
    pushing.order()
    pushing.push()
    pushing.world.take_in(an_order(positionItems=[a_freight_item(fulfillmentStatus="SENT")]))
    pushing.world.take_in(an_order(deliveryAddress=an_address(phoneNumber="030 23125009"), **LATER))
    pushing.push()
    first, second = pushing.carrier.messages
    assert first.contact["phone"] == "+493023125001"
    assert second.contact["phone"] == "+493023125009"


def test_a_contact_that_comes_after_the_assignment_is_told(pushing: Pushing) -> None:
    """A prepaid order is assigned before its address is there: the carrier hears when it is."""
    pushing.world.take_in(an_announced_order())
    pushing.world.assign(NUMBER)
    pushing.push()
    assert pushing.messages()[0].outcome == "window_not_open"
    pushing.world.take_in(an_order(**LATER))
    pushing.push()
    assert [it.contact for it in pushing.carrier.messages] == [CONTACT]


def test_a_change_after_delivery_is_told_to_nobody(pushing: Pushing) -> None:
    """The carrier needs it no more."""
    pushing.order()
    pushing.push()
    deadlines = pushing.world.settings.deadlines
    deliver(pushing.world.store, deadlines, "default", TESTER, NUMBER, "dachser", None)
    pushing.world.take_in(an_order(deliveryAddress=an_address(phoneNumber="030 23125009"), **LATER))
    assert len(pushing.messages()) == 1


def test_settled_messages_are_let_go_in_time(pushing: Pushing) -> None:
    """A month later nothing tells any more that there was one."""
    pushing.order()
    pushing.push()
    outbox.forget_settled(pushing.world.store, pushing.world.clock.now + timedelta(days=29), 10)
    assert len(pushing.messages()) == 1
    outbox.forget_settled(pushing.world.store, pushing.world.clock.now + timedelta(days=31), 10)
    assert pushing.messages() == []

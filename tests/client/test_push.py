"""The client kit reads what the gateway really pushes, and takes nothing else."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.client import (
    Available,
    Challenge,
    Erased,
    Inbox,
    Other,
    Pushed,
    UnverifiedError,
    open_file,
)
from gateway.handover.conformance import examine
from gateway.handover.keys import CarrierKeys, SenderKey
from gateway.handover.letter import sealed_file
from gateway.handover.notice import Notice
from gateway.handover.webhook import signed_headers
from gateway.usecases import forget, register
from tests.handover.carrier import KINDS, Private
from tests.handover.pushing import CONTACT, NUMBER, Pushing
from tests.handover.receiver import Received, Said
from tests.world import TESTER

Read = Challenge | Pushed | Available | Erased | Other


class Kit:
    """A carrier that runs on the client kit."""

    def __init__(self, pushing: Pushing, private: Private | None) -> None:
        self.keys = pushing.registered(private).keys
        self.private = private
        self.read: list[Read] = []
        self.received: list[Received] = []
        self.inbox = self.made()
        pushing.receiver.answer = self.answer

    def made(self, **changes: Any) -> Inbox:
        """An inbox, with what the operator handed over."""
        known: dict[str, Any] = {
            "secrets": [self.keys.shown_secret()],
            "public_keys": [self.keys.shown_public_key()],
            "private_key": self.private and self.private.secret_pem,
        }
        return Inbox.of("dachser", **known | changes)

    def answer(self, received: Received) -> Said:
        """As the documentation says."""
        try:
            message = self.inbox.read(received.headers, received.body)
        except UnverifiedError:
            return Said(401)
        self.read.append(message)
        self.received.append(received)
        if isinstance(message, Challenge):
            return Said(200, body=message.answer)
        return Said(204)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pushed_contact_is_read(pushing: Pushing, kind: str) -> None:
    """The challenge is met, the letter opened, whichever kind of key the carrier registered."""
    kit = Kit(pushing, Private(kind))
    pushing.order(consignment="D-1")
    pushing.push()
    challenge, pushed = kit.read
    assert isinstance(challenge, Challenge)
    assert isinstance(pushed, Pushed)
    contact = pushed.released.contact
    assert {"name": contact.name, "phone": contact.phone, "email": contact.email} == CONTACT
    assert (pushed.released.order_number, pushed.released.consignment) == (NUMBER, "D-1")


def test_a_thin_notice_says_what_to_come_for(pushing: Pushing) -> None:
    """Without a key there is a reference alone; public keys do for verifying, or the secret."""
    kit = Kit(pushing, None)
    kit.inbox = kit.made(secrets=[])
    pushing.order(consignment="D-1")
    pushing.push()
    available = kit.read[-1]
    assert isinstance(available, Available)
    assert (available.order_number, available.consignment) == (NUMBER, "D-1")


def test_an_erasure_is_told(pushing: Pushing) -> None:
    """Who received the contact hears that it has to go."""
    kit = Kit(pushing, Private())
    pushing.order()
    pushing.push()
    forget.erase(pushing.world.store, "default", TESTER, NUMBER, "asked by letter")
    pushing.push()
    erased = kit.read[-1]
    assert isinstance(erased, Erased)
    assert (erased.order_number, erased.erased_at) == (NUMBER, pushing.world.clock.now)


def test_the_conformance_check_is_met(pushing: Pushing) -> None:
    """A carrier on the kit holds throughout; the invented contact is nothing to act on."""
    kit = Kit(pushing, Private())
    [dachser] = [it for it in register.listing(pushing.world.store, "default") if it.endpoint]
    destinations = pushing.destinations()
    destination = destinations.of("default", dachser)
    assert destination is not None
    assert all(it.holds for it in examine(destinations, destination))
    assert kit.read[1:] == [Other(it.message_id, "contact.test") for it in kit.read[1:]]


def test_nothing_else_is_taken(pushing: Pushing) -> None:
    """Another's signature, body, time, carrier, message, key; nothing that is not sealed."""
    kit = Kit(pushing, Private())
    pushing.order()
    pushing.push()
    sent = kit.received[-1]
    headers, body = dict(sent.headers), sent.body
    world, keys = pushing.world, kit.keys
    stranger = CarrierKeys((b"s" * 32,), (SenderKey.of(b"t" * 32),))
    [dachser] = [it for it in register.listing(world.store, "default") if it.endpoint]
    now, origin = world.clock.now, world.settings.origin

    def signed(body: bytes) -> dict[str, str]:
        return signed_headers("m1", now, body, keys)

    forged = Notice(origin, "default", dachser, stranger).body("contact.released", "m1", now, {})
    other = Notice(origin, "default", dachser, keys).body("contact.released", "m2", now, {})
    plain = json.dumps({"type": "contact.released", "data": {}}).encode()
    odd = b'{"type": "contact.released"}'
    cases: list[tuple[Inbox, dict[str, str], bytes]] = [
        (kit.inbox, headers, body + b" "),
        (kit.inbox, headers | {"webhook-id": "another"}, body),
        (kit.inbox, headers | {"webhook-signature": "v1,AAAA v1a,AAAA v9 v1,%"}, body),
        (kit.inbox, {}, body),
        (kit.made(now=lambda: now.timestamp() + 301), headers, body),
        (kit.made(private_key=Private().secret_pem), headers, body),
        (Inbox("rhenus", kit.inbox.verifier, kit.inbox.opener), headers, body),
        *((kit.inbox, signed(it), it) for it in (forged, other, plain, odd, b"[")),
    ]
    assert isinstance(kit.inbox.read(headers, body), Pushed)
    for inbox, named, content in cases:
        with pytest.raises(UnverifiedError):
            inbox.read(named, content)


def test_an_inbox_that_could_verify_nothing_is_not_made() -> None:
    """Neither one without keys, nor one that opens what nobody signed."""
    with pytest.raises(ValueError, match="nothing can be verified"):
        Inbox.of("dachser", secrets=[])
    with pytest.raises(ValueError, match="whpk_"):
        Inbox.of("dachser", secrets=["whsec_AAAA"], private_key=Private().secret_pem)
    with pytest.raises(ValueError, match="whpk_"):
        Inbox.of("dachser", secrets=[], public_keys=["AAAA"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_opened(kind: str) -> None:
    """By the carrier's key alone, and only what the gateway signed."""
    private, sender = Private(kind), SenderKey.of(b"s" * 32)
    public = CarrierKeys((b"",), (sender,)).shown_public_key()
    stranger = CarrierKeys((b"",), (SenderKey.of(b"t" * 32),)).shown_public_key()
    letter = sealed_file(b"a,b", "text/csv", sender, private.public_pem)
    opening: Callable[..., Any] = open_file
    opened = opening(letter + "\n", private_key=private.secret_pem, public_keys=[stranger, public])
    assert (opened.media_type, opened.content) == ("text/csv", b"a,b")
    assert "a,b" not in repr(opened)
    for key, keys in ((Private(kind).secret_pem, [public]), (private.secret_pem, [stranger])):
        with pytest.raises(UnverifiedError):
            opening(letter, private_key=key, public_keys=keys)

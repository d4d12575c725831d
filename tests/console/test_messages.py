"""An operator sees what carriers did not take, and has it sent again; nobody sees a contact by it."""

import json
from datetime import timedelta

import pytest

from gateway.console.messages import HINDRANCES
from gateway.handover.destination import Destinations
from gateway.handover.exchange import Hindrance
from gateway.handover.line import Line
from gateway.handover.outbound import Outbound
from gateway.handover.push import Pusher
from gateway.model.account import Office
from gateway.model.message import Fate
from gateway.usecases import outbox, register
from gateway.usecases.actors import OPERATOR
from gateway.usecases.services import Services
from tests.conftest import Clock, a_carrier
from tests.console.conftest import Reader, words
from tests.console.story import Story
from tests.handover.conftest import authority, outbound, receiver, trust
from tests.handover.receiver import Received, Receiver, Said

__all__ = ["authority", "outbound", "receiver", "trust"]

PAGE = "/console/messages"


class Endpoint:
    """Dachser's, which proves itself and then says what it is told to."""

    def __init__(self, services: Services, receiver: Receiver, outbound: Outbound) -> None:
        self.services = services
        self.outbound = outbound
        self.says = Said(204)
        receiver.answer = self.answer
        self.terms = a_carrier("dachser", endpoint=receiver.url())
        register.apply(services.store, "default", OPERATOR, [self.terms])

    def answer(self, received: Received) -> Said:
        """To a challenge, and to all else."""
        message = json.loads(received.body)
        if message["type"] == "endpoint.challenge":
            return Said(200, body=json.dumps(message["data"]).encode())
        return self.says

    def push(self) -> None:
        """Send what is due."""
        pusher = Pusher.over(self.services, self.outbound)
        while pusher():
            pass

    def prove(self) -> None:
        """As by `gateway carriers check`."""
        services = self.services
        destinations = Destinations(services.store, services.keyring, self.outbound, "here")
        destination = destinations.of("default", self.terms)
        assert destination is not None
        line = self.outbound.dial(destination.url)
        assert isinstance(line, Line)
        with line:
            assert destinations.prove(destination, line)


@pytest.fixture
def endpoint(services: Services, receiver: Receiver, outbound: Outbound) -> Endpoint:
    """Dachser takes messages."""
    return Endpoint(services, receiver, outbound)


def fates(services: Services) -> list[tuple[str, str]]:
    """Every message's order and fate, the newest first."""
    found = outbox.listing(services.store, "default")
    return [(one.order_number, one.fate.value) for one in found]


def test_what_was_not_taken_is_seen_and_sent_again(
    operator: Reader, services: Services, endpoint: Endpoint
) -> None:
    """One, or all to a carrier; whoever has it sent again has set it off."""
    for number in ("first00001", "second0001", "third00001"):
        Story(services).order(number)
    assert "Wartet" in operator.text(PAGE)
    assert "kam nicht an" not in operator.text("/console/")
    endpoint.says = Said(410)
    endpoint.push()
    assert "3 Nachrichten an Speditionen kamen nicht an." in operator.text("/console/")
    shown = operator.text(PAGE)
    assert "first00001" in shown
    assert "will nichts mehr (410)" in shown
    assert "antwortete 410" in shown
    endpoint.says = Said(204)
    endpoint.prove()

    one = outbox.listing(services.store, "default", Fate.DEAD)[-1]
    answer = operator.post(f"{PAGE}/replay", message=one.message_id)
    assert "Wird erneut gesendet." in words(operator.follow(answer))
    [again] = outbox.listing(services.store, "default", Fate.WAITING)
    assert (again.message_id, again.actor_role) == (one.message_id, "operator")
    assert again.actor_id not in {one.actor_id, "command-line"}
    endpoint.push()
    assert fates(services)[-1] == ("first00001", "delivered")

    operator.get(PAGE)
    operator.follow(operator.post(f"{PAGE}/replay", carrier="dachser"))
    endpoint.push()
    assert {fate for _, fate in fates(services)} == {"delivered"}
    assert "kam nicht an" not in operator.text("/console/")
    assert operator.post(f"{PAGE}/replay", carrier="dachser").status_code == 404


def test_every_outcome_is_told_in_words(
    operator: Reader, services: Services, endpoint: Endpoint, receiver: Receiver, clock: Clock
) -> None:
    """A status, what hindered it on the way, and why there was nothing to tell any more."""
    assert {it.name.lower() for it in Hindrance} == HINDRANCES
    Story(services).order("waiting001")
    endpoint.says = Said(500)
    endpoint.push()
    assert "antwortete 500" in operator.text(PAGE)
    receiver.close()
    clock.time += timedelta(minutes=2)
    endpoint.push()
    assert "keine Verbindung" in operator.text(PAGE)
    register.apply(services.store, "default", OPERATOR, [a_carrier("rhenus")])
    clock.time += timedelta(minutes=5)
    endpoint.push()
    assert "Spedition nicht gültig registriert" in operator.text(PAGE)


def test_another_merchants_operator_replays_nothing(
    reader: Reader, services: Services, endpoint: Endpoint
) -> None:
    """Neither by the message nor by the carrier's name."""
    Story(services).order("first00001")
    endpoint.says = Said(410)
    endpoint.push()
    [dead] = outbox.listing(services.store, "default", Fate.DEAD)
    reader.sign_in(Office.OPERATOR, "other")
    assert "first00001" not in reader.text(PAGE)
    for fields in ({"message": dead.message_id}, {"carrier": "dachser"}, {}):
        assert reader.post(f"{PAGE}/replay", **fields).status_code == 404
    assert fates(services) == [("first00001", "dead")]

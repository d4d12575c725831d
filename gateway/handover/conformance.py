"""Tries a carrier's endpoint the way messages will use it, with an invented contact and no other."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.handover.destination import Destination, Destinations
from gateway.handover.exchange import Unanswered, Unreached
from gateway.handover.keys import CarrierKeys, SenderKey
from gateway.handover.webhook import signed_headers
from gateway.model.ids import new_id

_STALE = timedelta(hours=1)
_KIND = "contact.test"
_TAKEN = range(200, 300)
_REFUSED = range(400, 500)
_INVENTED = {
    "order_number": "test000000",
    "consignment": None,
    "purpose": "delivery-appointment",
    "contact": {
        "name": "Erika Mustermann",
        "phone": "+493023125001",
        "email": "erika@example.org",
    },
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried, whether it came out as it must, and what was seen."""

    tried: str
    holds: bool
    seen: str


def examine(destinations: Destinations, destination: Destination) -> list[Finding]:
    """What was found, in the order in which it was tried; what depends on a failed one is left out.

    An endpoint that meets the challenge is verified from then on, also if it had been disabled.
    """
    line = destinations.outbound.dial(destination.url)
    if isinstance(line, Unreached):
        return [Finding("a line to the address, its certificate checked", False, line.hindrance)]
    findings = [Finding("a line to the address, its certificate checked", True, "connected")]
    with line:
        met = destinations.prove(destination, line)
    findings.append(
        Finding("the signed challenge is read and answered", met, "met" if met else "not met")
    )
    return [*findings, *_Trial(destinations, destination).findings()] if met else findings


@dataclass(frozen=True, slots=True)
class _Trial:
    """Messages that are to be taken, and messages that are not."""

    destinations: Destinations
    destination: Destination

    def findings(self) -> list[Finding]:
        store = self.destinations.store
        now, message_id = store.clock(), new_id(store.clock(), store.entropy)
        stranger = CarrierKeys((store.entropy(32),), (SenderKey.of(store.entropy(32)),))
        keys = self.destination.keys
        return [
            self._refused("a message that somebody else signed is refused", now, stranger),
            self._refused("a message of an hour ago is refused", now - _STALE, keys),
            self._taken("an invented contact is taken", message_id, now),
            self._taken("the same message, sent again, is taken again", message_id, now),
        ]

    def _taken(self, tried: str, message_id: str, now: datetime) -> Finding:
        return self._tried(tried, message_id, now, self.destination.keys, _TAKEN)

    def _refused(self, tried: str, now: datetime, keys: CarrierKeys) -> Finding:
        store = self.destinations.store
        return self._tried(tried, new_id(store.clock(), store.entropy), now, keys, _REFUSED)

    def _tried(
        self, tried: str, message_id: str, now: datetime, keys: CarrierKeys, wanted: range
    ) -> Finding:
        """What comes of a message on a line of its own."""
        line = self.destinations.outbound.dial(self.destination.url)
        if isinstance(line, Unreached):
            return Finding(tried, False, line.hindrance)
        sealed = self.destination.carrier.public_key is not None
        data = _INVENTED if sealed else {"order_number": _INVENTED["order_number"]}
        body = self.destination.notice.body(_KIND, message_id, now, data)
        with line:
            answer = line.post(signed_headers(message_id, now, body, keys), body)
        if isinstance(answer, Unanswered):
            return Finding(tried, False, answer.hindrance)
        return Finding(tried, answer.status in wanted, str(answer.status))

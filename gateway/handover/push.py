"""Sends what is due to the endpoint that its carrier registered: the contact, or word that it is there.

A contact is released only once there is a line to an endpoint that met the challenge. A message stays
until its fate is stored: whatever dies in between, another attempt follows (at least once).
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from gateway.audit.entry import Actor
from gateway.handover.attempt import Failed, Gone, Over, Taken, judged
from gateway.handover.destination import Destination, Destinations
from gateway.handover.outbound import Outbound
from gateway.handover.retries import next_attempt
from gateway.handover.webhook import signed_headers
from gateway.model.carrier import Carrier
from gateway.model.contact import Private
from gateway.model.kept import KeptOrder
from gateway.model.message import Fate, Message, Topic
from gateway.model.times import rfc3339
from gateway.settings import Deadlines
from gateway.storage import outbox as stored
from gateway.storage.store import Store
from gateway.tracing import Fact, Step, span
from gateway.usecases import outbox
from gateway.usecases.desk import Asked, Wanted
from gateway.usecases.release import Refused, Release
from gateway.usecases.services import Services
from policies.question import Purpose, Registration, Window

if TYPE_CHECKING:
    from gateway.handover.line import Line

LEASE = timedelta(minutes=2)
"""How long a sender has its messages to itself; if it dies, another takes them up then."""

_ERRAND = timedelta(minutes=1)
"""After that no further message is begun, so that the lease outlasts the last one."""

_WAY = {"way": "push"}


@dataclass(frozen=True, slots=True)
class Pusher:
    """Sends one carrier's messages at a time; any number may work beside each other."""

    store: Store
    release: Release
    destinations: Destinations
    deadlines: Deadlines

    @classmethod
    def over(cls, services: Services, outbound: Outbound) -> Self:
        """A sender over a running gateway."""
        settings = services.settings
        return cls(
            services.store,
            services.release,
            Destinations(services.store, services.keyring, outbound, settings.origin),
            settings.deadlines,
        )

    def __call__(self) -> bool:
        """Send what has been due longest; False when nothing is."""
        # 1. Take messages, all for one carrier.
        messages = self._claim()
        if not messages:
            return False
        # 2. What has nothing behind it any more is not sent.
        carrier, orders = outbox.state(self.store, messages)
        live = [it for it in messages if self._is_live(it, carrier, orders.get(it.order_number))]
        destination = self.destinations.of(messages[0].merchant, carrier) if carrier else None
        if destination is None or not live:
            return True
        # 3. Get a line to the endpoint, which proves itself before anything is released.
        line = self.destinations.line(destination)
        if isinstance(line, Failed | Gone):
            self._conclude(destination, live, line)
            return True
        # 4. Decide, record, open, seal and send, one message after the other.
        self._send_all(destination, line, live)
        return True

    def _claim(self) -> Sequence[Message]:
        now = self.store.clock()
        with self.store.read() as connection:
            if not stored.is_any_due(connection, now):
                return []
        with self.store.change() as connection:
            return stored.claim(connection, now, now + LEASE)

    def _is_live(self, message: Message, carrier: Carrier | None, order: KeptOrder | None) -> bool:
        """Whether there is something to send; otherwise the message is cancelled."""
        why = self._why_not(message, carrier, order)
        if why is not None:
            self._settle(message, Fate.CANCELLED, why)
        return why is None

    def _why_not(
        self, message: Message, carrier: Carrier | None, order: KeptOrder | None
    ) -> str | None:
        now = self.store.clock()
        if message.topic is Topic.ERASURE:
            return None if carrier is not None and carrier.endpoint else "no_endpoint"
        if carrier is None or carrier.registration(now) is not Registration.CURRENT:
            return "recipient_not_registered"
        if carrier.endpoint is None:
            return "no_endpoint"
        window = outbox.window(order, message, self.deadlines, now)
        if window is None:
            return "recipient_not_responsible"
        return None if window is Window.OPEN else f"window_{window}"

    def _send_all(self, destination: Destination, line: "Line", live: Sequence[Message]) -> None:
        """Stops early when its time is over, or when the endpoint is better left in peace."""
        begun_at = self.store.clock()
        with ExitStack() as lines:
            lines.enter_context(line)
            for count, message in enumerate(live):
                if self.store.clock() - begun_at > _ERRAND:
                    self._put_back(live[count:])
                    return
                if line.is_over:
                    again = self.destinations.line(destination)
                    if isinstance(again, Failed | Gone):
                        self._conclude(destination, live[count:], again)
                        return
                    line = lines.enter_context(again)
                result = self._send(destination, line, message)
                if isinstance(result, Gone):
                    self._settle(message, Fate.DEAD, "410")
                self._conclude(destination, [message], result)
                if isinstance(result, Gone) or (isinstance(result, Failed) and result.strains):
                    self._put_back(live[count + 1 :])
                    return

    def _send(
        self, destination: Destination, line: "Line", message: Message
    ) -> Taken | Over | Failed | Gone:
        """One attempt, from the decision to the carrier's answer."""
        if message.topic is Topic.ERASURE:
            told_at = rfc3339(message.queued_at)
            kind, data = "contact.erased", {**_reference(message), "erased_at": told_at}
        elif destination.carrier.public_key is None:
            kind, data = "contact.available", _reference(message)
        else:
            [outcome] = self.release(_asked(destination, message))
            if isinstance(outcome, Refused):
                return Over(",".join(outcome.refusal.codes))
            kind, data = "contact.released", _revealed(outcome.members())
        now = self.store.clock()
        body = destination.notice.body(kind, message.message_id, now, data)
        headers = signed_headers(message.message_id, now, body, destination.keys)
        with span(Step.HANDOVER) as told:
            told.tell(Fact.CARRIER, destination.carrier.carrier_id)
            return judged(line.post(headers, body), now)

    # ---- What became of it ------------------------------------------------------------------

    def _conclude(
        self,
        destination: Destination,
        messages: Sequence[Message],
        result: Taken | Over | Failed | Gone,
    ) -> None:
        """Store what an attempt came to: for these messages, and for the endpoint."""
        match result:
            case Taken():
                for message in messages:
                    self._settle(message, Fate.DELIVERED, result.outcome)
                self.destinations.went_well(destination)
            case Over():
                for message in messages:
                    self._settle(message, Fate.CANCELLED, result.outcome)
            case Failed():
                for message in messages:
                    self._postpone(message, result)
                if result.strains:
                    self.destinations.strained(destination)
            case Gone():
                self.destinations.gone(destination)

    def _settle(self, message: Message, fate: Fate, outcome: str) -> None:
        attempts = message.attempts if fate is Fate.CANCELLED else message.attempts + 1
        with self.store.change() as connection:
            stored.settle(
                connection, message.message_id, fate, attempts, outcome, self.store.clock()
            )

    def _postpone(self, message: Message, failed: Failed) -> None:
        attempts, now = message.attempts + 1, self.store.clock()
        due_at = next_attempt(
            message.queued_at, attempts, now, failed.retry_after, self.store.entropy
        )
        if due_at is None:
            self._settle(message, Fate.DEAD, failed.outcome)
            return
        with self.store.change() as connection:
            stored.postpone(connection, message.message_id, attempts, failed.outcome, due_at)

    def _put_back(self, messages: Sequence[Message]) -> None:
        with self.store.change() as connection:
            stored.put_back(connection, [message.message_id for message in messages])


def _asked(destination: Destination, message: Message) -> Asked:
    """The release, set off by whoever made the message necessary, to the carrier as registered."""
    wanted = (
        Wanted(order_number=message.order_number)
        if message.consignment is None
        else Wanted(consignment=message.consignment)
    )
    return Asked(
        recipient=destination.carrier.recipient(message.merchant),
        actor=Actor(role=message.actor_role, id=message.actor_id),
        items=[wanted],
        purpose=Purpose.DELIVERY_APPOINTMENT,
        fields=None,
        request_id=message.message_id,
        detail=_WAY,
    )


def _reference(message: Message) -> dict[str, str | None]:
    return {"order_number": message.order_number, "consignment": message.consignment}


def _revealed(value: Any) -> Any:
    """JSON values; contact data stands in the clear from here until it is sealed."""
    match value:
        case Private():
            return value.reveal()
        case datetime():
            return rfc3339(value)
        case Mapping():
            return {name: _revealed(inner) for name, inner in value.items()}
        case _:
            return value

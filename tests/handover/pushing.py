"""A world whose carrier takes pushed contacts at a server of its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.handover.destination import Destinations
from gateway.handover.keys import carrier_keys
from gateway.handover.outbound import Outbound
from gateway.handover.push import Pusher
from gateway.model.message import Fate, Message
from gateway.usecases import outbox, register
from tests.builders import an_order
from tests.handover.carrier import Private, TakingCarrier
from tests.handover.receiver import Receiver
from tests.world import TESTER, World, a_carrier

NUMBER = "bagm62dvgp"
CONTACT = {"name": "Erika Mustermann", "phone": "+493023125001", "email": "erika@example.org"}


class Pushing:
    """A world whose carrier dachser takes pushed contacts at a server of its own."""

    def __init__(self, world: World, receiver: Receiver, outbound: Outbound) -> None:
        # The carrier's library compares with the time of day.
        world.clock.now = datetime.now(UTC)
        self.world = world
        self.receiver = receiver
        self.outbound = outbound
        self.carrier = self.registered(Private())

    def registered(self, private: Private | None, **changes: Any) -> TakingCarrier:
        """Dachser with this key, or without one."""
        now = self.world.clock.now
        terms = {
            "endpoint": self.receiver.url(),
            "public_key": private and private.public_pem,
            "valid_from": now - timedelta(days=1),
            "valid_until": now + timedelta(days=365),
            **changes,
        }
        rhenus = a_carrier("rhenus", **{**terms, "endpoint": None})
        register.apply(self.world.store, "default", TESTER, [a_carrier("dachser", **terms), rhenus])
        keys = carrier_keys(self.world.services.keyring, "default", "dachser", now)
        return TakingCarrier(self.receiver, keys, private)

    def destinations(self) -> Destinations:
        """The endpoints."""
        services = self.world.services
        return Destinations(
            services.store, services.keyring, self.outbound, services.settings.origin
        )

    def pusher(self) -> Pusher:
        """A sender."""
        return Pusher.over(self.world.services, self.outbound)

    def push(self) -> None:
        """Send all that is due."""
        pusher = self.pusher()
        while pusher():
            pass

    def order(self, number: str = NUMBER, **assignment: Any) -> None:
        """An order, assigned to dachser."""
        self.world.take_in(an_order(number))
        self.world.assign(number, **assignment)

    def messages(self, fate: Fate | None = None) -> list[Message]:
        """The outbox, newest first."""
        return outbox.listing(self.world.store, "default", fate)

    def released(self) -> int:
        """How many releases are on record."""
        return self.world.said().count("contact.released")

"""Things that happen in a gateway, so that its log has something to tell."""

from gateway.audit.entry import Actor
from gateway.marketplaces.otto.derive import derive
from gateway.model.carrier import Carrier
from gateway.model.client import Client
from gateway.model.order import Order
from gateway.usecases import clients, register
from gateway.usecases.actors import actor
from gateway.usecases.assign import Assignment, assign
from gateway.usecases.desk import Asked, Wanted
from gateway.usecases.reviewing import tallying
from gateway.usecases.services import Services
from policies.question import Purpose, Role
from tests.builders import an_order

HOSTILE = "<script>alert(1)</script>{who}\"'"
"""A name that would be trouble if it were taken for anything but a name."""

TELLER = Actor(role="operator", id="command-line")


class Story:
    """Tells of the default merchant."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.store = services.store
        self._clients: dict[str, Client] = {}

    def order(self, number: str, carrier: str = "dachser") -> None:
        """A freight order comes in, and a carrier has it."""
        found = derive(an_order(number), self.services.otto)
        assert isinstance(found, Order)
        self.services.intake("default", TELLER, [found], 0, None)
        assignment = Assignment(
            order_number=number, carrier_id=carrier, consignment=None, item_ids=None
        )
        assign(self.store, "default", TELLER, assignment, None)

    def ask(
        self,
        number: str,
        purpose: Purpose = Purpose.DELIVERY_APPOINTMENT,
        carrier: str = "dachser",
    ) -> None:
        """A carrier asks for the contact of an order."""
        client = self.client(carrier)
        asked = Asked(
            recipient=client,
            actor=actor(client),
            purpose=purpose,
            fields=None,
            items=[Wanted(order_number=number)],
            request_id="0" * 32,
        )
        self.services.release(asked)

    def client(self, carrier: str) -> Client:
        """A carrier's client, made at first use."""
        if carrier not in self._clients:
            name = f"{carrier.title()} {HOSTILE}"
            made = clients.create(self.store, "default", Role.CARRIER, carrier, name, None, None)
            self._clients[carrier] = made[0]
        return self._clients[carrier]

    def carriers(self, *wanted: Carrier) -> None:
        """The carrier file says something else."""
        register.apply(self.store, "default", TELLER, wanted)

    def counted(self) -> None:
        """The log is counted, as the service does within a second."""
        tallying.count_waiting(self.store, self.services.settings.console.time_zone)

    def tell(self) -> None:
        """Two orders; one contact goes out, and one is refused thrice."""
        for number in ("t000000001", "t000000002"):
            self.order(number)
        self.ask("t000000001")
        self.ask("t000000002", Purpose.MARKETING)
        self.ask("t000000002", Purpose.NEWSLETTER)
        self.ask("t000000002", carrier="emons")

"""A gateway that is connected to OTTO's imitation, both on the clock that is moved by hand."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from gateway.audit.entry import Action
from gateway.marketplaces.otto.calls import Surroundings
from gateway.marketplaces.otto.client import OttoClient
from gateway.marketplaces.otto.local import CLIENT_ID, CLIENT_SECRET, LocalOtto
from gateway.marketplaces.otto.tokens import Credentials
from gateway.storage import progress
from gateway.storage.progress import Progress
from gateway.usecases import holding
from gateway.usecases.incoming.connections import Connections, connections
from gateway.usecases.incoming.deliveries import Deliveries, Learnt
from gateway.usecases.incoming.sync import Sync, Synced
from tests.builders import an_item, an_order, order_number
from tests.marketplaces.otto.live import serving
from tests.world import NOON, TESTER, World

SKU = "Wohn-3-98735"


class Joined:
    """The gateway, OTTO, and the connection between them.

    `url` is where OTTO answers, `page` how many orders are asked for at a time.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.seconds = 0.0
        self.otto = LocalOtto(world.clock, self.ticks)
        self.url = ""
        self.page = 128
        self.shipments_page = 25

    def ticks(self) -> float:
        """Seconds that only run forward."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass, without waiting for it."""
        self.seconds += seconds

    def client(self) -> OttoClient:
        """A fresh connection, as a fresh process has it."""
        around = Surroundings(self.world.clock, self.ticks, self.sleep, lambda: 0.5)
        credentials = Credentials("local", CLIENT_ID, CLIENT_SECRET)
        facts = replace(
            self.world.services.otto.api,
            orders_per_page=self.page,
            shipments_per_page=self.shipments_page,
        )
        return OttoClient(facts, self.url, credentials, around)

    def connections(self, sleep: Callable[[float], None]) -> Connections:
        """The connections of a process, as the scheduler makes them; who sleeps wakes at once."""

        def passes(seconds: float) -> None:
            self.sleep(seconds)
            sleep(0)

        made = connections(self.world.services, passes)
        made.facts = replace(made.facts, hosts={"local": self.url})
        made.around = replace(made.around, ticks=self.ticks)
        return made

    def sync(self, source: Any = None, since: datetime | None = None, **callbacks: Any) -> Synced:
        """Bring the orders over, as a fresh process."""
        return self._used(Sync, source)(since=since, **callbacks)

    def learn(self, source: Any = None) -> Learnt:
        """Bring the deliveries over, as a fresh process."""
        return self._used(Deliveries, source)()

    def progress(self) -> Progress:
        """How far the sync has come."""
        with self.world.store.read() as connection:
            return progress.find(connection, "default")

    def stored(self) -> list[str]:
        """The orders that went on record as stored, by number, in their order."""
        subjects = {
            self.world.kept(order["orderNumber"]).subject: order["orderNumber"]
            for order in self.otto.orders.values()
            if self._is_kept(order["orderNumber"])
        }
        actions = [it for it in self.world.log() if it.action is Action.ORDER_STORED]
        return [subjects[it.subject] for it in actions]

    def _is_kept(self, number: str) -> bool:
        try:
            self.world.kept(number)
        except KeyError:
            return False
        return True

    def _used(self, usecase: Any, source: Any) -> Any:
        hold = holding.take(self.world.store, "otto.orders:default", "test")
        assert hold is not None
        parts = (self.world.services, source or self.client(), "default", TESTER, "test")

        def run(**options: Any) -> Any:
            try:
                return usecase(*parts, hold.renew)(**options)
            finally:
                hold.let_go(holding.DONE)

        return run


@contextmanager
def joined(world: World) -> Iterator[Joined]:
    """The gateway `world`, connected."""
    made = Joined(world)
    with serving(made.otto) as made.url:
        yield made


def an_otto_order(count: int, minutes: float = 0, **changes: Any) -> dict[str, Any]:
    """A furniture order as OTTO gives it, without a delivery type, changed so long before noon."""
    changed = (NOON - timedelta(minutes=minutes)).isoformat()
    return an_order(
        order_number(count),
        **{
            "lastModifiedDate": changed,
            "orderLifecycleInformation": {"lifecycleChangeDate": changed},
            "positionItems": [an_item(f"piece-{count}", sku=SKU)],
            **changes,
        },
    )


def changed_again(order: Mapping[str, Any], minutes: float, **changes: Any) -> dict[str, Any]:
    """The order after a further change, so long after noon."""
    time = (NOON + timedelta(minutes=minutes)).isoformat()
    lifecycle = {"lifecycleChangeDate": time}
    return {
        **order,
        "lastModifiedDate": time,
        "orderLifecycleInformation": lifecycle,
        **changes,
    }

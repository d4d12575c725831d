"""Shipments tell which pieces arrived; that closes the window and sets the date of deletion, once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.audit.entry import Action
from gateway.errors import Unavailable
from gateway.marketplaces.otto.client import CursorRefused, OttoClient, ShipmentPage
from gateway.marketplaces.otto.local import a_shipment
from gateway.marketplaces.otto.shipments import Shipment
from gateway.usecases.incoming.deliveries import Learnt
from policies.question import Window
from tests.builders import an_item, order_number
from tests.marketplaces.otto.live import fails, passes
from tests.usecases.otto import SKU, Joined, an_otto_order, joined
from tests.world import NOON, World

YESTERDAY = NOON - timedelta(days=1)


@pytest.fixture
def pair(world: World) -> Iterator[Joined]:
    """A gateway with three furniture orders of OTTO's, of two pieces each, given to dachser."""
    with joined(world) as pair:
        pair.otto.deliver_by({SKU: "FORWARDER_CURBSIDE"})
        for count in range(3):
            pieces = [an_item(f"{count}-{piece}", sku=SKU) for piece in range(2)]
            pair.otto.put(an_otto_order(count, positionItems=pieces))
        pair.sync()
        for count in range(3):
            world.assign(order_number(count))
        yield pair


def ship(pair: Joined, count: int, delivered: datetime | None = None, **changes: Any) -> None:
    """A shipment of an order, created the day before yesterday; `changes` by OTTO's names."""
    [order] = [it for it in pair.otto.orders.values() if it["orderNumber"] == order_number(count)]
    created = NOON - timedelta(days=2)
    shipment = a_shipment(order, len(pair.otto.shipments), created, delivered)
    pair.otto.shipments.append({**shipment, **changes})


def delivered_at(pair: Joined, count: int) -> list[datetime | None]:
    """When the pieces of an order arrived."""
    return [item.delivered_at for item in pair.world.kept(order_number(count)).items]


def test_an_arrival_sets_the_dates(pair: Joined) -> None:
    """The time is OTTO's: window and deletion count from the delivery, not from hearing of it."""
    ship(pair, 0, YESTERDAY)
    ship(pair, 1)
    assert pair.learn() == Learnt(pages=1, delivered=1, orders=1)
    assert delivered_at(pair, 0) == [YESTERDAY, YESTERDAY]
    assert delivered_at(pair, 1) == [None, None]
    kept, deadlines = pair.world.kept(order_number(0)), pair.world.settings.deadlines
    assert kept.delete_by(deadlines.erase_after_delivery) == YESTERDAY + timedelta(days=30)
    window = kept.items[0].window(kept, NOON + timedelta(days=2), timedelta(days=3))
    assert window is Window.CLOSED


def test_it_goes_on_record_once(pair: Joined) -> None:
    """With the carrier whose pieces they were; a repeated look asks for nothing and changes nothing."""
    ship(pair, 0, YESTERDAY)
    pair.learn()
    seen = len(pair.otto.seen)
    pair.world.clock.forward(hours=6)
    assert pair.learn() == Learnt(pages=1)
    assert sum("/v1/shipments/" in target for target in pair.otto.seen[seen:]) == 0
    [entry] = [it for it in pair.world.log() if it.action is Action.ORDER_DELIVERED]
    assert entry.carrier == "dachser"
    assert delivered_at(pair, 0) == [YESTERDAY, YESTERDAY]


def test_pieces_arrive_each_by_itself(pair: Joined) -> None:
    """The deletion clock starts when the last one has."""
    [order] = [it for it in pair.otto.orders.values() if it["orderNumber"] == order_number(0)]
    ids = [
        {"salesOrderId": order["salesOrderId"], "positionItemId": item["positionItemId"]}
        for item in order["positionItems"]
    ]
    ship(pair, 0, YESTERDAY, positionItems=ids[:1])
    pair.learn()
    kept, deadlines = pair.world.kept(order_number(0)), pair.world.settings.deadlines
    assert delivered_at(pair, 0) == [YESTERDAY, None]
    assert kept.delete_by(deadlines.erase_after_delivery) == kept.latest_at
    ship(pair, 0, NOON, positionItems=ids)
    pair.learn()
    assert delivered_at(pair, 0) == [YESTERDAY, NOON]


def test_a_piece_with_another_carrier_leaves_the_entry_without_one(pair: Joined) -> None:
    """The entry names a carrier only where it is the only one."""
    pair.world.assign(order_number(0), "rhenus", item_ids=["0-1"])
    ship(pair, 0, YESTERDAY)
    pair.learn()
    [entry] = [it for it in pair.world.log() if it.action is Action.ORDER_DELIVERED]
    assert entry.carrier is None


def test_a_delivery_in_the_future_counts_as_now(pair: Joined) -> None:
    """A wrong date keeps no contact longer."""
    ship(pair, 0, NOON + timedelta(days=300))
    pair.learn()
    assert delivered_at(pair, 0) == [NOON, NOON]


def test_shipments_of_orders_that_did_not_come_here_change_nothing(pair: Joined) -> None:
    """They are older than the gateway, for instance."""
    piece = {"salesOrderId": "elsewhere", "positionItemId": "x"}
    ship(pair, 0, YESTERDAY, positionItems=[piece])
    assert pair.learn() == Learnt(pages=1, delivered=1)
    assert "order.delivered" not in pair.world.said()


def test_a_list_without_states_is_looked_at_one_by_one(pair: Joined) -> None:
    """Only the shipment itself tells then whether it arrived."""
    ship(pair, 0, YESTERDAY)
    ship(pair, 1)
    whole = list(pair.otto.shipments)

    class Older:
        """A connection whose list tells no states."""

        def __init__(self, client: OttoClient) -> None:
            self._client = client

        def shipments(self, since: datetime, cursor: str | None) -> ShipmentPage:
            """The list."""
            pair.otto.shipments[:] = [
                {name: it for name, it in one.items() if name != "states"} for one in whole
            ]
            page = self._client.shipments(since, cursor)
            pair.otto.shipments[:] = whole
            return page

        def shipment(self, shipment_id: str) -> Shipment | None:
            """The shipment."""
            return self._client.shipment(shipment_id)

    assert pair.learn(Older(pair.client())) == Learnt(pages=1, delivered=1, orders=1)


def test_all_pages_are_looked_at_and_a_fault_loses_nothing(pair: Joined) -> None:
    """What was noted before it stays noted."""
    for count in range(3):
        ship(pair, count, YESTERDAY)
    pair.shipments_page = 1
    # The token, the first page, its shipment; then OTTO fails for as long as one asks.
    pair.otto.troubles += [passes, passes, passes, *[fails(500)] * 6]
    with pytest.raises(Unavailable):
        pair.learn()
    assert delivered_at(pair, 0) == [YESTERDAY, YESTERDAY]
    assert delivered_at(pair, 1) == [None, None]
    assert pair.learn() == Learnt(pages=3, delivered=2, orders=2)


def test_old_shipments_are_not_looked_at_and_forgotten(pair: Joined) -> None:
    """After as many days as are configured; nothing of them is kept here for longer."""
    ship(pair, 0, YESTERDAY)
    pair.learn()
    pair.world.clock.forward(days=46)
    assert pair.learn() == Learnt(pages=1)
    pair.world.clock.forward(days=-46)
    assert pair.learn() == Learnt(pages=1, delivered=1)


def test_what_is_no_shipment_is_counted(pair: Joined) -> None:
    """So that somebody may look at it."""
    ship(pair, 0, YESTERDAY, shipmentId="an id with blanks")
    assert pair.learn() == Learnt(pages=1, unreadable=1)


def test_a_refused_cursor_ends_the_look(pair: Joined) -> None:
    """The next one begins at the first page anyway."""

    class Refusing:
        """A connection that takes no cursor."""

        def shipments(self, _since: datetime, _cursor: str | None) -> ShipmentPage:
            """No page."""
            raise CursorRefused

        def shipment(self, _shipment_id: str) -> Shipment | None:
            """No shipment."""
            return None

    with pytest.raises(Unavailable, match="its own cursor"):
        pair.learn(Refusing())

"""A sync brings over every order and every change of it once, wherever it is stopped or fails."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.audit.entry import Action
from gateway.errors import Conflict, Unavailable
from gateway.marketplaces.otto.client import CursorRefused, OrderPage, OttoClient
from gateway.model.order import Evidence, Flag, Status
from gateway.storage import tasks
from gateway.usecases import holding
from gateway.usecases.incoming.importing import RejectedOrder
from gateway.usecases.incoming.sync import Sync, Synced
from policies.question import Mode
from tests.builders import an_item, order_number
from tests.marketplaces.otto.live import fails, passes
from tests.usecases.otto import SKU, Joined, an_otto_order, changed_again, joined
from tests.world import NOON, TESTER, World

ORDERS = "/v4/orders"


@pytest.fixture
def pair(world: World) -> Iterator[Joined]:
    """A gateway, and OTTO without orders, which deliver furniture by forwarder."""
    with joined(world) as pair:
        pair.otto.deliver_by({SKU: "FORWARDER_CURBSIDE", "Lampe": "PARCEL"})
        yield pair


# ---- What comes over ----------------------------------------------------------------------------


def test_orders_come_over_with_their_delivery_type(pair: Joined) -> None:
    """No field of an order says how it is delivered; its article's shipping profile does."""
    pair.otto.put(an_otto_order(1), an_otto_order(2, positionItems=[an_item(sku="Lampe")]))
    done = pair.sync()
    assert done == Synced(pages=1, stored=2, complete=True)
    [sofa], [lamp] = (pair.world.kept(order_number(count)).items for count in (1, 2))
    assert (sofa.mode, sofa.evidence) == (Mode.FREIGHT, Evidence.SKU)
    assert (lamp.mode, lamp.evidence) == (Mode.PARCEL, Evidence.SKU)


def test_the_shipping_profile_goes_before_the_table_of_articles(pair: Joined) -> None:
    """The table in the configuration serves where OTTO knows no profile."""
    pair.otto.deliver_by({"Sped-Lampe": "PARCEL"})
    pair.otto.put(
        an_otto_order(1, positionItems=[an_item(sku="Sped-Lampe")]),
        an_otto_order(2, positionItems=[an_item(sku="Sped-Sofa")]),
    )
    pair.sync()
    assert pair.world.kept(order_number(1)).items[0].mode is Mode.PARCEL
    assert pair.world.kept(order_number(2)).items[0].mode is Mode.FREIGHT


def test_a_delivery_type_that_nobody_knows_leaves_the_piece_unclassified(pair: Joined) -> None:
    """Kept sealed, flagged, handed to nobody; the order is not lost."""
    pair.otto.deliver_by({"Neu": "DRONE"})
    pair.otto.put(an_otto_order(1, positionItems=[an_item(sku="Neu", carrier="DACHSER")]))
    assert pair.sync().stored == 1
    kept = pair.world.kept(order_number(1))
    assert kept.items[0].mode is Mode.UNCLASSIFIED
    assert kept.flags == (Flag.UNCLASSIFIED,)


def test_delivery_types_are_asked_for_once_a_day(pair: Joined) -> None:
    """By every process; what OTTO did not know is remembered, too."""
    items = [an_item("a", sku=SKU), an_item("b", sku=SKU), an_item("c", sku="unknown")]
    pair.otto.put(an_otto_order(1, positionItems=items))
    pair.sync()
    pair.otto.put(an_otto_order(2))
    pair.sync()
    assert asked(pair, "/v1/availability") == 2
    pair.world.clock.forward(days=2)
    pair.sync(since=NOON - timedelta(days=1))
    assert asked(pair, "/v1/availability") == 4


@pytest.mark.parametrize("sku", ["", " ", "x" * 129, "a\nb", "\x00", "\ud800", None, 7])
def test_an_odd_sku_is_not_asked_for(pair: Joined, sku: Any) -> None:
    """It leads to no delivery type, and breaks nothing."""
    pair.otto.put(an_otto_order(1, positionItems=[an_item(sku=sku)]), an_otto_order(2))
    pair.sync()
    assert asked(pair, "/v1/availability") == 1
    assert pair.world.kept(order_number(2)).items[0].mode is Mode.FREIGHT


@pytest.mark.parametrize("pieces", [None, "odd", ["odd"], [{}], [{"product": "odd"}]])
def test_odd_pieces_are_rejected_with_their_order(pair: Joined, pieces: Any) -> None:
    """The others come over."""
    pair.otto.put(an_otto_order(1, positionItems=pieces), an_otto_order(2))
    done = pair.sync()
    assert (done.stored, done.rejected) == (1, 1)


def test_later_changes_come_over(pair: Joined) -> None:
    """A cancellation, for instance, by which the contact goes."""
    pair.otto.put(an_otto_order(1))
    pair.sync()
    pair.world.clock.forward(minutes=60)
    piece = an_item("piece-1", sku=SKU, fulfillmentStatus="CANCELLED_BY_PARTNER")
    pair.otto.put(changed_again(an_otto_order(1), minutes=50, positionItems=[piece]))
    assert pair.sync() == Synced(pages=1, stored=1, complete=True)
    kept = pair.world.kept(order_number(1))
    assert kept.items[0].status is Status.CANCELLED_BY_PARTNER
    assert kept.erased_at is not None


def test_an_announced_order_gets_its_contact_when_it_is_paid(pair: Joined) -> None:
    """First without an address, then with one."""
    announced = an_otto_order(
        1, positionItems=[an_item("p", sku=SKU, fulfillmentStatus="ANNOUNCED")]
    )
    paid = changed_again(announced, 5, positionItems=[an_item("p", sku=SKU)])
    del announced["deliveryAddress"]
    pair.otto.put(announced)
    pair.sync()
    assert Flag.ADDRESS_PENDING in pair.world.kept(order_number(1)).flags
    pair.world.clock.forward(minutes=10)
    pair.otto.put(paid)
    pair.sync()
    kept = pair.world.kept(order_number(1))
    assert kept.phone_present
    assert kept.flags == ()


def test_the_same_number_twice_on_a_page_ends_as_the_later_one(pair: Joined) -> None:
    """The second is judged by what the first left."""
    first = an_otto_order(1, minutes=2)
    second = changed_again(first, 0, salesOrderId="other")
    pair.otto.put(first, second)
    assert pair.sync().stored == 2
    assert pair.world.kept(order_number(1)).sales_order_id == "other"


# ---- From when on -------------------------------------------------------------------------------


def test_the_first_sync_goes_back_as_far_as_configured(pair: Joined) -> None:
    """Thirty days, as shipped."""
    pair.otto.put(an_otto_order(1, minutes=29 * 24 * 60), an_otto_order(2, minutes=31 * 24 * 60))
    assert pair.sync().stored == 1


def test_a_sync_begins_a_little_before_the_last_change_that_came(pair: Joined) -> None:
    """Not before the clock's time: what OTTO shows late is met by the overlap."""
    pair.otto.put(an_otto_order(1, minutes=60))
    pair.sync()
    assert pair.progress().mark == NOON - timedelta(minutes=60)
    pair.otto.put(an_otto_order(2, minutes=80), an_otto_order(3, minutes=100))
    assert pair.sync() == Synced(pages=1, stored=1, unchanged=1, complete=True)
    assert pair.stored() == [order_number(1), order_number(2)]


def test_a_change_in_the_future_does_not_hide_what_comes_before_it(pair: Joined) -> None:
    """The mark never passes the time at which the sync began."""
    pair.otto.put(an_otto_order(1, minutes=-60 * 24 * 365))
    pair.sync()
    assert pair.progress().mark == NOON
    pair.world.clock.forward(minutes=5)
    pair.otto.put(an_otto_order(2, minutes=-4))
    assert pair.sync().stored == 1


def test_the_mark_never_goes_back(pair: Joined) -> None:
    """Neither by an explicit time, nor by a clock that was set back."""
    pair.otto.put(an_otto_order(1))
    pair.sync()
    pair.world.clock.forward(days=-2)
    pair.sync(since=NOON - timedelta(days=20))
    assert pair.progress().mark == NOON


def test_everything_since_a_given_time_can_be_read_again(pair: Joined) -> None:
    """For instance when the configuration was wrong; what is unchanged stays."""
    pair.otto.put(an_otto_order(1, minutes=60 * 24 * 40))
    assert pair.sync().stored == 0
    assert pair.sync(since=NOON - timedelta(days=60)).stored == 1


def test_a_sync_without_news_changes_nothing(pair: Joined) -> None:
    """Nothing goes on record twice."""
    pair.otto.put(an_otto_order(1), an_otto_order(2))
    pair.sync()
    before = pair.world.said()
    assert pair.sync() == Synced(pages=1, unchanged=2, complete=True)
    assert pair.world.said() == before


# ---- Orders that do not hold --------------------------------------------------------------------


def test_a_rejected_order_is_told_and_recorded_once(pair: Joined) -> None:
    """Though every sync meets it anew as long as it stands in the overlap."""
    broken = an_otto_order(1, orderDate="yesterday")
    pair.otto.put(broken, an_otto_order(2))
    told: list[RejectedOrder] = []
    assert pair.sync(on_rejected=told.append).rejected == 1
    assert [one.order_number for one in told] == [order_number(1)]
    assert list(told[0].errors) == ["orderDate"]
    assert pair.sync(on_rejected=told.append).rejected == 0
    assert len(told) == 1
    assert pair.world.said().count(Action.ORDER_REJECTED) == 1
    pair.otto.put({**broken, "orderDate": "today"})
    assert pair.sync(on_rejected=told.append).rejected == 1
    pair.otto.put({**broken, "orderDate": "2026-11-01T08:56:40.385Z"})
    assert pair.sync(on_rejected=told.append).stored == 1


def test_what_is_rejected_is_forgotten_when_no_sync_meets_it_any_more(pair: Joined) -> None:
    """And told again if it ever comes back."""
    broken = an_otto_order(1, orderDate="yesterday")
    pair.otto.put(broken)
    pair.sync()
    pair.otto.orders.clear()
    pair.world.clock.forward(minutes=1)
    pair.sync()
    pair.otto.put(broken)
    assert pair.sync().rejected == 1


def test_a_malformed_order_is_rejected_by_itself(pair: Joined) -> None:
    """An element of the page that is no order is told as such."""
    page = b'{"resources": [7, {"orderNumber": "t000000001", "orderNumber": "x"}], "links": []}'
    told: list[RejectedOrder] = []
    done = pair.sync(_Pages([OrderPage(page, None)]), on_rejected=told.append)
    assert done == Synced(pages=1, rejected=2, complete=True)
    assert [list(one.errors) for one in told] == [["order"], ["order"]]


def test_a_page_that_breaks_off_is_no_page(pair: Joined) -> None:
    """Nothing of it is taken as the end."""
    twice = b'{"resources": [], "resources": [], "links": []}'
    with pytest.raises(Unavailable, match="cannot be read"):
        pair.sync(_Pages([OrderPage(twice, None)]))
    assert pair.progress().completed_at is None


# ---- Stopped, killed, failed --------------------------------------------------------------------


class _Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("when", ["before the page", "after the page"])
@pytest.mark.parametrize("page", range(4))
def test_a_sync_that_is_killed_at_any_page_loses_and_doubles_nothing(
    pair: Joined, page: int, when: str
) -> None:
    """The next one goes on with the page that is not durable yet; no order is recorded twice."""
    orders = [an_otto_order(count, minutes=60 - count) for count in range(7)]
    broken = an_otto_order(7, minutes=30, orderDate="yesterday")
    pair.otto.put(*orders, broken)
    pair.page = 2
    with pytest.raises(_Killed):
        pair.sync(_Dying(pair, page, when), on_page=_dies_after(page, when))
    asked_before = asked(pair, ORDERS)
    pair.sync()
    durable = page + (when == "after the page")
    # After the last page the next sync is a new one, which meets them all in its overlap.
    assert asked(pair, ORDERS) - asked_before == (4 - durable or 4)
    assert pair.stored() == [order_number(count) for count in range(7)]
    assert pair.world.said().count(Action.ORDER_REJECTED) == 1
    assert pair.progress().under_way is None


def test_a_page_and_the_place_after_it_are_durable_together(
    pair: Joined, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault while the place is kept undoes the page as well."""
    pair.otto.put(an_otto_order(1, minutes=1), an_otto_order(2, orderDate="yesterday"))

    def failing(*_: Any) -> None:
        raise _Killed

    with monkeypatch.context() as patched:
        patched.setattr("gateway.storage.progress.save", failing)
        with pytest.raises((_Killed, Unavailable)):
            pair.sync()
    assert pair.world.said() == []
    assert pair.sync().stored == 1
    assert pair.world.said() == ["order.stored", "order.rejected"]


def test_a_fault_of_otto_ends_the_sync_and_the_next_goes_on(pair: Joined) -> None:
    """What came before it stays."""
    pair.otto.put(*(an_otto_order(count, minutes=60 - count) for count in range(6)))
    pair.page = 2
    pair.otto.troubles += [passes, passes, passes, passes, *[fails(503)] * 6]
    with pytest.raises(Unavailable, match="status 503"):
        pair.sync()
    assert pair.stored() == [order_number(0), order_number(1)]
    assert pair.sync().pages == 2
    assert pair.stored() == [order_number(count) for count in range(6)]


def test_a_cursor_that_is_over_begins_the_pass_anew(pair: Joined) -> None:
    """A broken-off sync may lie hours back."""
    pair.otto.put(*(an_otto_order(count, minutes=60 - count) for count in range(6)))
    pair.page = 2
    with pytest.raises(_Killed):
        pair.sync(on_page=_dies_after(0, "after the page"))
    pair.otto.troubles += [passes, fails(410)]
    assert pair.sync() == Synced(pages=3, stored=4, unchanged=2, complete=True)


def test_a_pass_that_was_broken_off_long_ago_begins_anew(pair: Joined) -> None:
    """Its cursor is not even tried."""
    pair.otto.put(*(an_otto_order(count, minutes=60 - count) for count in range(4)))
    pair.page = 2
    with pytest.raises(_Killed):
        pair.sync(on_page=_dies_after(0, "after the page"))
    pair.world.clock.forward(hours=13)
    assert pair.sync().pages == 2


class _Pages:
    """A connection that gives these pages."""

    def __init__(self, pages: list[OrderPage | None]) -> None:
        self._pages = list(pages)

    def orders(self, _since: datetime, _cursor: str | None) -> OrderPage:
        """The next page; None stands for a cursor that is refused."""
        page = self._pages.pop(0)
        if page is None:
            raise CursorRefused
        return page

    def delivery_type(self, _sku: str) -> str | None:
        """Nothing is known."""
        return None


@pytest.mark.parametrize("pages", [[None], [OrderPage(b'{"resources": []}', "next"), None]])
def test_a_cursor_of_this_very_pass_that_is_refused_is_a_fault(
    pair: Joined, pages: list[OrderPage | None]
) -> None:
    """Beginning anew would go on for ever."""
    with pytest.raises(Unavailable, match="its own cursor"):
        pair.sync(_Pages(pages))


# ---- One at a time ------------------------------------------------------------------------------


def test_only_one_syncs_at_a_time(world: World) -> None:
    """Until it lets go, or its hold runs out."""
    hold = holding.take(world.store, "task", "one")
    assert hold is not None
    assert holding.take(world.store, "task", "other") is None
    assert holding.take(world.store, "another task", "other") is not None
    hold.let_go(holding.DONE, timedelta(minutes=15))
    with world.store.read() as connection:
        [another, task] = tasks.every(connection)
    assert another.holder == "other"
    assert (task.holder, task.next_at, task.outcome) == (None, NOON + timedelta(minutes=15), "done")
    assert holding.take(world.store, "task", "other") is not None
    world.clock.forward(minutes=3)
    assert holding.take(world.store, "task", "third") is not None


def test_who_lost_its_hold_stores_nothing_more(pair: Joined) -> None:
    """A process that stood still for minutes does not overwrite what another has done since."""
    pair.otto.put(*(an_otto_order(count, minutes=60 - count) for count in range(4)))
    pair.page = 2
    hold = holding.take(pair.world.store, "otto.orders:default", "slow")
    assert hold is not None

    def another_comes(_done: Synced) -> None:
        pair.world.clock.forward(minutes=3)
        assert pair.sync().complete

    slow = Sync(pair.world.services, pair.client(), "default", TESTER, None, hold.renew)
    with pytest.raises(Conflict, match="gone on elsewhere"):
        slow(on_page=another_comes)
    assert pair.stored() == [order_number(count) for count in range(4)]
    assert pair.progress().under_way is None


def asked(pair: Joined, path: str) -> int:
    """How often a path was asked for."""
    return sum(target.startswith(path) for target in pair.otto.seen)


class _Dying:
    """A connection whose process dies when it asks for a page, where it shall die before one."""

    def __init__(self, pair: Joined, page: int, when: str) -> None:
        self._client: OttoClient = pair.client()
        self._left = page if when == "before the page" else 99

    def orders(self, since: datetime, cursor: str | None) -> OrderPage:
        """A page, or the end."""
        if self._left == 0:
            raise _Killed
        self._left -= 1
        return self._client.orders(since, cursor)

    def delivery_type(self, sku: str) -> str | None:
        """How articles of this SKU are delivered."""
        return self._client.delivery_type(sku)


def _dies_after(page: int, when: str) -> Any:
    def on_page(done: Synced) -> None:
        if when == "after the page" and done.pages == page + 1:
            raise _Killed

    return on_page

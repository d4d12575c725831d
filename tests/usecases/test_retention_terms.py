"""Merchants keep contacts for terms of their own, within the ceiling, and changed terms count."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway import settings
from gateway.errors import ConfigurationError
from gateway.settings import Deadlines
from gateway.storage import orders
from gateway.usecases import retention
from gateway.usecases.deliver import deliver
from gateway.usecases.order_state import order_state
from tests.builders import an_order, order_number
from tests.world import NOON, TESTER, World, codes


def terms(after_delivery: int, latest: int, **own: Deadlines) -> Deadlines:
    """Deadlines in days."""
    return Deadlines(timedelta(days=3), timedelta(days=after_delivery), timedelta(days=latest), own)


def read(tmp_path: Path, text: str, **environment: str) -> Deadlines:
    """The deadlines of a settings file."""
    file = tmp_path / "gateway.toml"
    file.write_text(text)
    return settings.load({"GATEWAY_CONFIG": str(file), **environment}).deadlines


OWN = "[retention.merchants.meier]\nafter_delivery_days = {}\nlatest_days = {}\n"


def test_a_merchant_may_have_terms_of_its_own(tmp_path: Path) -> None:
    """The others keep the general ones; keys live as long as the longest."""
    found = read(tmp_path, OWN.format(14, 60) + "[retention]\nlatest_days = 45\n")
    assert found.of("meier").erase_after_delivery == timedelta(days=14)
    assert found.of("meier").erase_latest == timedelta(days=60)
    assert found.of("default").erase_latest == timedelta(days=45)
    assert found.longest == timedelta(days=60)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (OWN.format(14, 91), "retention.merchants.meier.latest_days"),
        (OWN.format(91, 90), "retention.merchants.meier.after_delivery_days"),
        (OWN.format(1, 90), "longer than retention.merchants.meier.after_delivery_days"),
        ("[retention.merchants.meier]\nlatest_days = 9\n", "after_delivery_days"),
        ("[retention.merchants.meier]\nforever = true\n", "retention.merchants.meier.forever"),
    ],
)
def test_no_merchant_passes_the_ceiling(tmp_path: Path, text: str, says: str) -> None:
    """Ninety days, for everybody; a mistake stops the start by its name."""
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)
    assert says in str(caught.value)


def test_contacts_are_dated_by_their_merchants_terms(world: World) -> None:
    """On import, and on delivery; one merchant's end does not touch the other's."""
    world.merchant("meier")
    own = terms(30, 90, meier=terms(7, 20))
    object.__setattr__(world.services.intake, "deadlines", own)
    world.take_in(an_order(order_number(1)))
    world.take_in(an_order(order_number(1)), merchant="meier")
    assert told(world, own, "default") == NOON + timedelta(days=90)
    assert told(world, own, "meier") == NOON + timedelta(days=20)
    assert retention.run(world.store, NOON + timedelta(days=20)) == 1
    assert world.kept(order_number(1), "meier").erased_at is not None
    assert world.kept(order_number(1)).erased_at is None


def test_shorter_terms_count_for_contacts_that_are_stored(world: World) -> None:
    """What `orders show` tells and what happens are the same day."""
    world.take_in(an_order(order_number(1)), an_order(order_number(2)))
    world.assign(order_number(2))
    before, after = world.settings.deadlines, terms(10, 40)
    deliver(world.store, before, "default", TESTER, order_number(2), "dachser", None)
    retention.redate(world.store, before)
    retention.redate(world.store, after)
    assert told(world, after, number=1) == NOON + timedelta(days=40)
    assert told(world, after, number=2) == NOON + timedelta(days=10)
    assert retention.run(world.store, NOON + timedelta(days=10, microseconds=-1)) == 0
    assert retention.run(world.store, NOON + timedelta(days=10)) == 1
    assert retention.run(world.store, NOON + timedelta(days=40)) == 1


def test_longer_terms_do_not_put_off_the_latest_date(world: World) -> None:
    """What a buyer was told at the import holds."""
    short = terms(10, 40)
    object.__setattr__(world.services.intake, "deadlines", short)
    world.take_in(an_order(order_number(1)))
    retention.redate(world.store, short)
    retention.redate(world.store, terms(30, 90))
    assert told(world, terms(30, 90), number=1) == NOON + timedelta(days=40)
    assert retention.run(world.store, NOON + timedelta(days=40)) == 1


def test_every_contact_is_dated_whatever_their_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batch by batch; interrupted, it begins anew."""
    monkeypatch.setattr(retention, "_BATCH", 2)
    world.take_in(*(an_order(order_number(count)) for count in range(5)))

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retention.redate(world.store, terms(10, 40), interrupted)
    batches: list[None] = []
    retention.redate(world.store, terms(10, 40), lambda: batches.append(None))
    assert len(batches) == 3
    assert retention.run(world.store, NOON + timedelta(days=40)) == 5
    retention.redate(world.store, terms(10, 40), lambda: batches.append(None))
    assert len(batches) == 3


def told(world: World, deadlines: Deadlines, merchant: str = "default", number: int = 1) -> object:
    """The day that the order's state tells; it is also the stored one."""
    state = order_state(world.store, deadlines, merchant, order_number(number))
    with world.store.read() as connection:
        assert orders.kept(connection, merchant, [order_number(number)])
    return state.delete_by


def test_an_import_by_a_clock_that_was_ahead_is_dated_anew(world: World) -> None:
    """As if it came when the clock was right again; other orders' dates stay."""
    world.take_in(an_order(order_number(1)))
    world.clock.forward(days=400)
    world.take_in(an_order(order_number(2)), an_order(order_number(3)))
    world.assign(order_number(2))
    world.clock.forward(days=-399)
    deadlines, now = world.settings.deadlines, world.clock.now
    assert retention.set_right(world.store, deadlines, now) == 2
    assert retention.set_right(world.store, deadlines, now) == 0
    assert told(world, deadlines, number=1) == NOON + timedelta(days=90)
    assert told(world, deadlines, number=2) == NOON + timedelta(days=91)
    assert codes(world.ask(world.client(), order_number(2))) == []
    assert retention.run(world.store, NOON + timedelta(days=91)) == 3


def test_shorter_terms_are_not_taken_for_a_clock_that_was_ahead(world: World) -> None:
    """An order that was imported at its time keeps it, whatever its date."""
    world.take_in(an_order(order_number(1)))
    world.clock.forward(days=5)
    assert retention.set_right(world.store, terms(10, 40), world.clock.now) == 0
    assert world.kept(order_number(1)).imported_at == NOON

"""An assignment gives freight pieces to a registered carrier, and says what does not fit."""

import pytest

from gateway.errors import InvalidInput, NotFound
from gateway.usecases import register
from policies.question import Mode
from tests.builders import a_freight_item, a_parcel_item, an_order
from tests.world import TESTER, World, a_carrier

NUMBER = "bagm62dvgp"


def test_a_repeated_assignment_changes_nothing(world: World) -> None:
    """The same again is no event: the first time counts."""
    world.take_in(an_order())
    first = world.assign(NUMBER, consignment="D-1")
    world.clock.forward(hours=1)
    assert world.assign(NUMBER, consignment="D-1") == first
    assert world.said().count("order.assigned") == 1


def test_the_parcels_of_a_mixed_order_stay_out(world: World) -> None:
    """Without a list the freight pieces are meant, and they alone."""
    world.take_in(an_order(positionItems=[a_parcel_item(), a_freight_item()]))
    parcel, freight = world.assign(NUMBER).items
    assert (parcel.carrier_id, freight.carrier_id) == (None, "dachser")


def test_two_carriers_may_share_an_order(world: World) -> None:
    """Each piece has its own carrier."""
    world.take_in(an_order(positionItems=[a_freight_item("one"), a_freight_item("two")]))
    world.assign(NUMBER, "dachser", item_ids=["one"])
    order = world.assign(NUMBER, "rhenus", item_ids=["two"])
    assert [item.carrier_id for item in order.items] == ["dachser", "rhenus"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"carrier": "nobody"}, "carrier"),
        ({"item_ids": ["nosuch"]}, "position_items"),
        ({"item_ids": [a_parcel_item()["positionItemId"]]}, "position_items"),
    ],
)
def test_what_does_not_fit_is_named(world: World, arguments: dict[str, object], field: str) -> None:
    """Unknown carrier, unknown piece, a parcel: the field and the reason."""
    world.take_in(an_order(positionItems=[a_parcel_item(), a_freight_item()]))
    with pytest.raises(InvalidInput) as fault:
        world.assign(NUMBER, **arguments)
    assert list(fault.value.errors) == [field]


def test_an_order_without_freight_cannot_be_assigned(world: World) -> None:
    """A parcel stays a parcel: an assignment is weaker evidence than its delivery type."""
    world.take_in(an_order(positionItems=[a_parcel_item()]))
    with pytest.raises(InvalidInput, match="no piece"):
        world.assign(NUMBER)


def test_a_consignment_stands_for_one_order(world: World) -> None:
    """The same number for two orders of a carrier would make its question ambiguous."""
    world.take_in(an_order(), an_order("another123"))
    world.assign(NUMBER, consignment="D-1")
    with pytest.raises(InvalidInput, match="consignment"):
        world.assign("another123", consignment="D-1")
    world.assign("another123", "rhenus", consignment="D-1")


def test_a_carrier_not_registered_for_freight_is_refused(world: World) -> None:
    """Registration lists the modes; a parcel service gets no freight."""
    parcel_only = a_carrier("dhl", modes=frozenset({Mode.PARCEL}))
    register.apply(world.store, "default", TESTER, [parcel_only])
    world.take_in(an_order())
    with pytest.raises(InvalidInput, match="not registered for freight"):
        world.assign(NUMBER, "dhl")


def test_an_unknown_order_is_not_found(world: World) -> None:
    """There is nothing to assign."""
    with pytest.raises(NotFound):
        world.assign(NUMBER)

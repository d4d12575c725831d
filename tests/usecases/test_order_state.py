"""Where an order stands: what may be used shows at each piece, and nothing of the buyer."""

import pytest

from gateway.errors import NotFound
from gateway.model.order import Flag
from gateway.usecases import forget
from gateway.usecases.order_state import OrderState, order_state
from policies.question import Mode, Window
from tests.builders import (
    ORDER_NUMBER,
    RELAY,
    a_freight_item,
    a_parcel_item,
    a_parcel_order,
    an_address,
    an_item,
    an_order,
    without,
)
from tests.world import TESTER, World


def state(world: World, number: str = ORDER_NUMBER) -> OrderState:
    """The order's state now."""
    return order_state(world.store, world.settings.deadlines, "default", number)


def test_flags_stand_at_the_pieces_they_speak_of(world: World) -> None:
    """A missing phone concerns freight; an order's own flags concern all of it."""
    address = without(an_address(), "phoneNumber")
    world.take_in(
        an_order(deliveryAddress=address, positionItems=[a_freight_item(), a_parcel_item()])
    )
    freight, parcel = state(world).pieces
    assert (freight.piece.mode, freight.flags) == (Mode.FREIGHT, (Flag.PHONE_MISSING,))
    assert (parcel.piece.mode, parcel.flags) == (Mode.PARCEL, ())
    assert not freight.phone_present


def test_a_phone_that_came_with_a_parcel_is_told_as_discarded(world: World) -> None:
    """There is none, and the flag says why."""
    world.take_in(a_parcel_order(deliveryAddress=an_address()))
    [piece] = state(world).pieces
    assert not piece.phone_present
    assert Flag.PARCEL_PHONE_DISCARDED in piece.flags


def test_the_window_follows_assignment_delivery_and_grace(world: World) -> None:
    """Not open, open, open in the days of grace, closed."""
    world.take_in(an_order())
    windows = [state(world).pieces[0].window]
    world.assign(ORDER_NUMBER)
    windows.append(state(world).pieces[0].window)
    world.clock.forward(days=90)
    windows.append(state(world).pieces[0].window)
    assert windows == [Window.NOT_OPEN, Window.OPEN, Window.CLOSED]


def test_what_is_erased_has_no_deadline_any_more(world: World) -> None:
    """Nor a phone, nor a kind of address."""
    world.take_in(an_order())
    assert state(world).delete_by is not None
    forget.erase(world.store, "default", TESTER, ORDER_NUMBER, "the buyer asked")
    after = state(world)
    assert (after.delete_by, after.email_kind) == (None, None)
    assert [piece.phone_present for piece in after.pieces] == [False]


def test_the_outward_members_hold_no_contact_data(world: World) -> None:
    """Whatever is known of the buyer."""
    world.take_in(an_order(positionItems=[a_freight_item(), an_item("unclear")]))
    told = repr(state(world).members())
    for private in ("Erika", "Mustermann", "23125001", "erika@example.org", RELAY, "01067"):
        assert private not in told


def test_an_order_of_another_merchant_is_not_found(world: World) -> None:
    """It is the same as none."""
    world.take_in(an_order())
    world.merchant("other")
    with pytest.raises(NotFound):
        order_state(world.store, world.settings.deadlines, "other", ORDER_NUMBER)

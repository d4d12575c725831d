"""What would be decided is what is decided, and tells no contact."""

import pytest

from gateway.errors import NotFound
from gateway.usecases.decide import Decision, Way
from policies.question import OTTO_SIX, Role
from policies.verdict import Permit, Refusal
from tests.builders import an_order, without
from tests.world import World

NUMBER = "bagm62dvgp"


def decided(world: World, role: Role, purpose: str, number: str = NUMBER) -> Decision:
    """Ask as a new client of this role."""
    return world.services.decide(world.client(role), number, purpose, None, "test")


@pytest.mark.parametrize("purpose", sorted(OTTO_SIX))
@pytest.mark.parametrize("role", [Role.MERCHANT, Role.SHOP, Role.MAILER])
def test_ottos_six_go_by_the_relay(world: World, role: Role, purpose: str) -> None:
    """In the six cases the buyer may be written to by the relay address."""
    world.take_in(an_order())
    assert decided(world, role, purpose).way is Way.RELAY


def test_without_a_relay_the_way_is_ottos_own_system(world: World) -> None:
    """Where OTTO gave no relay, OTTO Partner Connect remains."""
    world.take_in(without(an_order(), "invoiceAddress"))
    assert decided(world, Role.MERCHANT, "order-query").way is Way.PARTNER_CONNECT


@pytest.mark.parametrize("purpose", ["newsletter", "order-confirmation", "driver-call-ahead", "x"])
@pytest.mark.parametrize("role", list(Role))
def test_everything_else_is_refused_on_record(world: World, role: Role, purpose: str) -> None:
    """Whoever asks: no marketing, no duplicate mails, nothing unknown; each refusal is an entry."""
    world.take_in(an_order())
    decision = decided(world, role, purpose)
    assert isinstance(decision.verdict, Refusal)
    assert decision.way is Way.NONE
    assert world.log()[-1].reasons == tuple(decision.verdict.codes)


def test_the_carrier_learns_whether_it_may_ask(world: World) -> None:
    """For the appointment of its own order the carrier would be permitted; nothing is recorded yet."""
    world.take_in(an_order())
    world.assign(NUMBER)
    decision = decided(world, Role.CARRIER, "delivery-appointment")
    assert isinstance(decision.verdict, Permit)
    assert decision.way is Way.CARRIER
    assert "contact.released" not in world.said()


def test_a_merchant_hears_of_an_unknown_order(world: World) -> None:
    """A merchant's typing error is a typing error; a carrier is refused as for anybody's order."""
    with pytest.raises(NotFound):
        decided(world, Role.MERCHANT, "order-query")
    assert isinstance(decided(world, Role.CARRIER, "delivery-appointment").verdict, Refusal)

"""Short ways to bring a world's logs to witnesses and holders, and to see what became of it."""

from dataclasses import replace
from datetime import timedelta

from gateway.anchoring.anchoring import Anchoring, Round
from gateway.anchoring.sending import Sender
from gateway.settings import Witnessing, WitnessSettings
from gateway.storage import anchors
from gateway.usecases.log.sequence import integrate_waiting
from gateway.usecases.services import Services
from tests.anchoring.witness import Witness
from tests.builders import an_order, order_number
from tests.world import World

ORIGIN = "gateway.example/audit/default/2026q4"


def under(world: World, *witnesses: Witness, quorum: int = 1) -> Services:
    """The gateway with these witnesses configured."""
    known = tuple(
        WitnessSettings(f"w{at}", one.url, one.signer.verifier.vkey())
        for at, one in enumerate(witnesses, start=1)
    )
    witnessing = Witnessing(timedelta(minutes=1), quorum, known)
    return replace(world.services, settings=replace(world.settings, witnessing=witnessing))


def turn(services: Services, at: int = 0) -> Round:
    """Bring the logs to one place, whether it is due or not."""
    anchoring = Anchoring.over(services, Sender())
    return anchoring.turn(anchoring.places[at], "test", only_due=False)


def grow(world: World, number: int) -> None:
    """An order more, taken into the tree."""
    world.take_in(an_order(order_number(number)))
    integrate_waiting(world.store)


def anchored(world: World) -> dict[str, tuple[int, str]]:
    """What each place has of the default merchant's log, and the last outcome."""
    with world.store.read() as connection:
        return {it.place: (it.size, it.outcome) for it in anchors.of_log(connection, 1)}

"""What the reports of the tests tell of: three orders, two carriers, four releases and a refusal."""

from dataclasses import dataclass

from gateway.model.client import Client
from gateway.usecases.log.sequence import integrate_waiting
from tests.builders import an_address, an_order, order_number
from tests.world import World


@dataclass(frozen=True)
class Story:
    """A world in which something happened."""

    world: World
    dachser: Client
    rhenus: Client


def told(world: World) -> Story:
    """Two days of releases; the log has a checkpoint in between."""
    story = Story(world, world.client(), world.client(carrier="rhenus"))
    for count in (1, 2, 3):
        address = an_address(phoneNumber=f"030 2312500{count}")
        world.take_in(an_order(order_number(count), deliveryAddress=address))
    world.assign(order_number(1))
    world.assign(order_number(2))
    world.assign(order_number(3), "rhenus")
    world.ask(story.dachser, order_number(1))
    integrate_waiting(world.store)
    world.clock.forward(days=1)
    world.ask(story.dachser, order_number(1), fields=["phone"])
    world.ask(story.dachser, order_number(2))
    world.ask(story.rhenus, order_number(3))
    world.ask(story.dachser, order_number(1), purpose="newsletter")
    return story

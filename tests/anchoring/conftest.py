"""A gateway whose log a real witness on this machine knows."""

from collections.abc import Iterator

import pytest

from gateway.usecases.log.sequence import integrate_waiting
from tests.anchoring.places import ORIGIN
from tests.anchoring.witness import Witness
from tests.world import World


@pytest.fixture
def witness(world: World) -> Iterator[Witness]:
    """A witness that knows the key of the default merchant's log."""
    integrate_waiting(world.store)
    found = Witness(world.clock)
    found.logs[ORIGIN] = world.store.logbook.notary.verifier(ORIGIN)
    yield found
    found.stop()

"""A second node beside the world: another store over the same database."""

import os
from collections.abc import Callable, Iterator

import pytest

from gateway.app import assemble
from gateway.storage.store import Store
from tests.world import World


@pytest.fixture
def a_node(world: World) -> Iterator[Callable[[], Store]]:
    """Makes stores over the world's database that share nothing with its own but the clock."""
    made: list[Store] = []

    def make() -> Store:
        made.append(assemble(world.settings, world.clock, os.urandom).store)
        return made[-1]

    yield make
    for store in made:
        store.database.engine.dispose()

"""A world in which something happened, on each database."""

import pytest

from tests.usecases.reports.story import Story, told
from tests.world import World


@pytest.fixture
def story(world: World) -> Story:
    """Three orders, two carriers, four releases and a refusal."""
    return told(world)

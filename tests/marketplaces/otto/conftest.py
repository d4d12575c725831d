"""OTTO's imitation, for the tests of the client."""

from collections.abc import Iterator

import pytest

from gateway.marketplaces.otto.facts import OttoFacts
from gateway.marketplaces.otto.local import LocalOtto
from tests.marketplaces.otto.live import Connected, Time, serving


@pytest.fixture
def connected(facts: OttoFacts) -> Iterator[Connected]:
    """A running imitation without orders, and who connects to it."""
    time = Time()
    otto = LocalOtto(time.clock, time.ticks)
    with serving(otto) as url:
        yield Connected(otto, time, facts.api, url)

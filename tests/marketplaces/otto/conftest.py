"""The facts as shipped, for all tests of OTTO's orders, and OTTO's imitation for those of the client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.marketplaces.otto.facts import OttoFacts
from gateway.marketplaces.otto.local import LocalOtto
from tests.marketplaces.otto.live import Connected, Time, serving

CONFIG = Path(__file__).parents[3] / "config"


@pytest.fixture(scope="session")
def facts() -> OttoFacts:
    """`config/marketplaces/otto.toml`."""
    return OttoFacts.load(CONFIG / "marketplaces" / "otto.toml")


@pytest.fixture
def connected(facts: OttoFacts) -> Iterator[Connected]:
    """A running imitation without orders, and who connects to it."""
    time = Time()
    otto = LocalOtto(time.clock, time.ticks)
    with serving(otto) as url:
        yield Connected(otto, time, facts.api, url)

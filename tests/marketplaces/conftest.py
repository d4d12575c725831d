"""The facts as shipped, for all tests of marketplaces."""

from pathlib import Path

import pytest

from gateway.marketplaces.otto.facts import OttoFacts

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="session")
def facts() -> OttoFacts:
    """`config/marketplaces/otto.toml`."""
    return OttoFacts.load(CONFIG / "marketplaces" / "otto.toml")

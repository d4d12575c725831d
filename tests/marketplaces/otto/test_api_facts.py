"""Hosts, paths and limits of OTTO's API are read from their file, and a mistake is told by name."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import ConfigurationError
from gateway.marketplaces.otto.facts import OttoFacts
from tests.marketplaces.otto.test_facts import load


def test_the_shipped_facts_of_the_api(facts: OttoFacts) -> None:
    """Half of what OTTO allows a partner, and no host without TLS but this machine."""
    api = facts.api
    assert api.hosts["production"] == "https://api.otto.market"
    assert api.requests_per_second <= 10
    assert api.overlap == timedelta(minutes=30)
    assert api.delivered_states == {"DELIVERED"}
    assert api.paths.shipment.format(id="1") == "/v1/shipments/1"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"https://api.otto.market"', '"http://api.otto.market"', "api.hosts.production.value"),
        ('"https://api.otto.market"', '"https://api.otto.market/"', "must be a host alone"),
        ('"https://api.otto.market"', '"https://user@api.otto.market"', "must be a host alone"),
        ('token = "/v1/token"', 'token = "//elsewhere.example/v1/token"', "api.paths.token"),
        ('orders = "/v4/orders"', 'orders = "/v4/orders?limit=1"', "api.paths.orders"),
        ('"/v1/shipments/{id}"', '"/v1/shipments/{sku}"', "must hold {id} once"),
        ('"/v1/shipments/{id}"', '"/v1/shipments/{"', "must hold {id} once"),
        ('orders = "/v4/orders"', 'orders = "/v4/{id}"', "must hold no name in braces"),
        ("orders_per_page = 128", "orders_per_page = 129", "api.orders_per_page"),
        ("requests_per_second = 10", "requests_per_second = 0", "api.requests_per_second"),
        ("attempts = 6", "attempt = 6", "api.attempt"),
        ('delivered_states = ["DELIVERED"]', "delivered_states = []", "api.delivered_states"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    """By its key, with what belongs there."""
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, old, new)
    assert says in str(caught.value)

"""The demo orders show every case there is, with nothing in them but reserved values."""

import re
import tomllib
from pathlib import Path

import pytest

from gateway.marketplaces.otto.derive import derive
from gateway.marketplaces.otto.facts import OttoFacts
from gateway.marketplaces.stream import OrderStream, RawOrder
from gateway.model.order import EmailKind, Evidence, Flag, Order, Status
from policies.question import Mode

DEMO = Path(__file__).parents[3] / "config" / "demo"


@pytest.fixture(scope="module")
def orders(facts: OttoFacts) -> dict[str, Order]:
    """The demo orders by number; all of them hold."""
    found: dict[str, Order] = {}
    with (DEMO / "orders.json").open("rb") as source:
        for raw in OrderStream(source):
            assert isinstance(raw, RawOrder)
            order = derive(raw.value, facts)
            assert isinstance(order, Order)
            found[order.order_number] = order
    return found


def test_forty_orders_of_every_kind(orders: dict[str, Order]) -> None:
    """Each mode, evidence, status, flag, address kind and discard occurs, and several countries."""
    items = [item for order in orders.values() for item in order.items]
    assert len(orders) == 40
    assert {item.mode for item in items} == set(Mode)
    assert {item.evidence for item in items} == set(Evidence) - {Evidence.ASSIGNMENT}
    assert {item.status for item in items} == set(Status)
    assert {flag for order in orders.values() for flag in order.flags} == set(Flag)
    assert {order.email_kind for order in orders.values()} == {*EmailKind, None}
    assert {field for order in orders.values() for field in order.discarded} == {
        "phone",
        "email",
        "invoice_email",
    }
    assert {order.country for order in orders.values()} == {"DEU", "AUT", "CHE", None}
    assert any(len({item.mode for item in order.items}) > 1 for order in orders.values())


def test_the_demo_holds_reserved_values_only() -> None:
    """Mail at example.org and OTTO's relay, phones that are kept for fiction."""
    text = (DEMO / "orders.json").read_text(encoding="utf-8")
    domains = set(re.findall(r"@([a-z.]+)", text))
    assert domains == {"example.org", "customer.otto.market"}
    for phone in re.findall(r'"phoneNumber": "([^"]*)"', text):
        digits = re.sub(r"\D", "", phone.partition("ext")[0])
        assert re.fullmatch(r"(?:0|49|0049|490)(?:3023125\d{3}|17139200\d{2})", digits), phone


def test_assignments_name_demo_orders(orders: dict[str, Order]) -> None:
    """Every assignment is to an order with a contact that is not all parcels."""
    table = tomllib.loads((DEMO / "assignments.toml").read_text(encoding="utf-8"))
    assert {entry["carrier"] for entry in table["assignment"]} == {"dachser", "rhenus", "hellmann"}
    for entry in table["assignment"]:
        assert entry.keys() == {"order", "carrier", "consignment"}
        assert orders[entry["order"]].freight is not None

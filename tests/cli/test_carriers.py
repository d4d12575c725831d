"""`gateway carriers`: the difference is shown before anyone wonders, and a wrong file changes nothing."""

from collections.abc import Callable
from typing import Any

from gateway.resources import default_config
from tests.cli.conftest import Gateway

SHIPPED = (default_config() / "carriers.toml").read_text(encoding="utf-8")


def test_differences_are_shown_by_carrier(gateway: Gateway) -> None:
    """Added, changed and withdrawn, each with its sign; a second time there are none."""
    result = gateway("carriers", "apply")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "+ hellmann  registered",
        "~ dachser  changed: name, valid until",
        "~ rhenus  changed: name, valid until",
        "- emons  withdrawn",
    ]
    assert gateway("carriers", "apply").stdout.startswith("No difference")


def test_a_file_of_ones_own_is_taken(
    gateway: Gateway, told: Callable[..., Any], file: Callable[..., str]
) -> None:
    """For one merchant; the other's registrations stay."""
    own = file(SHIPPED.replace("carriers.dachser", "carriers.dachser-sued").encode(), "own.toml")
    changes = told("carriers", "apply", own, "--merchant", "other")
    assert changes["added"] == ["dachser-sued", "hellmann"]
    assert changes["withdrawn"] == ["dachser", "emons"]
    assert changes["changed"] == [{"carrier": "rhenus", "terms": ["name", "valid_until"]}]
    listed = {it["carrier"]: it["registration"] for it in told("carriers", "list")["carriers"]}
    assert listed == {"dachser": "current", "emons": "lapsed", "rhenus": "current"}


def test_a_wrong_file_changes_nothing(
    gateway: Gateway, told: Callable[..., Any], file: Callable[..., str]
) -> None:
    """File, carrier and key are named; every registration stays."""
    before = told("carriers", "list")
    wrong = file(SHIPPED.replace("delivery-appointment", "marketing").encode(), "own.toml")
    result = gateway("carriers", "apply", wrong)
    assert result.exit_code == 1
    assert (
        "own.toml: dachser.purposes.0: marketing is not one of delivery-appointment"
        in result.stderr
    )
    assert told("carriers", "list") == before


def test_the_list_tells_terms_and_last_day(gateway: Gateway, told: Callable[..., Any]) -> None:
    """As the file has them, with the state of today."""
    gateway("carriers", "apply")
    listed = {it["carrier"]: it for it in told("carriers", "list")["carriers"]}
    assert listed["hellmann"]["registration"] == "lapsed"
    assert listed["hellmann"]["valid_until"] == "2026-06-30"
    assert listed["rhenus"]["fields"] == ["name", "phone"]
    assert listed["emons"]["registration"] == "withdrawn"
    assert "hellmann" in gateway("carriers", "list").stdout


def test_a_profile_that_is_not_there_changes_nothing(
    gateway: Gateway, told: Callable[..., Any], file: Callable[..., str]
) -> None:
    """A carrier that takes its own order documents needs its profile; one as shipped will do."""
    lines = 'order_profile = "{}"\norder_endpoint = "https://api.example.org/orders"\n'
    head = "[carriers.rhenus]"
    lost = file(SHIPPED.replace(head, lines.format("lost") + head).encode(), "own.toml")
    result = gateway("carriers", "apply", lost)
    assert result.exit_code == 1
    assert "lost.toml: there is no such profile" in result.stderr
    own = file(SHIPPED.replace(head, lines.format("dachser") + head).encode(), "own.toml")
    changed = {it["carrier"]: it["terms"] for it in told("carriers", "apply", own)["changed"]}
    assert changed["dachser"] == ["name", "valid_until", "order_profile", "order_endpoint"]

"""`gateway policy`: a compliance officer checks, reads and asks, without any set-up."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.storage import rule_versions
from gateway.usecases.services import Services
from policies.engine import Engine
from tests.cli.conftest import Gateway
from tests.stricter import Stricter


def test_the_policy_is_checked_whole(bare: Gateway, environment: dict[str, str]) -> None:
    """Every question asked, every statement named, every case as the table says; nothing is created."""
    result = bare("policy", "check", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["holds"]
    assert told["questions"] > 10_000
    assert told["cases"] > 20
    assert told["wrong"] == []
    assert told["invariants"]
    text = bare("policy", "check").stdout
    assert f"All {told['questions']} possible questions were asked" in text
    assert f"{told['cases']} of {told['cases']} cases" in text
    assert not Path(environment["GATEWAY_DATA"]).exists()


def test_the_policy_is_shown_with_its_version(bare: Gateway) -> None:
    """The table for people, the texts with --texts, both with --json."""
    version = Engine.load().version
    table = bare("policy", "show").stdout
    assert version in table
    assert "delivery-appointment" in table
    assert "forbid" in bare("policy", "show", "--texts").stdout
    told = json.loads(bare("policy", "show", "--json").stdout)
    assert told["version"] == version
    assert {row["outcome"] for row in told["table"]} == {"permitted", "refused"}


@pytest.mark.parametrize(
    "case",
    ['role = "carrier"\npurpose = "marketing"\n', '{"role": "carrier", "purpose": "marketing"}'],
    ids=["TOML", "JSON"],
)
def test_a_case_is_explained(bare: Gateway, file: Callable[..., str], case: str) -> None:
    """The verdict and the very rule that gives it; from a file and from a pipe alike."""
    piped = bare("policy", "explain", "--case", "-", stdin=case.encode())
    assert piped.exit_code == 0
    assert "purpose_marketing" in piped.stdout
    assert '@id("no-marketing")' in piped.stdout
    assert bare("policy", "explain", "--case", file(case.encode(), "case")).stdout == piped.stdout
    told = json.loads(
        bare("policy", "explain", "--case", "-", "--json", stdin=case.encode()).stdout
    )
    assert told["outcome"] == "refused"
    assert [reason["code"] for reason in told["reasons"]] == ["purpose_marketing"]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (b'role = "king"', "role: 'king' is not one of merchant"),
        (b'colour = "blue"', "colour: there is no such fact"),
        (b"role = ", "Invalid value"),
        (b"{", "Expecting"),
        (b"\xff", "can't decode"),
    ],
)
def test_a_case_that_is_none_is_named(bare: Gateway, case: bytes, message: str) -> None:
    """The fact that is wrong, or why the text cannot be read."""
    result = bare("policy", "explain", "--case", "-", stdin=case)
    assert result.exit_code == 1
    assert message in result.stderr


@pytest.fixture
def later(services: Services, stricter: Stricter, gateway: Gateway) -> Gateway:
    """The commands of an installation whose rules are not the approved ones."""
    stricter.remember(services.settings.data)
    with services.store.change() as connection:
        rules = stricter.rules
        rule_versions.approve(connection, rules.version, rules.texts, services.store.clock())
    return gateway


def test_installed_rules_are_proposed_and_wait(later: Gateway, stricter: Stricter) -> None:
    """The doctor tells which decide, what to do, and what waits; nothing is proposed twice."""
    installed = Engine.load().version
    assert f"{stricter.rules.version} decides" in later("doctor").stdout
    assert "gateway policy publish" in later("doctor").stdout
    proposed = later("policy", "publish")
    assert proposed.exit_code == 0
    assert f"{installed} waits for a second person" in proposed.stdout
    assert f"{installed} waits for a second person" in later("doctor").stdout
    assert later("policy", "publish").exit_code == 1
    init = json.loads(later("init", "--json").stdout)
    assert init["policy"] == stricter.rules.version
    assert init["policy_waiting"].startswith(installed)


def test_the_glass_is_broken_by_name(later: Gateway, told: Callable[..., Any]) -> None:
    """One person has the installed rules decide, at once, and the log says that it was so."""
    installed = Engine.load().version
    assert later("policy", "publish", "--break-glass", "").exit_code == 1
    assert told("policy", "publish", "--break-glass", "a carrier waits")["decides"]
    assert later("policy", "publish", "--break-glass", "a carrier waits").exit_code == 1
    assert "the installed rules are the approved ones" in later("doctor").stdout
    exported = later("audit", "export", "--action", "policy.changed").stdout.splitlines()
    newest = max(map(json.loads, exported), key=lambda entry: entry["index"])
    assert newest["policy"] == installed
    assert newest["detail"] == {"break_glass": "a carrier waits"}

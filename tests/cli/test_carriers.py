"""`gateway carriers`: the difference is shown before anyone wonders, and a wrong file changes nothing."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import trustme

from gateway.client import Challenge, Inbox, UnverifiedError
from gateway.resources import default_config
from tests.cli.conftest import Gateway
from tests.conftest import Clock
from tests.handover.carrier import Private
from tests.handover.conftest import authority
from tests.handover.receiver import Received, Receiver, Said

__all__ = ["authority"]

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


def test_an_endpoint_is_tried_on_one_machine(
    gateway: Gateway,
    told: Callable[..., Any],
    file: Callable[..., str],
    environment: dict[str, str],
    authority: trustme.CA,
    tmp_path: Path,
    clock: Clock,
) -> None:
    """Only with the switch that is named as unsafe, and noted by the doctor; every trial is shown."""
    clock.time = datetime.now(UTC)
    private, receiver = Private(), Receiver(authority, "localhost")
    terms = f'endpoint = "{receiver.url()}"\npublic_key = """{private.public_pem}"""\n'
    own = SHIPPED.replace("[carriers.dachser]\n", f"[carriers.dachser]\n{terms}")
    gateway("carriers", "apply", file(own.encode(), "own.toml"))
    keys = told("handover", "keys", "--carrier", "dachser")
    inbox = Inbox.of(
        "dachser",
        secrets=[keys["secret"]],
        public_keys=[keys["public_key"]],
        private_key=private.secret_pem,
    )

    def answer(received: Received) -> Said:
        try:
            message = inbox.read(received.headers, received.body)
        except UnverifiedError:
            return Said(401)
        return Said(200, body=message.answer) if isinstance(message, Challenge) else Said(204)

    receiver.answer = answer
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    environment["SSL_CERT_FILE"] = str(tmp_path / "authority.pem")
    refused = gateway("carriers", "check", "dachser")
    assert refused.exit_code == 1
    assert "not of the public internet" in refused.stdout
    assert receiver.connections == 0

    environment["GATEWAY_HANDOVER__UNSAFE_ALLOW_LOOPBACK"] = "true"
    found = told("carriers", "check", "dachser")["findings"]
    receiver.close()
    assert len(found) == 6
    assert all(it["holds"] for it in found), found
    noted = json.loads(gateway("doctor", "--json").stdout)["findings"]
    assert "handover.unsafe_allow_loopback = false" in {it["fix"] for it in noted}

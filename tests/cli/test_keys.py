"""`gateway keys`: what there is, a new version, and an end for keys whose contacts are gone."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from gateway.usecases.services import Services
from tests.builders import an_order
from tests.cli.conftest import Gateway
from tests.conftest import Clock

Told = Callable[..., Any]
ORDER = json.dumps(an_order("aaaaaaaaa1")).encode()
TODAY = "contact-2026-11-23"


def wrapped(told: Told) -> dict[str, int]:
    """Contacts by key, of the keys that wrap contacts."""
    keys = told("keys", "status")["keys"]
    return {key["key"]: key["contacts"] for key in keys if key["use"] == "contact"}


def test_the_state_of_keys_shows_no_secret(gateway: Gateway, told: Told) -> None:
    """Name, use, contacts, and when its time is over."""
    gateway("orders", "import", "-", stdin=ORDER)
    keys = {key["use"]: key for key in told("keys", "status")["keys"]}
    assert set(keys["contact"]) == {
        *("key", "use", "epoch", "version", "created_at", "current", "contacts", "over_at"),
    }
    assert keys["contact"]["over_at"] == "2027-02-22T00:00:00Z"
    assert keys["index"]["over_at"] is None
    assert wrapped(told) == {f"{TODAY}-1": 2}


def test_a_rotation_brings_every_contact_under_new_keys(gateway: Gateway, told: Told) -> None:
    """What was there is rewrapped, what comes is sealed with the new key, both on record."""
    gateway("orders", "import", "-", stdin=ORDER)
    rotated = told("keys", "rotate")
    assert rotated == {
        "keys": [f"{TODAY}-2", "index-all-2"],
        "moved": [],
        "contacts": 2,
        "digests": 2,
        "unreadable": 0,
        "secrets": 0,
    }
    gateway("orders", "import", "-", stdin=json.dumps(an_order("aaaaaaaaa2")).encode())
    assert wrapped(told) == {f"{TODAY}-1": 0, f"{TODAY}-2": 4}
    entries = gateway("audit", "export", "--action", "key.rotated").stdout.splitlines()
    named = [json.loads(entry)["detail"] for entry in entries]
    assert named == [{"key": f"{TODAY}-2"}, {"key": "index-all-2"}]


def test_rewrapping_may_come_later(gateway: Gateway, told: Told) -> None:
    """The new versions seal at once; a run of its own brings the rest under them."""
    gateway("orders", "import", "-", stdin=ORDER)
    told("keys", "rotate", "--every-day", "--later")
    assert wrapped(told) == {f"{TODAY}-1": 2, f"{TODAY}-2": 0}
    assert told("keys", "rewrap") == {"contacts": 2, "digests": 2, "unreadable": 0, "secrets": 0}
    assert wrapped(told) == {f"{TODAY}-1": 0, f"{TODAY}-2": 2}
    assert "0 contacts" in gateway("keys", "rewrap").stdout


def test_a_revoked_key_is_gone_and_no_contact_with_it(
    gateway: Gateway, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its contacts are under another version first; the one it cannot replace is refused by name."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    gateway("orders", "import", "-", stdin=ORDER)
    revoked = told("keys", "revoke", f"{TODAY}-1")
    assert revoked == {"key": f"{TODAY}-1", "replaced_by": f"{TODAY}-2", "contacts": 2}
    assert wrapped(told) == {f"{TODAY}-2": 2}
    again = gateway("keys", "revoke", f"{TODAY}-1")
    assert again.exit_code == 1
    assert f"there is no key {TODAY}-1" in again.output
    gateway("init")
    assert "cannot be revoked" in gateway("keys", "revoke", "log-all-1").output
    assert f"{TODAY}-2 is destroyed" in gateway("keys", "revoke", f"{TODAY}-2").output


def test_a_key_goes_when_its_time_is_over(
    gateway: Gateway, told: Told, clock: Clock, services: Services
) -> None:
    """Not before; then for good, overdue contacts or not."""
    gateway("orders", "import", "-", stdin=ORDER)
    assert told("keys", "destroy-expired") == {"destroyed": [], "held": {}}
    clock.advance(days=91)
    services.timekeeping.believe(clock())
    assert told("keys", "destroy-expired") == {"destroyed": [f"{TODAY}-1"], "held": {}}
    assert wrapped(told) == {}
    assert told("keys", "destroy-expired") == {"destroyed": [], "held": {}}
    entry = json.loads(gateway("audit", "export", "--action", "key.destroyed").stdout)
    assert entry["detail"]["key"] == f"{TODAY}-1"
    assert entry["detail"]["reason"] == "expired"


def test_a_key_whose_contacts_are_in_their_time_is_held(
    gateway: Gateway, told: Told, clock: Clock, environment: dict[str, str]
) -> None:
    """A limit that was shortened since does not take contacts that may still be kept."""
    gateway("orders", "import", "-", stdin=ORDER)
    environment["GATEWAY_RETENTION__LATEST_DAYS"] = "30"
    clock.advance(days=40)
    held = gateway("keys", "destroy-expired")
    assert held.exit_code == 1
    assert f"{TODAY}-1 still wraps 2 contacts whose time is not over" in held.stdout


def test_keys_of_no_day_are_never_destroyed(gateway: Gateway, told: Told, clock: Clock) -> None:
    """The log's and the index's keys serve on, however old they are."""
    gateway("orders", "import", "-", stdin=ORDER)
    clock.advance(days=4000)
    told("retention", "run")
    told("keys", "destroy-expired")
    assert {key["use"] for key in told("keys", "status")["keys"]} >= {"index", "log"}

"""`gateway handover`: messages to carriers and what became of them, and the keys carriers know us by."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.handover import carrier_key
from gateway.handover.keys import carrier_keys
from gateway.model.message import Fate
from gateway.storage import outbox
from gateway.usecases import register
from gateway.usecases.actors import OPERATOR
from gateway.usecases.services import Services
from tests.builders import an_order, order_number
from tests.cli.conftest import Gateway
from tests.conftest import NOW, a_carrier

Told = Callable[..., Any]


@pytest.fixture
def queued(gateway: Gateway, services: Services) -> Gateway:
    """Three orders wait for dachser's endpoint, the second one in vain."""
    endpoint = a_carrier("dachser", endpoint="https://carrier.example/inbox")
    register.apply(services.store, "default", OPERATOR, [endpoint])
    numbers = [order_number(count) for count in range(3)]
    orders = json.dumps([an_order(number) for number in numbers]).encode()
    gateway("orders", "import", "-", stdin=orders)
    for number in numbers:
        assert gateway("orders", "assign", number, "--carrier", "dachser").exit_code == 0
    with services.store.change() as connection:
        second = outbox.of_merchant(connection, "default", None, None, None)[1]
        outbox.settle(connection, second.message_id, Fate.DEAD, 12, "500", NOW)
    return gateway


def test_the_outbox_shows_what_became_of_each(queued: Gateway, told: Told) -> None:
    """The newest first, with who set it off; of the buyer there is nothing to show."""
    messages = told("handover", "outbox")["messages"]
    assert [one["order_number"] for one in messages] == [order_number(it) for it in (2, 1, 0)]
    assert [one["fate"] for one in messages] == ["waiting", "dead", "waiting"]
    assert messages[0]["actor"] == {"role": "operator", "id": "command-line"}
    assert "Mustermann" not in queued("handover", "outbox").output
    [dead] = told("handover", "outbox", "--fate", "dead", "--carrier", "dachser")["messages"]
    assert (dead["attempts"], dead["outcome"]) == (12, "500")


def test_dead_messages_are_replayed(queued: Gateway, told: Told) -> None:
    """By name, or all of a carrier; what is not dead cannot be."""
    [dead] = told("handover", "outbox", "--fate", "dead")["messages"]
    assert told("handover", "replay", dead["message"]) == {"replayed": 1}
    assert told("handover", "outbox", "--fate", "dead")["messages"] == []
    assert queued("handover", "replay", dead["message"]).exit_code == 1
    assert told("handover", "replay", "--carrier", "dachser") == {"replayed": 0}
    assert queued("handover", "replay").exit_code == 2


def test_the_keys_are_shown_as_carriers_register_them(
    gateway: Gateway, told: Told, services: Services
) -> None:
    """The secret and the public key of Standard Webhooks, and a JSON Web Key Set."""
    shown = told("handover", "keys", "--carrier", "dachser")
    keys = carrier_keys(services.keyring, "default", "dachser", NOW)
    assert base64.b64decode(shown["secret"].removeprefix("whsec_")) == keys.secrets[0]
    [jwk] = shown["jwks"]["keys"]
    raw = base64.b64decode(shown["public_key"].removeprefix("whpk_"))
    assert base64.urlsafe_b64decode(jwk["x"] + "=") == raw
    assert (jwk["kty"], jwk["crv"], jwk["alg"]) == ("OKP", "Ed25519", "Ed25519")
    assert set(jwk) == {"kty", "crv", "x", "kid", "use", "alg"}


def test_a_rotation_keeps_the_old_keys_for_a_while(gateway: Gateway, told: Told) -> None:
    """New ones are shown at once, both public keys count, and it is on record."""
    before = told("handover", "keys", "--carrier", "dachser")
    assert gateway("handover", "rotate", "--carrier", "dachser").exit_code == 0
    after = told("handover", "keys", "--carrier", "dachser")
    assert after["secret"] != before["secret"]
    assert after["jwks"]["keys"][1:] == before["jwks"]["keys"]
    assert after["public_keys"] == [after["public_key"], before["public_key"]]
    shown = gateway("handover", "keys", "--carrier", "dachser").stdout
    assert before["public_key"] in shown
    assert "needs both public keys" in shown
    entries = gateway("audit", "export", "--action", "key.rotated").stdout.splitlines()
    named = [json.loads(entry)["detail"]["key"] for entry in entries]
    assert named == ["webhook-default.dachser-2", "sender-default.dachser-2"]


@pytest.mark.parametrize("command", ["keys", "rotate", "credential"])
def test_a_carrier_that_is_not_there_has_no_keys(gateway: Gateway, command: str) -> None:
    """Nothing is made for a name that was mistyped."""
    result = gateway("handover", command, "--carrier", "dachsre")
    assert result.exit_code == 1
    assert "not registered" in result.output


def test_a_carrier_without_endpoint_cannot_be_checked(gateway: Gateway) -> None:
    """There is nothing to try."""
    result = gateway("carriers", "check", "dachser")
    assert result.exit_code == 1
    assert "endpoint" in result.output


def test_an_endpoint_that_is_not_there_is_said_to_be_so(queued: Gateway) -> None:
    """The check tells what it tried and what came of it; exit status 1."""
    result = queued("carriers", "check", "dachser")
    assert result.exit_code == 1
    assert result.output.startswith("FAIL  a line to the address")


def test_a_carriers_key_is_kept_sealed(gateway: Gateway, data: Path, services: Services) -> None:
    """Read from a pipe, never from the command line; on record, and nowhere in the clear."""
    result = gateway("handover", "credential", "--carrier", "dachser", stdin=b"Key-0815\n")
    assert result.exit_code == 0, result.output
    assert "Key-0815" not in result.output
    assert carrier_key.find(services.credentials, "default", "dachser") == "Key-0815"
    written = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert b"Key-0815" not in written
    [entry] = gateway("audit", "export", "--action", "carrier.changed").stdout.splitlines()
    assert json.loads(entry)["detail"] == {"terms": "order_key"}


@pytest.mark.parametrize("key", [b"", b"two\nlines", "schlüssel".encode()])
def test_a_key_that_no_header_carries_is_refused(gateway: Gateway, key: bytes) -> None:
    """Before anything is kept."""
    result = gateway("handover", "credential", "--carrier", "dachser", stdin=key)
    assert result.exit_code == 1
    assert "visible ASCII" in result.output

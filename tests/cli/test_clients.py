"""`gateway clients`: the token is printed once and never again, and ends when it is told to."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.model.client import Client
from gateway.usecases.oauth.admission import Scheme, admit
from gateway.usecases.oauth.possession import Shown
from gateway.usecases.services import Services
from policies.question import Purpose, Role
from tests.cli.conftest import Gateway
from tests.oauth import jwks, p256

CREATE = ("clients", "create", "--role", "carrier", "--carrier", "dachser", "--name", "Dachser TMS")


def recognised(services: Services, token: str) -> Client | None:
    """Whose token it is."""
    shown = Shown(proofs=(), method="GET", address="http://localhost/", certificate=None)
    found = admit(services.store, Scheme.BEARER, token, shown)
    return found if isinstance(found, Client) else None


def test_a_created_client_can_sign_its_requests(
    told: Callable[..., Any], services: Services
) -> None:
    """The JSON holds id and token and nothing else; the token is the client's."""
    made = told(*CREATE, "--expires", "30")
    assert set(made) == {"client_id", "token"}
    client = recognised(services, made["token"])
    assert client is not None
    assert (client.client_id, client.role, client.carrier_id) == (
        made["client_id"],
        Role.CARRIER,
        "dachser",
    )
    assert client.expires_at is not None
    assert (client.expires_at - client.created_at).days == 30


def test_the_token_is_shown_this_once(gateway: Gateway, told: Callable[..., Any]) -> None:
    """No list and no export shows it again."""
    made = told(*CREATE)
    for words in (["clients", "list"], ["clients", "list", "--json"], ["audit", "export"]):
        output = gateway(*words).stdout
        assert made["client_id"] in output
        assert made["token"] not in output
    assert "not shown again" in gateway(*CREATE).stdout


def test_purposes_narrow(told: Callable[..., Any]) -> None:
    """--purpose may be given several times; the list shows what is left."""
    words = ("clients", "create", "--role", "shop", "--name", "Shop")
    made = told(*words, "--purpose", "recall", "--purpose", "order-query")
    [listed] = [
        it for it in told("clients", "list")["clients"] if it["client_id"] == made["client_id"]
    ]
    assert listed["purposes"] == [Purpose.ORDER_QUERY, Purpose.RECALL]


def test_a_revoked_client_is_nobody(
    gateway: Gateway, told: Callable[..., Any], services: Services
) -> None:
    """From the next request on; a second time there is nothing to revoke."""
    made = told(*CREATE)
    assert "is revoked" in gateway("clients", "revoke", made["client_id"]).stdout
    assert recognised(services, made["token"]) is None
    states = {it["client_id"]: it["state"] for it in told("clients", "list")["clients"]}
    assert states[made["client_id"]] == "revoked"
    assert gateway("clients", "revoke", made["client_id"]).exit_code == 1


def test_an_expired_client_is_listed_as_such(told: Callable[..., Any], clock: Any) -> None:
    """Until it expires it is live."""
    made = told(*CREATE, "--expires", "1")
    for state in ("live", "expired"):
        states = {it["client_id"]: it["state"] for it in told("clients", "list")["clients"]}
        assert states[made["client_id"]] == state
        clock.advance(days=1)


def test_another_merchants_clients_are_its_own(gateway: Gateway, told: Callable[..., Any]) -> None:
    """Neither listed nor revoked from here."""
    made = told(*CREATE, "--merchant", "other")
    assert made["client_id"] not in gateway("clients", "list").stdout
    assert gateway("clients", "revoke", made["client_id"]).exit_code == 1
    assert gateway("clients", "revoke", made["client_id"], "--merchant", "other").exit_code == 0


def test_a_client_with_keys_gets_no_token(told: Callable[..., Any], tmp_path: Path) -> None:
    """It proves itself by what it signs; the list tells which clients do."""
    key = p256()
    file = tmp_path / "jwks.json"
    file.write_text(jwks(key))
    made = told(*CREATE, "--keys", str(file))
    assert made == {"client_id": made["client_id"], "keys": [key.thumbprint()]}
    states = {it["client_id"]: it["proves_itself_by"] for it in told("clients", "list")["clients"]}
    assert states[made["client_id"]] == "keys"
    assert set(states.values()) == {"keys", "token"}


def test_the_keys_of_a_client_are_changed(
    gateway: Gateway, told: Callable[..., Any], services: Services
) -> None:
    """From then on its plain token counts for nothing; a private key is never taken."""
    made = told(*CREATE)
    key = p256()
    done = gateway("clients", "keys", made["client_id"], "-", stdin=jwks(key).encode())
    assert key.thumbprint() in done.stdout
    assert recognised(services, made["token"]) is None
    private = json.dumps({"keys": [key.as_dict(private=True)]})
    refused = gateway("clients", "keys", made["client_id"], "-", stdin=private.encode())
    assert refused.exit_code == 1
    assert "holds a private key" in refused.stderr
    assert str(key.as_dict(private=True)["d"]) not in refused.stderr

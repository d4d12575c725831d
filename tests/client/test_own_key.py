"""A client with a key of its own: no token is given to it, and none that it gets can be used by another."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws

from gateway.audit.entry import Action
from gateway.client import Client, ClientError, OwnKey, ProblemError, Released
from gateway.storage import entries
from gateway.usecases import clients
from gateway.usecases.oauth import client_keys
from gateway.usecases.services import Services
from policies.question import Role
from tests.builders import order_number
from tests.client.conftest import assigned
from tests.conftest import Clock, Template

KINDS: dict[str, Callable[[], Any]] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
}
NUMBERS = [order_number(count) for count in range(2)]


def pem(key: Any) -> bytes:
    """As openssl writes it."""
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


class Registered:
    """A client of Dachser's, made by the operator with what its key shows."""

    def __init__(self, services: Services, clock: Clock, kind: str = "P-256") -> None:
        self.store = services.store
        self.pem = pem(KINDS[kind]())
        self.now = lambda: clock().timestamp()
        keys = client_keys.read(OwnKey("", self.pem).jwks())
        client, _ = clients.create(
            self.store, "default", Role.CARRIER, "dachser", "TMS", None, None, keys
        )
        self.client_id = client.client_id

    def at(self, address: str) -> Client:
        """Its connection to the gateway."""
        return Client(address, OwnKey(self.client_id, self.pem, self.now))

    def came_in(self) -> int:
        """How many tokens it was given."""
        with self.store.read() as connection:
            [*stretches] = entries.stretches(connection, "default", None, None)
            sought = entries.Sought(action=Action.SIGNIN_SUCCEEDED)
            return sum(len(entries.oldest(connection, it, sought, 100)) for it in stretches)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_lets_its_client_in(
    services: Services, clock: Clock, template: Template, address: str, kind: str
) -> None:
    """Everything works as with a plain token, and one access token serves until its end is near."""
    assigned(services, template, NUMBERS)
    registered = Registered(services, clock, kind)
    dachser = registered.at(address)
    assert [it.order_number for it in dachser.worklist()] == NUMBERS
    assert isinstance(dachser.release(NUMBERS[0]), Released)
    assert registered.came_in() == 1
    clock.time += timedelta(seconds=275)
    begins = clock() + timedelta(days=1)
    assert dachser.agree(NUMBERS[0], begins, begins + timedelta(hours=2)).status == "agreed"
    assert registered.came_in() == 2


def test_a_stranger_gets_no_token(services: Services, clock: Clock, address: str) -> None:
    """Another key, another clock, another client: the gateway's own words are raised."""
    registered = Registered(services, clock)
    stranger = OwnKey(registered.client_id, pem(KINDS["P-256"]()), registered.now)
    slow = OwnKey(registered.client_id, registered.pem, lambda: registered.now() - 300)
    for key in (stranger, slow, OwnKey("unknown", registered.pem, registered.now)):
        with pytest.raises(ProblemError, match="401 invalid_client") as fault:
            list(Client(address, key).worklist())
        assert fault.value.status == 401


@pytest.mark.parametrize(
    "weak",
    [
        lambda: ec.generate_private_key(ec.SECP384R1()),
        x25519.X25519PrivateKey.generate,
    ],
)
def test_only_keys_that_count_are_taken(weak: Callable[[], Any]) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match="P-256"):
        OwnKey("client", pem(weak()))


def test_another_issuer_gets_no_assertion(answering: Any) -> None:
    """Whoever answers as another gateway could use there what was signed for it."""
    key = OwnKey("client", pem(KINDS["P-256"]()))
    metadata = {"issuer": "https://other.example", "token_endpoint": "https://other.example/token"}
    client, server = answering(("200 OK", {}, json.dumps(metadata).encode()), token=key)
    with pytest.raises(ClientError, match=r"calls itself https://other\.example"):
        client.release("a")
    assert len(server.asked) == 1


def test_each_attempt_has_a_proof_of_its_own(answering: Any) -> None:
    """A repeated proof would be refused; the Idempotency-Key stays, and so does the token."""
    key = OwnKey("client", pem(KINDS["P-256"]()))
    granted = json.dumps({"access_token": "cga_x", "token_type": "DPoP", "expires_in": 300})
    client, server = answering(
        lambda address: (
            "200 OK",
            {},
            json.dumps({"issuer": address, "token_endpoint": f"{address}/oauth/token"}).encode(),
        ),
        ("503 Busy", {}, b"{}"),
        ("200 OK", {}, granted.encode()),
        ("503 Busy", {}, b"{}"),
        ("403 Refused", {}, b'{"decision_id": "d", "reasons": []}'),
        token=key,
    )
    client.release("a")
    metadata, *rest = server.asked
    assert "HTTP_DPOP" not in metadata
    assert "HTTP_AUTHORIZATION" not in metadata
    proofs = [jws.extract_compact(it["HTTP_DPOP"].encode()) for it in rest]
    assert len({json.loads(it.payload or b"")["jti"] for it in proofs}) == 4
    first, second = rest[2:]
    assert first["HTTP_AUTHORIZATION"] == second["HTTP_AUTHORIZATION"] == "DPoP cga_x"
    assert first["HTTP_IDEMPOTENCY_KEY"] == second["HTTP_IDEMPOTENCY_KEY"]

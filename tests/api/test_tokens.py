"""Who gets an access token, what one is good for, and when it ends."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc.jwk import OKPKey, RSAKey

from gateway.app import create_app
from gateway.usecases import clients, register
from gateway.usecases.actors import OPERATOR
from gateway.usecases.services import Services
from tests.api.conftest import Api
from tests.api.integration import WORKLIST, Carrier
from tests.conftest import Template, a_carrier
from tests.oauth import Key, p256


def certificate() -> x509.Certificate:
    """A self-signed one: the proxy proves that its key is there, we only tell them apart."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "carrier.example")])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=900))
        .sign(key, SHA256())
    )


def told(shown: x509.Certificate) -> dict[str, str]:
    """The header as nginx writes it."""
    return {"Client-Cert": quote(shown.public_bytes(Encoding.PEM).decode())}


# ---- What holds -----------------------------------------------------------------------------


def test_a_client_with_keys_gets_a_token_and_uses_it(carrier: Carrier) -> None:
    """It counts for five minutes and is as good as a plain one, with a fresh proof each time."""
    answer = carrier.ask()
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json is not None
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("DPoP", 300)
    token = answer.json["access_token"]
    assert [carrier.use(token).status_code for _ in range(2)] == [200, 200]
    carrier.clock.advance(minutes=5, microseconds=-1)
    assert carrier.use(token).status_code == 200
    carrier.clock.advance(microseconds=1)
    expired = carrier.use(token)
    assert expired.status_code == 401
    assert 'error="invalid_token"' in expired.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (RSAKey.generate_key(2048), "PS256"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
    ],
)
def test_the_other_algorithms_count_too(carrier: Carrier, key: Key, alg: str) -> None:
    """PS256 and Ed25519, for assertions as for proofs; ES256 is in every other test."""
    carrier.signer = replace(carrier.signer, key=key, proof_key=key, alg=alg)
    carrier.register(key)
    assert carrier.use(carrier.token()).status_code == 200


def test_the_metadata_says_how(carrier: Carrier) -> None:
    """As RFC 8414 wants it, by the judgement of Authlib, under the name the machine was called by."""
    found = carrier.api.get("/.well-known/oauth-authorization-server").json
    assert found is not None
    assert found["issuer"] == "http://localhost"
    assert found["token_endpoint"] == "http://localhost/oauth/token"
    assert found["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert "none" not in found["token_endpoint_auth_signing_alg_values_supported"]
    assert found["tls_client_certificate_bound_access_tokens"] is False
    names = ("issuer", "token_endpoint", "service_documentation")
    public = {name: found[name].replace("http://", "https://") for name in names}
    # There is no authorization endpoint to have response types; Authlib takes an empty list for none.
    assert found["response_types_supported"] == []
    AuthorizationServerMetadata(found | public | {"response_types_supported": ["none"]}).validate()


def test_a_stranger_name_has_no_authorization_server(
    carrier: Carrier, a_carrier_with_keys: Callable[..., Carrier]
) -> None:
    """Without a configured issuer only this machine's own names are answered; with one, all."""
    elsewhere = {"base_url": "http://gateway.example"}
    for path in ("/.well-known/oauth-authorization-server", "/oauth/token"):
        method = "POST" if "token" in path else "GET"
        data = carrier.signer.form("x") if method == "POST" else None
        assert carrier.api(method, path, data=data, **elsewhere).status_code == 404
    named = a_carrier_with_keys(GATEWAY_OAUTH__ISSUER="https://gateway.example")
    found = named.api.get("/.well-known/oauth-authorization-server")
    assert found.json["token_endpoint"] == "https://gateway.example/oauth/token"  # type: ignore[index]
    assert named.ask().status_code == 401
    named.signer.issuer = "https://gateway.example"
    assert named.ask().status_code == 200


def test_the_clients_plain_token_counts_no_more(carrier: Carrier) -> None:
    """A client proves itself in one way; other clients of the carrier go on as they did."""
    answer = carrier.use(carrier.plain, None, scheme="Bearer")
    assert answer.status_code == 401
    assert "/oauth/token" in answer.get_json(force=True)["detail"]
    assert carrier.api.get(WORKLIST, "dachser").status_code == 200


def test_a_registration_can_demand_bound_tokens(carrier: Carrier) -> None:
    """Then no plain token of the carrier's clients counts, at once, and access tokens do."""
    store = carrier.services.store
    token = carrier.token()
    registered = [it for it in register.listing(store, "default") if it.carrier_id != "dachser"]
    demanding = a_carrier("dachser", bound_tokens=True)
    register.apply(store, "default", OPERATOR, [*registered, demanding])
    assert carrier.api.get(WORKLIST, "dachser").status_code == 401
    assert carrier.api.get(WORKLIST, "rhenus").status_code == 200
    assert carrier.use(token).status_code == 200


def test_coming_in_is_on_record(carrier: Carrier) -> None:
    """Each token, and each refusal of somebody who named this client; no token and no proof is in it."""
    token = carrier.token()
    carrier.ask(carrier.signer.assertion(carrier.clock(), key=p256()))
    carrier.use(token, None, scheme="Bearer")
    found = carrier.log()
    assert [(it.action.value, it.detail.get("why", "")) for it in found] == [
        ("signin.succeeded", ""),
        ("signin.failed", "invalid_client"),
        ("signin.failed", "proof"),
    ]
    assert {it.carrier for it in found} == {"dachser"}
    assert token not in str(found)


# ---- Ending ---------------------------------------------------------------------------------


def test_a_revoked_client_has_no_tokens_from_that_moment_on(
    carrier: Carrier, template: Template, a_gateway: Callable[..., Services]
) -> None:
    """In every worker: tokens are looked up, not believed."""
    token = carrier.token()
    clients.revoke(carrier.services.store, "default", carrier.client.client_id)
    assert carrier.use(token).status_code == 401
    carrier.api = Api(create_app(a_gateway()), template.tokens)
    assert carrier.use(token).status_code == 401


def test_keys_are_changed_without_a_gap(carrier: Carrier) -> None:
    """With the new key beside the old one both count; without the old one its tokens end at once.

    An assertion may name its key or not; one that names the other key is refused.
    """
    old, new = carrier.signer.key, p256()
    before = carrier.token()
    carrier.register(old, new)
    assert carrier.use(before).status_code == 200

    def status(key: Key, **header: str) -> int:
        told = {"alg": "ES256", **header}
        signed = carrier.signer.assertion(carrier.clock(), header=told, key=key)
        return carrier.ask(signed).status_code

    assert [status(old), status(new), status(new, kid=new.thumbprint())] == [200, 200, 200]
    assert [status(old, kid=new.thumbprint()), status(p256())] == [401, 401]
    carrier.register(new)
    assert carrier.use(before).status_code == 401
    assert carrier.ask().status_code == 401
    carrier.signer.key = new
    assert carrier.use(carrier.token()).status_code == 200


# ---- Certificates ---------------------------------------------------------------------------


@pytest.fixture
def behind_proxy(a_carrier_with_keys: Callable[..., Carrier]) -> Carrier:
    """A carrier before a gateway that believes the proxy at 127.0.0.1."""
    return a_carrier_with_keys(GATEWAY_OAUTH__CERTIFICATE_PROXIES="127.0.0.1 10.1.0.0/16")


def test_a_token_is_bound_to_the_certificate_of_the_connection(behind_proxy: Carrier) -> None:
    """It counts over a connection with that certificate, and over no other (RFC 8705)."""
    mine, other = certificate(), certificate()
    answer = behind_proxy.ask(proof=None, headers=told(mine))
    assert answer.json is not None
    assert answer.json["token_type"] == "Bearer"
    token = answer.json["access_token"]
    use: dict[str, Any] = {"proof": None, "scheme": "Bearer"}
    der = base64.b64encode(mine.public_bytes(Encoding.DER)).decode()
    as_rfc_9440 = {"Client-Cert": f":{der}:"}
    assert behind_proxy.use(token, headers=told(mine), **use).status_code == 200
    assert behind_proxy.use(token, headers=as_rfc_9440, **use).status_code == 200
    assert behind_proxy.use(token, headers=told(other), **use).status_code == 401
    assert behind_proxy.use(token, headers={"Client-Cert": ""}, **use).status_code == 401
    assert behind_proxy.use(token, **use).status_code == 401
    assert {it.detail.get("why") for it in behind_proxy.log()[1:]} == {"certificate"}


def test_a_token_can_be_bound_to_both(behind_proxy: Carrier) -> None:
    """Then each of them is needed."""
    mine = told(certificate())
    token = behind_proxy.ask(headers=mine).get_json()["access_token"]
    assert behind_proxy.use(token, headers=mine).status_code == 200
    assert behind_proxy.use(token).status_code == 401
    assert behind_proxy.use(token, None, headers=mine).status_code == 401


def test_a_certificate_is_believed_from_configured_proxies_alone(behind_proxy: Carrier) -> None:
    """From any other address the header is refused, not overlooked; so is one that is none."""
    mine = told(certificate())
    for address in ("127.0.0.2", "10.2.0.1", "::1"):
        there = {"environ_base": {"REMOTE_ADDR": address}}
        assert behind_proxy.ask(proof=None, headers=mine, **there).status_code == 400
        assert behind_proxy.ask(headers=mine, **there).status_code == 400
    inside = {"environ_base": {"REMOTE_ADDR": "10.1.2.3"}}
    assert behind_proxy.ask(proof=None, headers=mine, **inside).status_code == 200
    for broken in ("x", ":x:", ":AAAA:", "%2D%2D"):
        assert behind_proxy.ask(headers={"Client-Cert": broken}).status_code == 400


def test_without_configured_proxies_nobody_is_believed(carrier: Carrier) -> None:
    """As shipped, also from this machine itself."""
    assert carrier.ask(proof=None, headers=told(certificate())).status_code == 400

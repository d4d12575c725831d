"""Who gets an access token, what one is good for, and every way of misusing either."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
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
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from werkzeug.test import TestResponse

from gateway.app import create_app
from gateway.audit.entry import Entry
from gateway.model.client import Client
from gateway.storage import entries
from gateway.usecases import clients, register
from gateway.usecases.actors import OPERATOR
from gateway.usecases.oauth import client_keys
from gateway.usecases.services import Services
from policies.question import Role
from tests.api.conftest import Api
from tests.conftest import Clock, Template, a_carrier
from tests.oauth import Key, Signer, jwks, p256

WORKLIST = "/v1/appointments"


@dataclass
class Carrier:
    """Dachser's integration, with keys of its own, before one worker of the gateway."""

    api: Api
    services: Services
    clock: Clock
    client: Client
    plain: str
    signer: Signer = field(init=False)

    def __post_init__(self) -> None:
        """Register the keys."""
        self.signer = Signer(self.client.client_id)
        self.register(self.signer.key)

    def register(self, *keys: Key) -> None:
        """As the operator does."""
        read = client_keys.read(jwks(*keys))
        client_keys.register(self.services.store, "default", self.client.client_id, read)

    def ask(
        self, assertion: str | None = None, proof: str | None = "", **more: Any
    ) -> TestResponse:
        """POST /oauth/token, with what holds in place of what is not given; no proof for None."""
        now = self.clock()
        headers = dict(more.pop("headers", {}))
        if proof is not None:
            headers["DPoP"] = proof or self.signer.proof(now)
        form = self.signer.form(assertion or self.signer.assertion(now)) | more.pop("form", {})
        return self.api.post("/oauth/token", data=form, headers=headers, **more)

    def token(self) -> str:
        """A fresh access token, bound to the signer's proof key."""
        answer = self.ask()
        assert answer.status_code == 200, answer.text
        return str(answer.json["access_token"])

    def use(
        self, token: str, proof: str | None = "", scheme: str = "DPoP", **more: Any
    ) -> TestResponse:
        """GET the worklist with the token, and a proof that holds unless another one is given."""
        headers = {"Authorization": f"{scheme} {token}", **more.pop("headers", {})}
        if proof is not None:
            headers["DPoP"] = proof or self.proof(token)
        return self.api.get(WORKLIST, headers=headers, **more)

    def proof(self, token: str, **claims: Any) -> str:
        """A proof for the worklist."""
        return self.signer.proof(self.clock(), "GET", WORKLIST, token, **claims)

    def log(self) -> list[Entry]:
        """What is on record of this client's coming in, oldest first."""
        with self.services.store.read() as connection:
            [*stretches] = entries.stretches(connection, "default", None, None)
            found = [
                Entry.parse(one.leaf)
                for stretch in reversed(stretches)
                for one in entries.oldest(connection, stretch, entries.Sought(), 1000)
            ]
        return [it for it in found if it.actor.id == self.client.client_id]


@pytest.fixture
def a_carrier_with_keys(
    template: Template, a_gateway: Callable[..., Services], clock: Clock
) -> Callable[..., Carrier]:
    """Makes one, with settings as in the environment."""

    def make(**environment: str) -> Carrier:
        services = a_gateway(**environment)
        api = Api(create_app(services), template.tokens)
        client, plain = clients.create(
            services.store, "default", Role.CARRIER, "dachser", "Dachser TMS", None, None
        )
        return Carrier(api, services, clock, client, plain)

    return make


@pytest.fixture
def carrier(a_carrier_with_keys: Callable[..., Carrier]) -> Carrier:
    """One, with the settings as shipped."""
    return a_carrier_with_keys()


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


# ---- Assertions that prove nothing ----------------------------------------------------------

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://another.example"},
        {"aud": "http://localhost/oauth/token"},
        {"aud": ["http://localhost"]},
        {"aud": None},
        {"iss": "somebody-else"},
        {"exp": NOW - 61},
        {"exp": NOW + 3700},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 1e300},
        {"iat": NOW + 61},
        {"nbf": NOW + 61},
        {"jti": None},
        {"jti": 5},
        {"jti": "x" * 201},
    ],
)
def test_an_assertion_must_hold_in_every_claim(carrier: Carrier, claims: dict[str, Any]) -> None:
    """Another audience, also as a list with ours; too old, too long, from the future, without a name."""
    answer = carrier.ask(carrier.signer.assertion(carrier.clock(), **claims))
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["error"] == "invalid_client"


def test_clocks_may_be_a_minute_apart(carrier: Carrier) -> None:
    """In both directions, and no more."""
    now = carrier.clock()
    for wrong in (-59, 59):
        other = now + timedelta(seconds=wrong)
        assert carrier.ask(carrier.signer.assertion(other, exp=int(other.timestamp()))).status_code
        proof = carrier.signer.proof(other)
        assert carrier.ask(carrier.signer.assertion(other), proof).status_code == 200


def test_an_assertion_counts_once_in_every_worker(
    carrier: Carrier, template: Template, a_gateway: Callable[..., Services]
) -> None:
    """Used through one worker it is used up for the next, and for one that starts later."""
    assertion = carrier.signer.assertion(carrier.clock())
    assert carrier.ask(assertion).status_code == 200
    carrier.api = Api(create_app(a_gateway()), template.tokens)
    answer = carrier.ask(assertion)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")
    assert "used before" in answer.get_json()["error_description"]


def test_an_assertion_must_be_signed_with_a_registered_key(carrier: Carrier) -> None:
    """Unsigned, with another's key, with the public key as a secret, or with a key that it brings along."""
    now, signer = carrier.clock(), carrier.signer
    stolen = signer.key.as_dict(private=False)
    as_secret = OctKey.import_key(str(stolen["x"]))
    other = p256()
    whole = signer.assertion(now)
    wrong = [
        signer.assertion(now, header={"alg": "none"}, key=None),
        signer.assertion(now, key=other),
        signer.assertion(now, header={"alg": "HS256"}, key=as_secret),
        signer.assertion(
            now, header={"alg": "ES256", "jwk": other.as_dict(private=False)}, key=other
        ),
        signer.assertion(now, header={"alg": "ES256", "kid": "another"}),
        signer.assertion(now, header={"alg": "RS256"}, key=RSAKey.generate_key(2048)),
        f"{whole[:-4]}AAAA",
        f"{whole}.",
        "x" * 9000,
        "…",
    ]
    for assertion in wrong:
        answer = carrier.ask(assertion)
        assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")


def test_a_client_that_has_no_keys_gets_no_token(carrier: Carrier) -> None:
    """Unknown, without keys, and revoked clients get one and the same answer."""
    client, _ = clients.create(
        carrier.services.store, "default", Role.CARRIER, "dachser", "other", None, None
    )
    answers = []
    for client_id in ("unknown", client.client_id):
        signer = replace(carrier.signer, client_id=client_id)
        answers.append(carrier.ask(signer.assertion(carrier.clock())))
    clients.revoke(carrier.services.store, "default", carrier.client.client_id)
    answers.append(carrier.ask())
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"client_assertion_type": "other"}, 400, "invalid_request"),
        ({"client_assertion": ""}, 400, "invalid_request"),
        ({"client_assertion": ["a", "b"]}, 400, "invalid_request"),
        ({"client_id": "another"}, 401, "invalid_client"),
        ({"client_secret": "secret"}, 401, "invalid_client"),
        ({"scope": "orders"}, 400, "invalid_scope"),
    ],
)
def test_a_request_must_be_whole(
    carrier: Carrier, form: dict[str, Any], status: int, error: str
) -> None:
    """Errors are OAuth's own (RFC 6749 §5.2)."""
    answer = carrier.ask(form=form)
    assert (answer.status_code, answer.get_json()["error"]) == (status, error)
    assert answer.get_json()["error_description"]


def test_a_client_that_tries_a_header_is_told_the_scheme(carrier: Carrier) -> None:
    """RFC 6749 §5.2: a 401 to an Authorization header has a challenge."""
    answer = carrier.ask(headers={"Authorization": "Basic eDp5"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("name", ["client_assertion", "client_secret", "access_token"])
def test_a_secret_in_the_address_is_refused(carrier: Carrier, name: str) -> None:
    """Also beside a good body: the address is in logs by now."""
    assert carrier.ask(query_string={name: "x"}).status_code == 400
    token = carrier.token()
    answer = carrier.use(token, query_string={"access_token": token})
    assert answer.status_code == 400
    assert answer.get_json(force=True)["title"] == "Token in the address"


def test_the_body_is_a_form(carrier: Carrier) -> None:
    """JSON is not; the problem says what is."""
    answer = carrier.api.post("/oauth/token", json=carrier.signer.form("x"))
    assert answer.status_code == 415


def test_guessing_is_slowed_down(carrier: Carrier) -> None:
    """After so many failures of an address it is told to wait, and nothing more goes on record."""
    wrong = carrier.signer.assertion(carrier.clock(), key=p256())
    statuses = [carrier.ask(wrong).status_code for _ in range(70)]
    assert statuses.count(401) == 60
    assert statuses[-1] == 429
    assert len(carrier.log()) == 60
    assert carrier.ask().status_code == 200


# ---- Proofs of possession -------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "POST"},
        {"htu": "http://localhost/v1/releases"},
        {"htu": "https://localhost/v1/appointments"},
        {"htu": "http://another.example/v1/appointments"},
        {"htu": "http://[broken"},
        {"htu": None},
        {"ath": None},
        {"ath": "x" * 43},
        {"iat": NOW - 61},
        {"iat": NOW + 61},
        {"iat": None},
        {"iat": True},
        {"jti": None},
        {"jti": "x" * 201},
        {"header": {"typ": "JWT"}},
        {"header": {"alg": "none"}, "key": None},
        {"header": {"jwk": p256().as_dict(private=False)}},
        {"header": {"jwk": ECKey.generate_key("P-384").as_dict(private=False), "alg": "ES256"}},
        {"header": {"jwk": None}},
        {"header": {"jwk": {"kty": "oct", "k": "c2VjcmV0"}}},
        {"header": {"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}},
        {"header": {"crit": ["x"], "x": 1}},
    ],
)
def test_a_token_needs_a_proof_that_holds(carrier: Carrier, changes: dict[str, Any]) -> None:
    """For this method, this address, this token, now, by this key; anything else lets nobody in."""
    token = carrier.token()
    answer = carrier.use(token, carrier.proof(token, **changes))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("DPoP ")
    assert 'error="invalid_dpop_proof"' in answer.headers["WWW-Authenticate"]


def test_a_stolen_token_is_useless_without_its_key(carrier: Carrier) -> None:
    """Without a proof, with a thief's own one, as a bearer token, with one proof twice."""
    token = carrier.token()
    thief = replace(carrier.signer, proof_key=p256())
    own = thief.proof(carrier.clock(), "GET", WORKLIST, token)
    for answer in (
        carrier.use(token, None),
        carrier.use(token, own),
        carrier.use(token, None, scheme="Bearer"),
        carrier.use(token, scheme="Bearer"),
    ):
        assert answer.status_code == 401
    double = [("Authorization", f"DPoP {token}")] + [("DPoP", carrier.proof(token))] * 2
    assert carrier.api.app.test_client().get(WORKLIST, headers=double).status_code == 401
    assert {it.detail.get("why") for it in carrier.log()[1:]} == {"proof"}


def test_a_proof_counts_once_in_every_worker(
    carrier: Carrier, template: Template, a_gateway: Callable[..., Services]
) -> None:
    """Whoever copies a request on its way cannot repeat it, to no worker."""
    token = carrier.token()
    proof = carrier.proof(token)
    assert carrier.use(token, proof).status_code == 200
    assert carrier.use(token, proof).status_code == 401
    carrier.api = Api(create_app(a_gateway()), template.tokens)
    assert carrier.use(token, proof).status_code == 401
    assert carrier.use(token).status_code == 200


def test_the_query_is_no_part_of_the_proof(carrier: Carrier) -> None:
    """RFC 9449 §4.2: htu is without it; and a host is compared without regard to case."""
    token = carrier.token()
    proof = carrier.proof(token, htu="http://LOCALHOST:80/v1/appointments?status=agreed#x")
    assert carrier.use(token, proof, query_string={"status": "open"}).status_code == 200


def test_no_token_is_given_that_anybody_could_use(carrier: Carrier) -> None:
    """Without a proof, and with one that does not hold, there is none."""
    nothing = carrier.ask(proof=None)
    assert (nothing.status_code, nothing.get_json()["error"]) == (400, "invalid_request")
    wrong = carrier.ask(proof=carrier.signer.proof(carrier.clock(), path="/elsewhere"))
    assert (wrong.status_code, wrong.get_json()["error"]) == (400, "invalid_dpop_proof")
    proof = carrier.signer.proof(carrier.clock())
    assert carrier.ask(proof=proof).status_code == 200
    again = carrier.ask(proof=proof)
    assert (again.status_code, again.get_json()["error"]) == (400, "invalid_dpop_proof")


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
    """With the new key beside the old one both count; without the old one its tokens end at once."""
    old, new = carrier.signer.key, p256()
    before = carrier.token()
    carrier.register(old, new)
    assert carrier.use(before).status_code == 200
    name = {"alg": "ES256", "kid": new.thumbprint()}
    assert (
        carrier.ask(carrier.signer.assertion(carrier.clock(), header=name, key=new)).status_code
        == 200
    )
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

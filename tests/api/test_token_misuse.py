"""Every way of misusing what asks for an access token, and the token itself, is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from gateway.app import create_app
from gateway.usecases import clients
from gateway.usecases.services import Services
from policies.question import Role
from tests.api.conftest import Api
from tests.api.integration import WORKLIST, Carrier
from tests.conftest import Template
from tests.oauth import p256

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
        outright = carrier.signer.assertion(other, exp=int(other.timestamp()))
        assert carrier.ask(outright).status_code == 200
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

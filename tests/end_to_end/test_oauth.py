"""Public OAuth clients, written by others, get tokens from the gateway as it is served, and use them."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from jwskate import Jwk
from requests_oauth2client import (
    DPoPToken,
    OAuth2Client,
    OAuth2ClientCredentialsAuth,
    PrivateKeyJwt,
)

from gateway.usecases.oauth.signatures import digest
from tests.conftest import Template
from tests.end_to_end.live import Live, gateway
from tests.oauth import jwks, p256


@pytest.fixture(scope="module")
def live(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Two workers, and the proxy that they believe is this machine."""
    data = Path(shutil.copytree(template.data, tmp_path_factory.mktemp("oauth") / "data"))
    served = Live(data, GATEWAY_OAUTH__CERTIFICATE_PROXIES="127.0.0.1")
    yield served
    served.stop()


def registered(live: Live, public: str) -> str:
    """A client of Dachser's with these keys, as an operator makes it; its id."""
    told = ("--role", "carrier", "--carrier", "dachser", "--name", "TMS", "--json")
    client_id: str = json.loads(gateway(live.data, "clients", "create", *told).stdout)["client_id"]
    done = gateway(live.data, "clients", "keys", client_id, "-", stdin=public.encode())
    assert done.returncode == 0, done.stderr
    return client_id


def test_a_dpop_client_calls_both_workers(live: Live) -> None:
    """requests-oauth2client: metadata, private_key_jwt, DPoP token, fresh proofs; a replay is refused."""
    key = Jwk.generate(alg="ES256").with_kid_thumbprint()
    client_id = registered(live, json.dumps({"keys": [dict(key.public_jwk())]}))
    issuer = f"http://127.0.0.1:{live.port}"
    client = OAuth2Client.from_discovery_endpoint(
        f"{issuer}/.well-known/oauth-authorization-server",
        issuer=issuer,
        auth=PrivateKeyJwt(client_id, key, aud=issuer),
        testing=True,
        dpop_bound_access_tokens=True,
    )
    session = requests.Session()
    session.auth = OAuth2ClientCredentialsAuth(client)
    answers = [session.get(f"{issuer}/v1/appointments", timeout=30) for _ in range(8)]
    assert {answer.status_code for answer in answers} == {200}
    token = session.auth.token
    assert isinstance(token, DPoPToken)
    assert token.expires_in is not None
    assert token.expires_in <= 300
    worklist = f"{issuer}/v1/appointments"
    sent = {name: answers[0].request.headers[name] for name in ("Authorization", "DPoP")}
    assert requests.get(worklist, headers=sent, timeout=30).status_code == 401
    stolen = {"Authorization": f"Bearer {token.access_token}"}
    assert requests.get(worklist, headers=stolen, timeout=30).status_code == 401
    gateway(live.data, "clients", "revoke", client_id)
    ath = digest(token.access_token.encode())
    fresh = token.dpop_key.proof("GET", worklist, ath=ath)
    after = {"Authorization": f"DPoP {token.access_token}", "DPoP": str(fresh)}
    assert requests.get(worklist, headers=after, timeout=30).status_code == 401


def test_authlibs_client_comes_with_a_certificate(live: Live) -> None:
    """Authlib: private_key_jwt, a token that is bound to the certificate which the proxy tells of."""
    key = p256()
    client_id = registered(live, jwks(key))
    issuer = f"http://127.0.0.1:{live.port}"
    session = OAuth2Session(client_id, key, token_endpoint_auth_method="private_key_jwt")
    session.register_client_auth_method(PrivateKeyJWT(issuer, alg="ES256"))
    session.headers["Client-Cert"] = quote(_certificate())
    token = session.fetch_token(f"{issuer}/oauth/token", grant_type="client_credentials")
    assert token["token_type"] == "Bearer"
    assert session.get(f"{issuer}/v1/appointments", timeout=30).status_code == 200
    session.headers["Client-Cert"] = quote(_certificate())
    assert session.get(f"{issuer}/v1/appointments", timeout=30).status_code == 401


def _certificate() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "carrier.example")])
    begins = datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = builder.not_valid_before(begins).not_valid_after(begins + timedelta(days=9))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()

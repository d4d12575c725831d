"""A carrier's side of OAuth, made by hand so that every part of it can be made wrong."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_EVERY = ("none", "HS256", "RS256", "PS256", "ES256", "ES384", "Ed25519")
_NUMBERS = count()

Key = ECKey | OKPKey | RSAKey | OctKey


class _Anything(jws.JWSRegistry):
    """Signs whatever stands in the header."""

    def check_header(self, header: Any, check_more: bool = False) -> None:
        """Nothing is wrong with it."""


def p256() -> ECKey:
    """A fresh key on P-256."""
    return ECKey.generate_key("P-256")


def jwks(*keys: Key) -> str:
    """The public halves, as a client registers them."""
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


def signed(header: dict[str, Any], claims: Any, key: Key | None) -> str:
    """A compact JWS with whatever header and claims are given; None: unsigned."""
    payload = json.dumps(claims).encode()
    if key is None:
        return ".".join((_encoded(json.dumps(header).encode()), _encoded(payload), ""))
    return jws.serialize_compact(header, payload, key, registry=_Anything(algorithms=_EVERY))


@dataclass
class Signer:
    """A client with its own key, and a second one for proofs; everything holds unless told otherwise."""

    client_id: str
    issuer: str = "http://localhost"
    key: Key = field(default_factory=p256)
    proof_key: Key = field(default_factory=p256)
    alg: str = "ES256"

    def assertion(self, now: datetime, *, header: Any = None, key: Any = "", **claims: Any) -> str:
        """A client assertion; a claim that is None is left out."""
        told = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + 60,
            "jti": f"assertion-{next(_NUMBERS)}",
            **claims,
        }
        told = {name: value for name, value in told.items() if value is not None}
        return signed(header or {"alg": self.alg}, told, self.key if key == "" else key)

    def proof(
        self,
        now: datetime,
        method: str = "POST",
        path: str = "/oauth/token",
        token: str | None = None,
        *,
        header: Any = None,
        key: Any = "",
        **claims: Any,
    ) -> str:
        """A DPoP proof for a request; a claim that is None is left out."""
        told = {
            "htm": method,
            "htu": self.issuer + path,
            "iat": int(now.timestamp()),
            "jti": f"proof-{next(_NUMBERS)}",
            "ath": _encoded(hashlib.sha256(token.encode()).digest()) if token else None,
            **claims,
        }
        told = {name: value for name, value in told.items() if value is not None}
        usual = {
            "typ": "dpop+jwt",
            "alg": self.alg,
            "jwk": self.proof_key.as_dict(private=False),
        }
        return signed(usual | (header or {}), told, self.proof_key if key == "" else key)

    def form(self, assertion: str, **more: str) -> dict[str, str]:
        """The body of a token request."""
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
            **more,
        }


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

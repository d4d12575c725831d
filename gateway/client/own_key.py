"""A client's own key pair: it signs for access tokens, and for each request that shows one.

`private_key_jwt` (RFC 7523) and DPoP (RFC 9449): whoever copies a token cannot use it without the key.
"""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.client.sealed import load_private

_ASSERTION_SECONDS = 60
_RSA_BITS = 2048


class OwnKey:
    """The key of the client `client_id`, as the operator registered its public half.

    `private_key` is PEM: P-256, Ed25519, or RSA from 2048 bits; ValueError for any other.
    """

    def __init__(
        self, client_id: str, private_key: bytes, now: Callable[[], float] = time.time
    ) -> None:
        self.client_id = client_id
        self.now = now
        self._key = load_private(private_key)
        self._algorithm = _algorithm(self._key)

    def jwks(self) -> str:
        """The public half, for the operator (`gateway clients create --keys`)."""
        return json.dumps({"keys": [self._public() | {"kid": self._key.thumbprint()}]})

    def assertion(self, issuer: str) -> str:
        """Says who asks for a token; counts once, for a minute."""
        now = int(self.now())
        told = {"iss": self.client_id, "sub": self.client_id, "aud": issuer}
        times = {"iat": now, "exp": now + _ASSERTION_SECONDS}
        return self._signed({"typ": "JWT"}, told | times)

    def proof(self, method: str, address: str, token: str | None = None) -> str:
        """Says that this very request comes from the holder of the key; counts once."""
        told: dict[str, Any] = {"htm": method, "htu": address, "iat": int(self.now())}
        if token is not None:
            digest = hashlib.sha256(token.encode()).digest()
            told["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return self._signed({"typ": "dpop+jwt", "jwk": self._public()}, told)

    def _public(self) -> dict[str, Any]:
        return dict(self._key.as_dict(private=False))

    def _signed(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        whole = {"alg": self._algorithm, **header}
        told = {**claims, "jti": uuid4().hex}
        return jwt.encode(whole, told, self._key, algorithms=[self._algorithm])


def _algorithm(key: ECKey | OKPKey | RSAKey) -> str:
    match key:
        case ECKey() if key.curve_name == "P-256":
            return "ES256"
        case OKPKey() if key.curve_name == "Ed25519":
            return "Ed25519"
        case RSAKey() if key.raw_value.key_size >= _RSA_BITS:
            return "PS256"
        case _:
            raise ValueError(f"the key must be on P-256 or Ed25519, or RSA from {_RSA_BITS} bits")

"""Which keys and algorithms count where callers sign (FAPI 2.0 §5.4), and whether a signature holds.

It must never take a key from a signed text for the signer's, nor an algorithm that is not named here.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

ALGORITHMS = ("ES256", "PS256", "Ed25519")
"""Ed25519 by the name that says which curve it is (RFC 9864), not as EdDSA, which does not."""

SKEW_SECONDS = 60
"""How far a caller's clock may be off."""

LONGEST = 8192
"""Characters of a signed text, far more than any of these needs."""

_RSA_BITS = 2048
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_BROKEN = (JoseError, ValueError, TypeError, KeyError, RecursionError)
"""What joserfc and cryptography raise for what does not hold."""

SigningKey = ECKey | RSAKey | OKPKey


def signing_key(jwk: Any) -> SigningKey | str:
    """The public key that this JWK is (RFC 7517), or why it does not count."""
    if not isinstance(jwk, dict):
        return "must be a JSON object, a JWK"
    if _PRIVATE & jwk.keys():
        return "holds a private key: it must never leave its owner, so make another one"
    try:
        key = JWKRegistry.import_key(jwk)
        fitting = _algorithms(key)
    except _BROKEN:
        return "is no public key"
    if not isinstance(key, SigningKey) or not fitting:
        return f"must be on P-256 or Ed25519, or RSA of {_RSA_BITS} bits up"
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", fitting[0]) not in fitting:
        return f"must be for signatures by {fitting[0]}"
    return key


def claims_of(text: str, key: SigningKey) -> Mapping[str, Any] | None:
    """What this key signed; None where it did not, or with an algorithm that is not ours."""
    try:
        return jwt.decode(text, key, registry=_registry()).claims
    except _BROKEN:
        return None


def unproven(text: str) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """Header and claims before anything is proved; None where it is no signed JSON."""
    if len(text) > LONGEST or not text.isascii():
        return None
    try:
        found = jws.extract_compact(text.encode(), registry=_registry())
        claims = json.loads(found.payload or b"")
    except _BROKEN:
        return None
    return (found.headers(), claims) if isinstance(claims, dict) else None


def digest(text: bytes) -> str:
    """SHA-256 in base64url, as thumbprints are written (RFC 9449 §4.2, RFC 8705 §3.1)."""
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()


class _Registry(jws.JWSRegistry):
    """Takes a header that holds an RSA key, as proofs have it; joserfc's own bound is too short."""

    max_header_length = 4096


@cache
def _registry() -> _Registry:
    return _Registry(algorithms=ALGORITHMS)


def _algorithms(key: object) -> tuple[str, ...]:
    """By which algorithms this key signs; none where it does not count."""
    match key:
        case ECKey() if key.curve_name == "P-256":
            return ("ES256",)
        case OKPKey() if key.curve_name == "Ed25519":
            return ("Ed25519",)
        case RSAKey() if key.raw_value.key_size >= _RSA_BITS:
            return ("PS256",)
        case _:
            return ()

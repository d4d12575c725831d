"""That whoever calls holds the key that a token is bound to: DPoP proofs (RFC 9449 §4.3)."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from gateway.usecases.oauth.signatures import SKEW_SECONDS, claims_of, digest, signing_key, unproven

_TYPE = "dpop+jwt"
_JTI_CHARACTERS = 200
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What came with a request to prove possession.

    `proofs` are all DPoP headers, `address` the request's without its query; `certificate` is the
    thumbprint of the one that the TLS connection was made with, as a trusted proxy tells it.
    """

    proofs: tuple[str, ...]
    method: str
    address: str
    certificate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof that holds. `once` names it, and must not have been shown before."""

    key: str
    once: bytes
    ends_at: datetime


def checked(shown: Shown, now: datetime, token: str | None) -> Proof | str:
    """The proof for this very request, and for `token` where there is one; or why it proves nothing."""
    if len(shown.proofs) != 1:
        return "send one DPoP header, with one proof"
    [text] = shown.proofs
    found = unproven(text)
    if found is None or found[0].get("typ") != _TYPE:
        return f"the DPoP header is no JWT of the type {_TYPE}"
    key = signing_key(found[0].get("jwk"))
    if isinstance(key, str):
        return f"the proof's jwk {key}"
    claims = claims_of(text, key)
    if claims is None:
        return "the proof is not signed with its jwk, or not by ES256, PS256 or Ed25519"
    if why := _wrong(dict(claims), shown, now, token):
        return why
    thumbprint = key.thumbprint()
    return Proof(
        key=thumbprint,
        once=hashlib.sha256(f"dpop\0{thumbprint}\0{claims['jti']}".encode()).digest(),
        ends_at=datetime.fromtimestamp(claims["iat"] + SKEW_SECONDS + 1, UTC),
    )


def _wrong(claims: dict[str, Any], shown: Shown, now: datetime, token: str | None) -> str | None:
    seconds = int(now.timestamp())
    wanted = JWTClaimsRegistry(
        now=seconds,
        leeway=SKEW_SECONDS,
        iat={"essential": True},
        jti={"essential": True},
        htm={"essential": True},
        htu={"essential": True},
    )
    try:
        wanted.validate(claims)
    except JoseError as fault:
        return f"the proof does not hold: {fault.description}"
    checks = {
        "iat lies too far back": claims["iat"] >= seconds - SKEW_SECONDS,
        f"jti: {_JTI_CHARACTERS} characters at the most": len(claims["jti"]) <= _JTI_CHARACTERS,
        "htm is another method": claims["htm"] == shown.method,
        "htu is another address than the request's": _alike(claims["htu"], shown.address),
        "ath is not the hash of this token": token is None
        or claims.get("ath") == digest(token.encode()),
    }
    return next(
        (f"the proof does not hold: {why}" for why, holds in checks.items() if not holds), None
    )


def _alike(told: Any, real: str) -> bool:
    """Whether two addresses are the same by RFC 3986 §6.2, without query and fragment."""
    return isinstance(told, str) and _plain(told) == _plain(real)


def _plain(address: str) -> tuple[str, str, int | None, str] | None:
    try:
        url = urlsplit(address)
        port = url.port or _PORTS.get(url.scheme)
    except ValueError:
        return None
    return url.scheme, url.hostname or "", port, url.path or "/"

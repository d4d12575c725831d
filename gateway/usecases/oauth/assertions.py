"""Who a client is, by an assertion that it signed: `private_key_jwt` (RFC 7523, FAPI 2.0 §5.3.2.1)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from gateway.storage.clients import Jwk
from gateway.usecases.oauth.signatures import (
    SKEW_SECONDS,
    SigningKey,
    claims_of,
    signing_key,
    unproven,
)

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_LIFE = timedelta(hours=1)
"""How far ahead an assertion may expire: so long its `jti` is remembered."""

_JTI_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """An assertion that holds, signed with the key of this thumbprint.

    `once` names it, and must not have been shown before.
    """

    signed_with: str
    once: bytes
    ends_at: datetime


def named_client(text: str) -> str | None:
    """Whom the assertion names; nothing is proved by that."""
    found = unproven(text)
    name = found[1].get("sub") if found else None
    return name if isinstance(name, str) else None


def checked(
    text: str, client_id: str, keys: Sequence[Jwk], issuer: str, now: datetime
) -> Assertion | str:
    """The assertion, or why it proves nothing; `issuer` is our own name, the only audience there is."""
    signed = _signed(text, keys)
    if signed is None:
        return "the client_assertion is not signed with a registered key, or not by ES256, PS256 or Ed25519"
    key, claims = signed
    if why := _wrong(claims, client_id, issuer, now):
        return why
    return Assertion(
        signed_with=key.thumbprint(),
        once=hashlib.sha256(f"assertion\0{client_id}\0{claims['jti']}".encode()).digest(),
        ends_at=datetime.fromtimestamp(claims["exp"] + SKEW_SECONDS, UTC),
    )


def _signed(text: str, keys: Sequence[Jwk]) -> tuple[SigningKey, dict[str, Any]] | None:
    """The registered key that signed it, with what it says; a `kid` names which one it must be."""
    header, _ = unproven(text) or ({}, {})
    for key in map(signing_key, keys):
        if isinstance(key, str) or header.get("kid", key.kid) != key.kid:
            continue
        claims = claims_of(text, key)
        if claims is not None:
            return key, dict(claims)
    return None


def _wrong(claims: dict[str, Any], client_id: str, issuer: str, now: datetime) -> str | None:
    seconds = int(now.timestamp())
    wanted = JWTClaimsRegistry(
        now=seconds,
        leeway=SKEW_SECONDS,
        iss={"essential": True, "value": client_id},
        sub={"essential": True, "value": client_id},
        aud={"essential": True, "value": issuer},
        exp={"essential": True},
        jti={"essential": True},
    )
    if not isinstance(claims.get("aud"), str):
        return f"aud must be a single text: {issuer}"
    try:
        wanted.validate(claims)
    except JoseError as fault:
        return f"the client_assertion does not hold: {fault.description}"
    if claims["exp"] > seconds + _LONGEST_LIFE.total_seconds() + SKEW_SECONDS:
        return "exp: an assertion counts for an hour at the most"
    if len(claims["jti"]) > _JTI_CHARACTERS:
        return f"jti: {_JTI_CHARACTERS} characters at the most"
    return None

"""Who calls, by the token that came with the request; looked up anew each time, so a revoked one is none."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.model.client import Client
from gateway.storage import access_tokens, clients
from gateway.storage.access_tokens import Grant
from gateway.storage.store import Store
from gateway.usecases.oauth import possession
from gateway.usecases.oauth.possession import Shown
from gateway.usecases.people.accounts import hashed

_PLAIN = re.compile(r"cgw_[A-Za-z0-9_-]{43}")
_BOUND = re.compile(r"cga_[A-Za-z0-9_-]{43}")


class Scheme(StrEnum):
    """How a token is shown (RFC 6750, RFC 9449 §7.1)."""

    BEARER = "bearer"
    DPOP = "dpop"


class Flaw(StrEnum):
    """Why nobody is let in."""

    TOKEN = "token"  # noqa: S105  a word
    BOUND_TOKENS = "bound-tokens"
    PROOF = "proof"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """Nobody; `client` is whose good token it was that came without what it is bound to."""

    flaw: Flaw
    why: str
    client: Client | None = None


_UNKNOWN = Denied(flaw=Flaw.TOKEN, why="the token is unknown, expired or revoked")


def admit(store: Store, scheme: Scheme, token: str, shown: Shown) -> Client | Denied:
    """The live client whose token it is, when it is shown as it must be."""
    now = store.clock()
    if _BOUND.fullmatch(token):
        return _by_access_token(store, scheme, token, shown, now)
    if scheme is Scheme.BEARER and _PLAIN.fullmatch(token):
        return _by_plain_token(store, token, now)
    return _UNKNOWN


def _by_plain_token(store: Store, token: str, now: datetime) -> Client | Denied:
    with store.glance() as connection:
        found = clients.by_token_hash(connection, hashed(token))
    if found is None or not found[0].is_live(now):
        return _UNKNOWN
    client, bound_tokens = found
    if client.own_keys or bound_tokens:
        why = "this client is let in with access tokens of /oauth/token only"
        return Denied(flaw=Flaw.BOUND_TOKENS, why=why)
    return client


def _by_access_token(
    store: Store, scheme: Scheme, token: str, shown: Shown, now: datetime
) -> Client | Denied:
    with store.read() as connection:
        grant = access_tokens.find(connection, hashed(token))
    if grant is None or now >= grant.expires_at or not grant.client.is_live(now):
        return _UNKNOWN
    if (scheme is Scheme.DPOP) != (grant.dpop_key is not None):
        why = "a token that is bound to a key is shown as Authorization: DPoP, others as Bearer"
        return Denied(flaw=Flaw.PROOF, why=why, client=grant.client)
    if grant.certificate is not None and grant.certificate != shown.certificate:
        why = "the token is bound to the certificate of another connection"
        return Denied(flaw=Flaw.CERTIFICATE, why=why, client=grant.client)
    if grant.dpop_key is not None:
        unproved = _unproved(store, grant, token, shown, now)
        if unproved is not None:
            return Denied(flaw=Flaw.PROOF, why=unproved, client=grant.client)
    return grant.client


def _unproved(store: Store, grant: Grant, token: str, shown: Shown, now: datetime) -> str | None:
    """Why the proof does not let this token in; None where it does, this once."""
    proof = possession.checked(shown, now, token)
    if isinstance(proof, str):
        return proof
    if proof.key != grant.dpop_key:
        return "the proof is signed with another key than the token is bound to"
    with store.change() as connection:
        fresh = access_tokens.use(connection, proof.once, proof.ends_at)
    return None if fresh else "the proof was used before: make a new one for each request"

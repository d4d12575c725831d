"""Gives access tokens to clients that prove who they are, bound to a key or a certificate of theirs.

Client credentials with `private_key_jwt` (RFC 6749 §4.4, RFC 7523), bound by DPoP (RFC 9449) or to
the certificate of the connection (RFC 8705): FAPI 2.0. It must never give a token that whoever copies
it could use. Tokens are random and looked up, not signed: so a revoked one ends at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.audit.entry import Action, Outcome
from gateway.model.client import Client
from gateway.storage import access_tokens, clients
from gateway.storage.access_tokens import Grant
from gateway.storage.clients import Jwk
from gateway.storage.store import Store, Transaction
from gateway.usecases.actors import actor
from gateway.usecases.oauth import assertions, possession
from gateway.usecases.oauth.assertions import Assertion
from gateway.usecases.oauth.possession import Proof, Shown
from gateway.usecases.people.accounts import hashed, secret

LIFE = timedelta(minutes=5)
PREFIX = "cga_"


class Error(StrEnum):
    """RFC 6749 §5.2, RFC 9449 §12.2."""

    REQUEST = "invalid_request"
    CLIENT = "invalid_client"
    GRANT_TYPE = "unsupported_grant_type"
    SCOPE = "invalid_scope"
    PROOF = "invalid_dpop_proof"


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A new access token, given this once; `by_dpop` tells how it is to be shown."""

    token: str
    client: Client
    by_dpop: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No token, and why; `client` is whom the request named, where there is one."""

    error: Error
    why: str
    client: Client | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proved:
    """Everything that holds by itself; whether it was shown before, the database tells."""

    client: Client
    keys: Sequence[Jwk]
    assertion: Assertion
    proof: Proof | None
    certificate: str | None


def grant(
    store: Store, issuer: str, assertion: str, shown: Shown, request_id: str
) -> Granted | Refused:
    """A token for the client that signed the assertion, once it is stored and on record."""
    proved = _prove(store, issuer, assertion, shown, store.clock())
    if isinstance(proved, Refused):
        return proved
    token = PREFIX + secret(store.entropy)

    def work(tx: Transaction) -> Granted | Refused:
        if why := _stale(tx, proved):
            return why
        access_tokens.forget_ended(tx.connection, tx.now)
        access_tokens.add(tx.connection, hashed(token), _bound(proved, tx.now + LIFE))
        tx.record(
            actor(proved.client),
            Action.SIGNIN_SUCCEEDED,
            Outcome.DONE,
            carrier=proved.client.carrier_id,
            request_id=request_id,
            detail={"way": "private_key_jwt", "key": proved.assertion.signed_with},
        )
        return Granted(token=token, client=proved.client, by_dpop=proved.proof is not None)

    return store.write(proved.client.merchant, work)


def record_refusal(store: Store, client: Client, why: str, request_id: str) -> None:
    """Put on record that somebody failed to prove that they are this client; `why` is a code."""

    def work(tx: Transaction) -> None:
        tx.record(
            actor(client),
            Action.SIGNIN_FAILED,
            Outcome.FAILED,
            carrier=client.carrier_id,
            request_id=request_id,
            detail={"why": why},
        )

    store.write(client.merchant, work)


def _prove(store: Store, issuer: str, text: str, shown: Shown, now: datetime) -> _Proved | Refused:
    # 1. Whom the assertion names. Whether there is such a client, nobody learns who cannot sign for it.
    name = assertions.named_client(text)
    with store.read() as connection:
        found = clients.one(connection, name) if name is not None else None
    if name is None or found is None or not found[0].is_live(now) or not found[0].own_keys:
        return Refused(error=Error.CLIENT, why="there is no such client with keys of its own")
    client, keys = found
    # 2. Whether that client signed it, for us and now.
    assertion = assertions.checked(text, name, keys, issuer, now)
    if isinstance(assertion, str):
        return Refused(error=Error.CLIENT, why=assertion, client=client)
    # 3. What the token is bound to.
    proof = possession.checked(shown, now, token=None) if shown.proofs else None
    if isinstance(proof, str):
        return Refused(error=Error.PROOF, why=proof, client=client)
    if proof is None and shown.certificate is None:
        why = "send a DPoP proof, or connect with a client certificate: no token is given without"
        return Refused(error=Error.REQUEST, why=why, client=client)
    return _Proved(
        client=client,
        keys=keys,
        assertion=assertion,
        proof=proof,
        certificate=shown.certificate,
    )


def _stale(tx: Transaction, proved: _Proved) -> Refused | None:
    """What speaks against it by now: shown before, revoked, or other keys."""
    if clients.one(tx.connection, proved.client.client_id) != (proved.client, proved.keys):
        return Refused(error=Error.CLIENT, why="the client was changed", client=proved.client)
    assertion, proof = proved.assertion, proved.proof
    if not access_tokens.use(tx.connection, assertion.once, assertion.ends_at):
        why = "the client_assertion was used before: make a new one for each request"
        return Refused(error=Error.CLIENT, why=why, client=proved.client)
    if proof is not None and not access_tokens.use(tx.connection, proof.once, proof.ends_at):
        why = "the proof was used before: make a new one for each request"
        return Refused(error=Error.PROOF, why=why, client=proved.client)
    return None


def _bound(proved: _Proved, expires_at: datetime) -> Grant:
    return Grant(
        client=proved.client,
        asked_with=proved.assertion.signed_with,
        dpop_key=proved.proof.key if proved.proof else None,
        certificate=proved.certificate,
        expires_at=expires_at,
    )

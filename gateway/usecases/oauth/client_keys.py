"""Registers the public keys that a client proves itself with; a private key is never taken."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.audit.entry import Action, Outcome
from gateway.errors import Conflict, InvalidInput, NotFound
from gateway.model.client import Client
from gateway.storage import access_tokens, clients
from gateway.storage.clients import Jwk
from gateway.storage.store import Store, Transaction
from gateway.usecases.actors import OPERATOR
from gateway.usecases.oauth.signatures import SigningKey, signing_key

MOST = 5
"""Keys that a client may have at a time: two suffice to change them without a gap."""

_MEMBERS = ("kty", "crv", "x", "y", "n", "e")


def read(text: str) -> tuple[Jwk, ...]:
    """The keys of a JWKS (RFC 7517 §5). InvalidInput names the key that does not hold, and why."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    listed = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST:
        raise InvalidInput({"keys": [f'a JWKS: {{"keys": […]}} with 1 to {MOST} public keys']})
    errors: dict[str, list[str]] = {}
    keys: dict[str, Jwk] = {}
    for place, jwk in enumerate(listed):
        key = signing_key(jwk)
        if isinstance(key, str):
            errors[f"keys.{place}"] = [key]
            continue
        name = jwk.get("kid", key.thumbprint())
        if name in keys:
            errors[f"keys.{place}"] = ["kid must be one that no other key has"]
            continue
        keys[name] = _public(key, name)
    if errors:
        raise InvalidInput(errors)
    return tuple(keys.values())


def register(store: Store, merchant: str, client_id: str, keys: tuple[Jwk, ...]) -> Client:
    """The client, which from now on proves itself with these keys and with nothing else.

    Access tokens that were asked for with another key end at once. NotFound when the merchant has no
    such client, Conflict when it is revoked.
    """
    held = [key for key in map(signing_key, keys) if not isinstance(key, str)]

    def work(tx: Transaction) -> Client:
        found = clients.one(tx.connection, client_id)
        if found is None or found[0].merchant != merchant:
            raise NotFound(
                f"there is no client {client_id}: gateway clients list shows who there is"
            )
        client = found[0]
        if client.revoked_at is not None:
            raise Conflict(f"the client {client_id} is revoked")
        thumbprints = [key.thumbprint() for key in held]
        clients.set_keys(tx.connection, client_id, keys)
        access_tokens.end_others(tx.connection, client_id, thumbprints)
        tx.record(
            OPERATOR,
            Action.CLIENT_ROTATED,
            Outcome.DONE,
            carrier=client.carrier_id,
            detail={
                "client": client_id,
                "role": client.role.value,
                "keys": ",".join(thumbprints),
            },
        )
        return replace(client, own_keys=True)

    return store.write(merchant, work)


def _public(key: SigningKey, name: str) -> Mapping[str, str]:
    """What is kept of a key: its public members and its name."""
    members: Mapping[str, Any] = key.as_dict(private=False)
    return {"kid": name} | {it: str(members[it]) for it in _MEMBERS if it in members}

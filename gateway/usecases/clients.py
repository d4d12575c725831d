"""Creates and revokes clients; a token is shown once and kept only as its hash."""

import base64
import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta

from gateway.audit.entry import Action, Actor, Outcome
from gateway.errors import Conflict, InvalidInput, NotFound
from gateway.model.client import Client
from gateway.storage import carriers, clients
from gateway.storage.clients import Jwk
from gateway.storage.store import Store, Transaction
from gateway.usecases.actors import OPERATOR
from policies.question import OTTO_SIX, Purpose, Registration, Role

_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")

DEFAULT_PURPOSES = {
    Role.CARRIER: frozenset({Purpose.DELIVERY_APPOINTMENT}),
    Role.MERCHANT: OTTO_SIX,
    Role.SHOP: OTTO_SIX,
    Role.MAILER: OTTO_SIX,
    Role.REVIEWER: frozenset[Purpose](),
}
"""All that a client of each role may ever be registered for; a registration may only narrow it."""


def create(
    store: Store,
    merchant: str,
    role: Role,
    carrier_id: str | None,
    name: str,
    purposes: Collection[Purpose] | None,
    expires: timedelta | None,
    keys: Sequence[Jwk] = (),
    asker: Actor = OPERATOR,
) -> tuple[Client, str]:
    """A new client and its token, `cgw_` and 256 random bits in base64url.

    `purposes` None means all of the role's; `expires` is how long the client counts, None for ever.
    With `keys` it proves itself with these, and the token counts for nothing. InvalidInput names the
    field that does not fit.
    """
    _check(role, carrier_id, name, purposes, expires)
    token = _token(store)

    def work(tx: Transaction) -> Client:
        if carrier_id is not None:
            check_registered(tx, carrier_id)
        client = Client(
            client_id=tx.new_id(),
            merchant=merchant,
            role=role,
            carrier_id=carrier_id,
            name=name,
            purposes=DEFAULT_PURPOSES[role] if purposes is None else frozenset(purposes),
            created_at=tx.now,
            expires_at=None if expires is None else tx.now + expires,
            revoked_at=None,
            own_keys=bool(keys),
        )
        clients.add(tx.connection, client, _hash(token))
        if keys:
            clients.set_keys(tx.connection, client.client_id, keys)
        _record(tx, asker, Action.CLIENT_CREATED, client)
        return client

    return store.write(merchant, work), token


def rotate(
    store: Store, merchant: str, client_id: str, asker: Actor = OPERATOR
) -> tuple[Client, str]:
    """A live client with a new token; the one before counts no more, from the next request on.

    NotFound when the merchant has no such live client; Conflict when it proves itself by keys of
    its own, and has no token that counts.
    """
    token = _token(store)

    def work(tx: Transaction) -> Client:
        found = clients.one(tx.connection, client_id)
        client = None if found is None else found[0]
        if client is None or client.merchant != merchant or not client.is_live(tx.now):
            raise NotFound(f"there is no live client {client_id}")
        if client.own_keys:
            raise Conflict("the client proves itself by keys of its own: it has no token")
        clients.set_token(tx.connection, client_id, _hash(token))
        _record(tx, asker, Action.CLIENT_ROTATED, client)
        return client

    return store.write(merchant, work), token


def revoke(store: Store, merchant: str, client_id: str, asker: Actor = OPERATOR) -> Client:
    """The client, revoked as of now. NotFound when the merchant has no such client that is not yet."""

    def work(tx: Transaction) -> Client:
        client = clients.revoke(tx.connection, merchant, client_id, tx.now)
        if client is None:
            raise NotFound(
                f"there is no client {client_id} to revoke: gateway clients list shows who there is"
            )
        _record(tx, asker, Action.CLIENT_REVOKED, client)
        return replace(client, revoked_at=tx.now)

    return store.write(merchant, work)


def listing(store: Store, merchant: str) -> list[Client]:
    """All clients of a merchant, revoked and expired ones too, oldest first."""
    with store.read() as connection:
        return clients.of_merchant(connection, merchant)


def _check(
    role: Role,
    carrier_id: str | None,
    name: str,
    purposes: Collection[Purpose] | None,
    expires: timedelta | None,
) -> None:
    errors: dict[str, list[str]] = {}
    if role is Role.CARRIER and carrier_id is None:
        errors["carrier"] = ["a client with the role carrier needs its carrier"]
    if role is not Role.CARRIER and carrier_id is not None:
        errors["carrier"] = [f"a client with the role {role} belongs to no carrier"]
    if not _NAME.fullmatch(name.strip()):
        errors["name"] = ["1 to 200 characters without control characters"]
    if beyond := sorted(set(purposes or ()) - DEFAULT_PURPOSES[role]):
        errors["purpose"] = [f"the role {role} is never permitted {', '.join(beyond)}"]
    elif purposes is not None and not purposes and DEFAULT_PURPOSES[role]:
        errors["purpose"] = ["a client without any purpose could ask for nothing"]
    if expires is not None and expires <= timedelta():
        errors["expires"] = ["a token that has expired already serves nobody"]
    if errors:
        raise InvalidInput(errors)


def check_registered(tx: Transaction, carrier_id: str) -> None:
    """InvalidInput unless the merchant has registered this carrier, and not withdrawn it."""
    carrier = carriers.one(tx.connection, tx.merchant, carrier_id)
    if carrier is None or carrier.registration(tx.now) is Registration.WITHDRAWN:
        raise InvalidInput(
            {"carrier": [f"{carrier_id} is not registered; gateway carriers list shows who is"]}
        )


def _record(tx: Transaction, asker: Actor, action: Action, client: Client) -> None:
    tx.record(
        asker,
        action,
        Outcome.DONE,
        carrier=client.carrier_id,
        detail={"client": client.client_id, "role": client.role.value},
    )


def _token(store: Store) -> str:
    return "cgw_" + base64.urlsafe_b64encode(store.entropy(32)).rstrip(b"=").decode()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

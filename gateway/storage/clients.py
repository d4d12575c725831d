"""Clients by their token's hash; a token itself is never stored."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, insert, select, update

from gateway.model.client import Client
from gateway.storage.prepared import Prepared
from gateway.storage.tables import carriers, clients
from policies.question import Purpose, Role

Jwk = Mapping[str, str]
"""A public key as JSON (RFC 7517)."""

_BY_HASH = Prepared(
    select(clients, carriers.c.bound_tokens)
    .outerjoin(
        carriers,
        and_(carriers.c.merchant == clients.c.merchant, carriers.c.carrier == clients.c.carrier),
    )
    .where(clients.c.token_hash == bindparam("token_hash"))
)


def by_token_hash(connection: Connection, token_hash: bytes) -> tuple[Client, bool] | None:
    """The client that a token belongs to, live or not, and whether its carrier takes bound tokens only."""
    row = _BY_HASH.first(connection, {"token_hash": token_hash})
    return None if row is None else (client_of(row._asdict()), bool(row.bound_tokens))


def one(connection: Connection, client_id: str) -> tuple[Client, Sequence[Jwk]] | None:
    """A client, live or not, and the keys that it proves itself with."""
    row = connection.execute(select(clients).where(clients.c.client == client_id)).first()
    return None if row is None else (client_of(row._mapping), row.jwks or ())  # noqa: SLF001  SQLAlchemy's public name


def set_keys(connection: Connection, client_id: str, keys: Sequence[Jwk]) -> None:
    """Put keys in place of those the client had."""
    mine = clients.c.client == client_id
    connection.execute(update(clients).where(mine).values(jwks=[dict(key) for key in keys]))


def of_merchant(connection: Connection, merchant: str) -> list[Client]:
    """All clients of a merchant, oldest first."""
    found = select(clients).where(clients.c.merchant == merchant)
    return [
        client_of(row)
        for row in connection.execute(found.order_by(clients.c.created_at)).mappings()
    ]


def add(connection: Connection, client: Client, token_hash: bytes) -> None:
    """Store a new client."""
    connection.execute(
        insert(clients).values(
            client=client.client_id,
            merchant=client.merchant,
            role=client.role.value,
            carrier=client.carrier_id,
            name=client.name,
            token_hash=token_hash,
            purposes=sorted(client.purposes),
            created_at=client.created_at,
            expires_at=client.expires_at,
        )
    )


def set_token(connection: Connection, client_id: str, token_hash: bytes) -> None:
    """Put a token in place of the one before."""
    mine = clients.c.client == client_id
    connection.execute(update(clients).where(mine).values(token_hash=token_hash))


def revoke(connection: Connection, merchant: str, client_id: str, now: datetime) -> Client | None:
    """End a client; None when the merchant has no such live one."""
    mine = (clients.c.merchant == merchant) & (clients.c.client == client_id)
    row = connection.execute(select(clients).where(mine)).mappings().first()
    if row is None or row["revoked_at"] is not None:
        return None
    connection.execute(update(clients).where(mine).values(revoked_at=now))
    return client_of(row)


def client_of(row: Mapping[Any, Any]) -> Client:
    """A client from its columns, by their names."""
    return Client(
        client_id=row["client"],
        merchant=row["merchant"],
        role=Role(row["role"]),
        carrier_id=row["carrier"],
        name=row["name"],
        purposes=frozenset(Purpose(purpose) for purpose in row["purposes"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        own_keys=row["jwks"] is not None,
    )

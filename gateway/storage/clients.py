"""Clients by their token's hash; a token itself is never stored."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from gateway.model.client import Client
from gateway.storage.tables import clients
from policies.question import Purpose, Role

_BY_HASH = select(clients).where(clients.c.token_hash == bindparam("token_hash"))


def by_token_hash(connection: Connection, token_hash: bytes) -> Client | None:
    """The client that a token belongs to, live or not."""
    row = connection.execute(_BY_HASH, {"token_hash": token_hash}).first()
    return None if row is None else _client(row)


def of_merchant(connection: Connection, merchant: str) -> list[Client]:
    """All clients of a merchant, oldest first."""
    found = select(clients).where(clients.c.merchant == merchant)
    return [_client(row) for row in connection.execute(found.order_by(clients.c.created_at))]


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


def revoke(connection: Connection, merchant: str, client_id: str, now: datetime) -> Client | None:
    """End a client; None when the merchant has no such live one."""
    mine = (clients.c.merchant == merchant) & (clients.c.client == client_id)
    row = connection.execute(select(clients).where(mine)).first()
    if row is None or row.revoked_at is not None:
        return None
    connection.execute(update(clients).where(mine).values(revoked_at=now))
    return _client(row)


def _client(row: Any) -> Client:
    return Client(
        client_id=row.client,
        merchant=row.merchant,
        role=Role(row.role),
        carrier_id=row.carrier,
        name=row.name,
        purposes=frozenset(Purpose(purpose) for purpose in row.purposes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )

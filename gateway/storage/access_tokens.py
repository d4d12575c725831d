"""Access tokens by their hashes, and proofs that count once; neither is stored as it was shown."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.model.client import Client
from gateway.storage.clients import client_of
from gateway.storage.oauth_tables import access_tokens, used_once
from gateway.storage.tables import clients


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What an access token stands for; `dpop_key` and `certificate` are thumbprints, not both None.

    `asked_with` is the thumbprint of the client's own key that it was asked for with.
    """

    client: Client
    asked_with: str
    dpop_key: str | None
    certificate: str | None
    expires_at: datetime


_BY_HASH = (
    select(clients, access_tokens)
    .join(clients, clients.c.client == access_tokens.c.client)
    .where(access_tokens.c.token_hash == bindparam("token_hash"))
)


def add(connection: Connection, token_hash: bytes, grant: Grant) -> None:
    """Store a new token."""
    connection.execute(
        insert(access_tokens).values(
            token_hash=token_hash,
            client=grant.client.client_id,
            asked_with=grant.asked_with,
            dpop_key=grant.dpop_key,
            certificate=grant.certificate,
            expires_at=grant.expires_at,
        )
    )


def find(connection: Connection, token_hash: bytes) -> Grant | None:
    """What the token stands for, whether it still counts or not."""
    row = connection.execute(_BY_HASH, {"token_hash": token_hash}).mappings().first()
    if row is None:
        return None
    return Grant(
        client=client_of({column.name: row[column] for column in clients.c}),
        asked_with=row[access_tokens.c.asked_with],
        dpop_key=row[access_tokens.c.dpop_key],
        certificate=row[access_tokens.c.certificate],
        expires_at=row[access_tokens.c.expires_at],
    )


def end_others(connection: Connection, client_id: str, keys: Collection[str]) -> None:
    """End the client's tokens that were asked for with other keys than these."""
    mine = access_tokens.c.client == client_id
    connection.execute(
        delete(access_tokens).where(mine, access_tokens.c.asked_with.not_in(list(keys)))
    )


def use(connection: Connection, proof_hash: bytes, ends_at: datetime) -> bool:
    """Whether the proof was not shown before; it was now."""
    values = {"proof_hash": proof_hash, "ends_at": ends_at}
    if connection.dialect.name == "sqlite":
        on_sqlite = sqlite.insert(used_once).values(values).on_conflict_do_nothing()
        return connection.execute(on_sqlite).rowcount == 1
    on_postgresql = postgresql.insert(used_once).values(values).on_conflict_do_nothing()
    return connection.execute(on_postgresql).rowcount == 1


def forget_ended(connection: Connection, now: datetime) -> None:
    """Drop tokens and proofs whose time is over."""
    connection.execute(delete(access_tokens).where(access_tokens.c.expires_at <= now))
    connection.execute(delete(used_once).where(used_once.c.ends_at <= now))

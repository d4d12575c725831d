"""Idempotency-Key: the same key with the same request gives the same answer, with another an error."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from gateway.errors import InvalidInput
from gateway.storage import answers
from gateway.storage.answers import KeptAnswer, Repeatable
from gateway.storage.store import Store, Transaction


def is_used(connection: Connection, client_id: str, key: str) -> bool:
    """Whether a request of this client came under this key before, the same one or another."""
    return answers.find(connection, Repeatable(client_id, key, b"")) is not None


def earlier(connection: Connection, request: Repeatable) -> KeptAnswer | None:
    """What this request was answered before; InvalidInput when the key stood for another request."""
    kept = answers.find(connection, request)
    if kept is not None and kept.request_hash != request.request_hash:
        raise InvalidInput(
            {"Idempotency-Key": ["was used for another request; a new request needs a new key"]}
        )
    return kept


def keep(
    store: Store, merchant: str, request: Repeatable, status: int, answer: Mapping[str, Any]
) -> None:
    """Keep an answer after the fact, for requests that change nothing when they run again.

    InvalidInput when another request was answered under the same key in the meantime.
    """

    def work(tx: Transaction) -> None:
        earlier(tx.connection, request)
        answers.keep(tx.connection, request, status, answer, tx.now)

    store.write(merchant, work)

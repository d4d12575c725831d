"""Answers kept for repeated requests (Idempotency-Key); never a contact, only ids and counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from gateway.storage.tables import answers


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A request that its sender may repeat: the key it chose, and SHA-256 of what it asked."""

    client_id: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What the first request was, and what it was answered."""

    request_hash: bytes
    status: int
    answer: Mapping[str, Any]


def find(connection: Connection, request: Repeatable) -> KeptAnswer | None:
    """The answer under this client's key, if there was one."""
    row = connection.execute(select(answers).where(_mine(request))).first()
    return None if row is None else KeptAnswer(row.request_hash, row.status, row.answer)


def keep(
    connection: Connection,
    request: Repeatable,
    status: int,
    answer: Mapping[str, Any],
    now: datetime,
) -> None:
    """Keep an answer; a later one under the same key takes its place."""
    values = {"status": status, "answer": dict(answer)}
    changed = connection.execute(update(answers).where(_mine(request)).values(values))
    if changed.rowcount == 0:
        connection.execute(
            insert(answers).values(
                client=request.client_id,
                idempotency_key=request.key,
                request_hash=request.request_hash,
                created_at=now,
                **values,
            )
        )


def forget_before(connection: Connection, time: datetime, limit: int) -> int:
    """Drop answers older than `time`, about `limit` at once; how many went. Their keys are free again."""
    old = select(answers.c.created_at).where(answers.c.created_at < time)
    last = connection.execute(
        old.order_by(answers.c.created_at).offset(limit - 1).limit(1)
    ).scalar()
    going = answers.c.created_at < time if last is None else answers.c.created_at <= last
    return connection.execute(delete(answers).where(going)).rowcount


def _mine(request: Repeatable) -> Any:
    return (answers.c.client == request.client_id) & (answers.c.idempotency_key == request.key)

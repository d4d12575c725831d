"""Erasures that somebody asked for and somebody else is to confirm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from gateway.storage.console_tables import accounts, erasure_requests


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRequest:
    """One request; `asked_by` is the account, `asked_by_name` what its owner signs in with."""

    request_id: str
    order_number: str
    reason: str
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    ends_at: datetime


def add(connection: Connection, merchant: str, request: ErasureRequest) -> None:
    """Store a request; there is one for an order at the most."""
    connection.execute(
        insert(erasure_requests).values(
            request=request.request_id,
            merchant=merchant,
            order_number=request.order_number,
            reason=request.reason,
            account=request.asked_by,
            asked_at=request.asked_at,
            ends_at=request.ends_at,
        )
    )


def one(connection: Connection, merchant: str, request_id: str) -> ErasureRequest | None:
    """A request, whether it still counts or not."""
    return _first(connection, merchant, erasure_requests.c.request == request_id)


def of_order(connection: Connection, merchant: str, order_number: str) -> ErasureRequest | None:
    """The request for an order."""
    return _first(connection, merchant, erasure_requests.c.order_number == order_number)


def of_merchant(connection: Connection, merchant: str) -> Sequence[ErasureRequest]:
    """All of a merchant, the oldest first."""
    return [_request(row) for row in connection.execute(_found(merchant))]


def drop(connection: Connection, merchant: str, order_number: str) -> None:
    """Forget what was asked for an order."""
    mine = erasure_requests.c.merchant == merchant
    mine &= erasure_requests.c.order_number == order_number
    connection.execute(delete(erasure_requests).where(mine))


def _found(merchant: str) -> Any:
    found = select(erasure_requests, accounts.c.name).join(
        accounts, accounts.c.account == erasure_requests.c.account
    )
    mine = found.where(erasure_requests.c.merchant == merchant)
    return mine.order_by(erasure_requests.c.asked_at, erasure_requests.c.request)


def _first(
    connection: Connection, merchant: str, which: ColumnElement[bool]
) -> ErasureRequest | None:
    row = connection.execute(_found(merchant).where(which)).first()
    return None if row is None else _request(row)


def _request(row: Any) -> ErasureRequest:
    return ErasureRequest(
        request_id=row.request,
        order_number=row.order_number,
        reason=row.reason,
        asked_by=row.account,
        asked_by_name=row.name,
        asked_at=row.asked_at,
        ends_at=row.ends_at,
    )

"""Carrier registrations."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from gateway.model.carrier import Carrier
from gateway.storage.prepared import Prepared
from gateway.storage.tables import carriers
from policies.question import Mode, Purpose

_ONE = Prepared(
    select(carriers).where(
        carriers.c.merchant == bindparam("merchant"), carriers.c.carrier == bindparam("carrier")
    )
)


def one(connection: Connection, merchant: str, carrier_id: str) -> Carrier | None:
    """A registration, current or not."""
    row = _ONE.first(connection, {"merchant": merchant, "carrier": carrier_id})
    return None if row is None else _carrier(row)


def of_merchant(connection: Connection, merchant: str) -> list[Carrier]:
    """All registrations of a merchant, withdrawn ones included, by id."""
    found = select(carriers).where(carriers.c.merchant == merchant).order_by(carriers.c.carrier)
    return [_carrier(row) for row in connection.execute(found)]


def add(connection: Connection, merchant: str, carrier: Carrier) -> None:
    """Store a registration that was not there."""
    connection.execute(insert(carriers).values(merchant=merchant, **_columns(carrier)))


def replace(connection: Connection, merchant: str, carrier: Carrier) -> None:
    """Store a registration's new terms."""
    mine = (carriers.c.merchant == merchant) & (carriers.c.carrier == carrier.carrier_id)
    connection.execute(update(carriers).where(mine).values(**_columns(carrier)))


def withdraw(connection: Connection, merchant: str, carrier_id: str, now: datetime) -> None:
    """End a registration; the row stays, because the log and the orders name it."""
    mine = (carriers.c.merchant == merchant) & (carriers.c.carrier == carrier_id)
    connection.execute(update(carriers).where(mine).values(withdrawn_at=now))


def _columns(carrier: Carrier) -> dict[str, Any]:
    return {
        "carrier": carrier.carrier_id,
        "name": carrier.name,
        "otto_codes": sorted(carrier.otto_codes),
        "modes": sorted(carrier.modes),
        "fields": sorted(carrier.fields),
        "purposes": sorted(carrier.purposes),
        "valid_from": carrier.valid_from,
        "valid_until": carrier.valid_until,
        "endpoint": carrier.endpoint,
        "public_key": carrier.public_key,
        "withdrawn_at": carrier.withdrawn_at,
        "order_profile": carrier.order_profile,
        "order_endpoint": carrier.order_endpoint,
        "bound_tokens": carrier.bound_tokens,
    }


def _carrier(row: Any) -> Carrier:
    return Carrier(
        carrier_id=row.carrier,
        name=row.name,
        otto_codes=tuple(row.otto_codes),
        modes=frozenset(Mode(mode) for mode in row.modes),
        fields=frozenset(row.fields),
        purposes=frozenset(Purpose(purpose) for purpose in row.purposes),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        endpoint=row.endpoint,
        public_key=row.public_key,
        withdrawn_at=row.withdrawn_at,
        order_profile=row.order_profile,
        order_endpoint=row.order_endpoint,
        bound_tokens=row.bound_tokens,
    )

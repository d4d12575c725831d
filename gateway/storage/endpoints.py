"""What is known of the endpoints that messages go to: who met the challenge, who is left in peace."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, insert, select, update

from gateway.storage.handover_tables import endpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A carrier's endpoint. `verified` and `disabled` name an address with its key, by digest.

    `failures` counts those since the last success; until `paused_until` nothing is sent.
    """

    verified: bytes | None = None
    disabled: bytes | None = None
    failures: int = 0
    paused_until: datetime | None = None


def one(connection: Connection, merchant: str, carrier_id: str) -> Endpoint:
    """The carrier's endpoint; one to which nothing was ever sent is neither verified nor disabled."""
    mine = and_(endpoints.c.merchant == merchant, endpoints.c.carrier == carrier_id)
    row = connection.execute(select(endpoints).where(mine)).first()
    if row is None:
        return Endpoint()
    return Endpoint(
        verified=row.verified,
        disabled=row.disabled,
        failures=row.failures,
        paused_until=row.paused_until,
    )


def keep(connection: Connection, merchant: str, carrier_id: str, known: Endpoint) -> None:
    """Remember what is known now."""
    mine = and_(endpoints.c.merchant == merchant, endpoints.c.carrier == carrier_id)
    values = {
        "verified": known.verified,
        "disabled": known.disabled,
        "failures": known.failures,
        "paused_until": known.paused_until,
    }
    if connection.execute(update(endpoints).where(mine).values(values)).rowcount == 0:
        key = {"merchant": merchant, "carrier": carrier_id}
        connection.execute(insert(endpoints).values(key | values))

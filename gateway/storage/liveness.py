"""What readiness asks the database: whether a commit becomes durable, and which key must be there."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from gateway.storage.tables import contacts, liveness


def beat(connection: Connection, now: datetime) -> None:
    """Write the one row that is there for this."""
    if connection.execute(update(liveness).values(written_at=now)).rowcount == 0:
        connection.execute(insert(liveness).values(id=1, written_at=now))


def a_key_in_use(connection: Connection) -> str | None:
    """The name of a key that a stored contact needs; None while no contact is stored."""
    return connection.execute(select(contacts.c.key_id).limit(1)).scalar()

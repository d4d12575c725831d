"""Looks at how a PostgreSQL server is set up for us: whether commits are durable, and who we are to it."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from gateway.storage.database import Database
from gateway.storage.roles import may_shorten_logs, tables_out_of_reach, tables_without_wall


@dataclass(frozen=True, slots=True)
class Weakness:
    """What could be better, and how; `is_fault` where the service must not rely on it."""

    says: str
    fix: str
    is_fault: bool


def weaknesses(database: Database, connections: int) -> list[Weakness]:
    """What this server lacks, for a node that opens so many connections; none on SQLite."""
    if database.is_sqlite:
        return []
    with database.reading() as connection:
        return [
            *_durability(connection),
            *_timeouts(connection),
            *_room(connection, connections),
            *_role(connection),
        ]


def _durability(connection: Connection) -> Iterator[Weakness]:
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        value = _setting(connection, name)
        if value == "off":
            says = f"PostgreSQL runs with {name} = off: what it calls committed may be lost"
            yield Weakness(says, f"{name} = on in postgresql.conf", is_fault=True)


def _timeouts(connection: Connection) -> Iterator[Weakness]:
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        if _setting(connection, name) == "0":
            says = f"{name} is off, though it was asked for: what hangs would hold up all others"
            fix = f"a pooler in between drops it: ALTER ROLE … SET {name}"
            yield Weakness(says, fix, is_fault=False)


def _room(connection: Connection, connections: int) -> Iterator[Weakness]:
    most = int(_setting(connection, "max_connections"))
    reserved = int(_setting(connection, "superuser_reserved_connections"))
    if connections > most - reserved:
        says = f"this node may open {connections} connections, the server takes {most - reserved}"
        fix = "raise max_connections, or lower service.workers or service.threads"
        yield Weakness(says, fix, is_fault=False)


def _role(connection: Connection) -> Iterator[Weakness]:
    if may_shorten_logs(connection):
        yield Weakness(
            "the database role may delete what stands on the log",
            "serve under a role of its own: gateway init --grant-to ROLE",
            is_fault=False,
        )
        return
    again = "as the owner of the tables, again: gateway init --grant-to ROLE"
    if closed := tables_out_of_reach(connection):
        says = f"the database role may not read {', '.join(closed)}"
        yield Weakness(says, again, is_fault=True)
    if open_ := tables_without_wall(connection):
        says = f"the database role sees all merchants' rows of {', '.join(open_)}"
        yield Weakness(says, again, is_fault=False)


def _setting(connection: Connection, name: str) -> str:
    shown = text("SELECT current_setting(:name)")
    return str(connection.execute(shown, {"name": name}).scalar_one())

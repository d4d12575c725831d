"""Brings a database to the tables that this version works with, and tells whether they fit it.

A migration that only adds is run beside the version that served before, which goes on. One that takes
something away says in `contracts` which migration's versions were the first to do without it.
"""

from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.exc import OperationalError

from gateway.errors import ConfigurationError, Unavailable
from gateway.storage.database import Database
from gateway.storage.tables import schema_steps

_MIGRATIONS = Path(__file__).parent / "migrations"
_FIRST_NOTED = "0019"
"""The migration that made the table in which migrations are noted."""

_LOCK_MILLISECONDS = 500
"""Below PostgreSQL's deadlock_timeout: whoever serves meanwhile is never the one to give way."""

_ATTEMPTS = 60
_IN_USE = frozenset({"55P03", "40P01"})
"""PostgreSQL's lock_not_available and deadlock_detected."""


def upgrade(database: Database) -> None:
    """Run the migrations that are missing, all or none; nodes that do so at once wait for each other.

    A table that is in use is waited for a moment at a time, so that requests never queue behind this
    for long. Unavailable where it was in use each time.
    """
    for _ in range(_ATTEMPTS):
        try:
            with database.writing() as connection:
                database.hold(connection, "migrations")
                if not database.is_sqlite:
                    connection.execute(text(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}"))
                bring_to(connection, "head")
        except OperationalError as fault:
            if getattr(fault.orig, "sqlstate", None) not in _IN_USE:
                raise
        else:
            return
    raise Unavailable("migrations", "long transactions hold the tables: end them, and try again")


def bring_to(connection: Connection, revision: str) -> None:
    """Run migrations up to this one, in the caller's transaction.

    ConfigurationError where this version knows no such migration.
    """
    # As long to load as the rest of a worker's storage, and a worker never migrates.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    configuration = Config()
    configuration.set_main_option("script_location", str(_MIGRATIONS))
    configuration.set_main_option("path_separator", "os")
    configuration.attributes.update(connection=connection, note=_note)
    try:
        command.upgrade(configuration, revision)
    except CommandError as fault:
        raise ConfigurationError(
            f"the database is of a later version than this gateway's (migration {revision})"
        ) from fault


def revision(connection: Connection) -> str:
    """The last migration that has run; empty where none has."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def own_revision(connection: Connection) -> str:
    """The last migration that has run, which is this version's last; ConfigurationError otherwise."""
    current = revision(connection)
    if current != head():
        raise ConfigurationError(
            f"the database is of another version than this gateway's (migration {current or 'none'})"
        )
    return current


def at_head(database: Database) -> bool:
    """Whether every migration of this version has run, and no other."""
    with database.reading() as connection:
        return revision(connection) == head()


def fits(database: Database) -> bool:
    """Whether this version works on the database: it is at head, or ahead of it and all is still there.

    So the version that served before goes on while a later one migrates, and can come back.
    """
    with database.reading() as connection:
        current = revision(connection)
        if not current or current in known():
            return current == head()
        if not inspect(connection).has_table(schema_steps.name):
            return False
        steps = {one.revision: one.contracts for one in connection.execute(select(schema_steps))}
    later = [it for it in steps if it > head()]
    return (
        head() in steps
        and current == max(later, default=None)
        and all((steps[it] or "") <= head() for it in later)
    )


@cache
def known() -> frozenset[str]:
    """The migrations of this version: one follows another, and a file's name begins with its number."""
    files = (_MIGRATIONS / "versions").glob("[0-9]*.py")
    return frozenset(file.name.partition("_")[0] for file in files)


def head() -> str:
    """The newest of them."""
    return max(known())


def _note(*, ctx: Any, step: Any, **_: Any) -> None:
    """Leave on the database what a version that does not know the migration must know of it."""
    script = step.up_revision
    if script.revision >= _FIRST_NOTED:
        contracts = getattr(script.module, "contracts", None)
        ctx.connection.execute(
            insert(schema_steps).values(revision=script.revision, contracts=contracts)
        )

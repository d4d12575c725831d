"""Brings a database to the tables that this version works with, and tells whether it is there."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from gateway.errors import ConfigurationError
from gateway.storage.database import Database

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Run the migrations that are missing, all or none; nodes that do so at once wait for each other."""
    with database.writing() as connection:
        database.hold(connection, "migrations")
        bring_to(connection, "head")


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
    configuration.attributes["connection"] = connection
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


def at_head(database: Database) -> bool:
    """Whether every migration has run; a database from a later version is not at head either."""
    with database.reading() as connection:
        return revision(connection) == _head()


@cache
def _head() -> str:
    """The newest migration: one follows another, and a file's name begins with its number."""
    return max(file.name.partition("_")[0] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))

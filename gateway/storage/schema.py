"""Brings a database to the tables that this version works with, and tells whether it is there."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

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
    configuration = _configuration()
    configuration.attributes["connection"] = connection
    try:
        command.upgrade(configuration, revision)
    except CommandError as fault:
        raise ConfigurationError(
            f"the database is of a later version than this gateway's (migration {revision})"
        ) from fault


def revision(connection: Connection) -> str:
    """The last migration that has run; empty where none has."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def at_head(database: Database) -> bool:
    """Whether every migration has run; a database from a later version is not at head either."""
    with database.reading() as connection:
        current = MigrationContext.configure(connection).get_current_heads()
    return set(current) == _heads()


@cache
def _heads() -> set[str]:
    return set(ScriptDirectory.from_config(_configuration()).get_heads())


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(_MIGRATIONS))
    configuration.set_main_option("path_separator", "os")
    return configuration

"""What the service's own role may do on PostgreSQL, where another role owns the tables and migrates them.

It must never be able to change or delete what stands on a log, nor to end its own confinement.
"""

import re
from collections.abc import Iterator

from sqlalchemy import Connection, func, select, text

from gateway.errors import ConfigurationError
from gateway.storage.database import Database
from gateway.storage.statistics import GROWING

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")

_APPENDED = frozenset({"entries", "entry_reasons", "checkpoints", "rule_versions"})
"""Tables whose rows stay as they were written."""

_KEPT = frozenset({"logs", "tiles"})
"""Tables whose rows grow with the log, and stay."""

_KNOWS_MAINTAIN = 170_000
"""The version of PostgreSQL from which on a role may count a table's rows that it does not own."""

_TABLES = """
SELECT tablename, EXISTS (
  SELECT FROM information_schema.columns
  WHERE table_schema = 'public' AND table_name = tablename AND column_name = 'merchant'),
  rowsecurity AND EXISTS (
  SELECT FROM pg_policies
  WHERE pg_policies.tablename = pg_tables.tablename AND policyname = 'gateway_merchant'
    AND roles = ARRAY[CAST(:role AS name)])
FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename
"""

# A transaction that named its merchant sees that merchant's rows alone; `Store.write` names it. What
# looks after all merchants at once, such as retention, names none.
_POLICY = """
CREATE POLICY gateway_merchant ON {table} TO {role}
USING (coalesce(current_setting('gateway.merchant', true), '') IN ('', merchant))
"""


def grant(database: Database, role: str) -> None:
    """Let `role` run the service on the tables as they are now; to be called by their owner.

    ConfigurationError where the database knows no roles, or not this one.
    """
    if database.is_sqlite:
        raise ConfigurationError("SQLite knows no roles: --grant-to is for PostgreSQL")
    if not _NAME.fullmatch(role):
        raise ConfigurationError(f"{role!r} is no name of a role: small letters, digits and _")
    with database.writing() as connection:
        known = text("SELECT rolsuper FROM pg_roles WHERE rolname = :role")
        is_superuser = connection.execute(known, {"role": role}).scalar()
        if is_superuser is None:
            raise ConfigurationError(f"there is no role {role}: CREATE ROLE {role} LOGIN …")
        if is_superuser:
            raise ConfigurationError(f"the role {role} is a superuser: nothing would confine it")
        for statement in [*_statements(connection, role)]:
            connection.execute(text(statement))


def may_shorten_logs(connection: Connection) -> bool:
    """Whether this connection's role could delete what stands on a log."""
    if connection.dialect.name == "sqlite":
        return True
    allowed = func.has_table_privilege("entries", "DELETE")
    return bool(connection.execute(select(allowed)).scalar_one())


def tables_out_of_reach(connection: Connection) -> list[str]:
    """Which tables of PostgreSQL this connection's role may not read: a later migration brought them."""
    found = text(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p') AND NOT has_table_privilege(oid, 'SELECT') ORDER BY relname"
    )
    return list(connection.execute(found).scalars())


def tables_without_wall(connection: Connection) -> list[str]:
    """In which tables of PostgreSQL a transaction of one merchant would see the rows of others."""
    role = {"role": connection.execute(text("SELECT current_user")).scalar_one()}
    every = connection.execute(text(_TABLES), role).all()
    return [table for table, of_merchant, has_wall in every if of_merchant and not has_wall]


def _statements(connection: Connection, role: str) -> Iterator[str]:
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"
    yield f"GRANT USAGE ON SCHEMA public TO {role}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"
    if _version(connection) >= _KNOWS_MAINTAIN:
        for one in GROWING:
            yield f"GRANT MAINTAIN ON {one.name} TO {role}"
    # As they are in the database: a table that this list forgot would have no wall.
    for table, of_merchant, has_wall in connection.execute(text(_TABLES), {"role": role}).all():
        yield f"GRANT {_rights(table)} ON {table} TO {role}"
        # A wall that stands is left alone: to touch it would stop all who serve, and wait for them.
        if of_merchant and not has_wall:
            yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
            yield f"DROP POLICY IF EXISTS gateway_merchant ON {table}"
            yield _POLICY.format(table=table, role=role)


def _version(connection: Connection) -> int:
    return int(connection.execute(text("SHOW server_version_num")).scalar_one())


def _rights(table: str) -> str:
    if table in {"alembic_version", "schema_steps"}:
        return "SELECT"
    if table in _APPENDED:
        return "SELECT, INSERT"
    if table in _KEPT:
        return "SELECT, INSERT, UPDATE"
    return "SELECT, INSERT, UPDATE, DELETE"

"""An old and a new version side by side on one PostgreSQL, under requests all the time."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.storage import roles, schema
from tests.benchmarks import scenery
from tests.databases import Postgres
from tests.end_to_end.live import ROOT, Live, environment
from tests.end_to_end.traffic import Traffic

_ROLE = "upgraded_service"
_LATER = '''"""What the next version brings: a table, and a column that it fills."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{down_revision}"
branch_labels = None
depends_on = None
contracts = {contracts!r}


def upgrade() -> None:
{steps}
'''
_ADDING = """\
    op.create_table(
        "brought_later",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("merchant", name=op.f("pk_brought_later")),
    )
    for table in ("orders", "clients", "entries", "logs"):
        column = sa.Column("brought_later", sa.Integer(), nullable=False, server_default="0")
        op.add_column(table, column)"""


def a_later_checkout(directory: Path) -> Path:
    """The tree as it is, with one migration more."""
    for part in ("gateway", "policies", "config"):
        shutil.copytree(ROOT / part, directory / part, ignore=shutil.ignore_patterns("__pycache__"))
    text = _LATER.format(
        revision="9001", down_revision=schema.head(), contracts=None, steps=_ADDING
    )
    versions = directory / "gateway" / "storage" / "migrations" / "versions"
    (versions / "9001_what_comes_later.py").write_text(text)
    return directory


@pytest.fixture
def place(postgres: Postgres, tmp_path: Path) -> Iterator[tuple[scenery.Prepared, str]]:
    """A gateway that serves under a role of its own, and the address of the owner's database."""
    postgres.execute(f"CREATE ROLE {_ROLE} LOGIN")
    name = postgres.create()
    owners = postgres.url(name)
    (tmp_path / "data").mkdir(mode=0o700)
    prepared = scenery.prepared(tmp_path / "data", 20, owners)
    services = prepared.services()
    with scenery.closing_database(services):
        roles.grant(services.store.database, _ROLE)
    told = {"GATEWAY_DATABASE": owners.replace("postgres@", f"{_ROLE}@"), **scenery.UNLIMITED}
    yield replace(prepared, told=told), owners
    postgres.drop(name)
    postgres.execute(f"DROP ROLE {_ROLE}")


@contextmanager
def served(place: scenery.Prepared, checkout: Path) -> Iterator[Live]:
    """One node of that version."""
    live = Live(place.data, 1, checkout, **place.told)
    try:
        yield live
    finally:
        live.stop()


def init(place: scenery.Prepared, owners: str, checkout: Path) -> str:
    """`gateway init` of that version, as the owner of the tables; what it says where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "init", "--grant-to", _ROLE],
        env={**environment(place.data), "GATEWAY_DATABASE": owners},
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("back", [False, pytest.param(True, marks=pytest.mark.long)])
def test_versions_take_over_from_each_other_without_a_stop(
    place: tuple[scenery.Prepared, str], tmp_path: Path, back: bool
) -> None:
    """The old one serves while the new one migrates, and beside it; and again after it: the way back."""
    prepared, owners = place
    later = a_later_checkout(tmp_path / "later")
    with served(prepared, ROOT) as old:
        traffic = Traffic(prepared, [old])
        with traffic.flowing():
            traffic.more(old, 50)
            assert init(prepared, owners, later) == ""
            traffic.more(old, 50)
            assert old.send("GET", "/readyz")[0] == 200
            with served(prepared, later) as new:
                traffic.nodes = [old, new]
                traffic.more(new, 50)
                traffic.more(old, 50)
                if back:
                    traffic.leave(old)
                    old.restart()
                    traffic.nodes = [old, new]
                    traffic.more(old, 50)
                traffic.leave(new)
            traffic.more(old, 50)
    assert traffic.statuses() == {200}
    traffic.check()

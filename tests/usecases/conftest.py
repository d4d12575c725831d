"""A fresh world for each test, copied from one that was set up once."""

import shutil
from pathlib import Path

import pytest

from tests.world import World


@pytest.fixture(scope="session")
def world_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with migrated database, keys, proved policy and the default merchant."""
    data = tmp_path_factory.mktemp("template") / "data"
    World(data).store.database.engine.dispose()
    return data


@pytest.fixture
def world(world_template: Path, tmp_path: Path) -> World:
    """A gateway of its own."""
    shutil.copytree(world_template, tmp_path / "data")
    return World(tmp_path / "data")

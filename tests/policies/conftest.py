"""What the policy tests share: the policy as it is, and ways to edit a copy of its texts."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from policies.engine import Engine

Edit = Callable[[str, str, str], Path]


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The policy that the package brings along."""
    return Engine.load()


@pytest.fixture
def texts_dir(tmp_path: Path) -> Path:
    """A copy of the policy texts and the schema that a test may spoil."""
    for source in files("policies").iterdir():
        if source.name.endswith((".cedar", ".cedarschema")):
            (tmp_path / source.name).write_bytes(source.read_bytes())
    return tmp_path


@pytest.fixture
def edit(texts_dir: Path) -> Edit:
    """Replaces one passage of one text, which must stand there once; gives the directory."""

    def replace(name: str, old: str, new: str) -> Path:
        text = (texts_dir / name).read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        (texts_dir / name).write_text(text.replace(old, new), "utf-8")
        return texts_dir

    return replace

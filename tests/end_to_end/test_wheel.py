"""The wheel works as well as the checkout: installed elsewhere, it brings all that it needs."""

import ast
import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest

from tests.end_to_end.pasting import paste, serving

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the built wheel in it; its dependencies are borrowed from this one.

    An environment's path files count only in its own folder, so the checkout is not borrowed along.
    """
    home = tmp_path_factory.mktemp("elsewhere")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(home), cwd=ROOT)
    [wheel] = home.glob("*.whl")
    venv.create(home / "venv", with_pip=False, symlinks=True)
    [packages] = (home / "venv").glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    python = str(home / "venv/bin/python")
    install = ("-m", "uv", "pip", "install", "--offline", "--no-deps", "--python", python)
    _run(sys.executable, *install, str(wheel), cwd=home)
    return home


def test_the_wheel_is_what_runs(installed: Path) -> None:
    """Not the checkout: the package is imported from the environment, configuration and types included."""
    code = (
        "import gateway.resources as r; from pathlib import Path;"
        "print(r.__file__, r.default_config(), Path(r.__file__).with_name('py.typed').resolve(True))"
    )
    told = _run(str(installed / "venv/bin/python"), "-c", code, cwd=installed).split()
    assert all(place.startswith(f"{installed}/venv/") for place in told)


def test_the_wheel_serves_its_demo(installed: Path) -> None:
    """`gateway init`, `demo` and `serve` in an empty folder; a carrier gets its contact."""
    gateway = str(installed / "venv/bin/gateway")
    environment = _environment()
    _run(gateway, "init", cwd=installed)
    with serving([gateway, "serve"], installed, environment) as port:
        made = json.loads(_run(gateway, "demo", "--json", f"--port={port}", cwd=installed))
        status, contact = paste(made["try"][0]["curl"])
        assert status == 200
        assert contact["contact"]["phone"]
        assert paste(made["try"][1]["curl"])[0] == 403
    assert (installed / "var").stat().st_mode & 0o777 == 0o700
    assert "cases of the table are answered" in _run(gateway, "policy", "check", cwd=installed)


def test_every_import_is_declared() -> None:
    """What the package imports stands in its dependencies, so that an empty environment gets it."""
    extras = PROJECT["project"].get("optional-dependencies", {}).values()
    declared = set(map(_plain, chain(PROJECT["project"]["dependencies"], *extras)))
    by_module = packages_distributions()
    imported = {
        module: {_plain(name) for name in by_module.get(module, [module])}
        for module in _imports()
        if module not in sys.stdlib_module_names and module not in {"gateway", "policies"}
    }
    missing = {module for module, names in imported.items() if not names & declared}
    # Flask and boto3 hand on parts of these as their own.
    assert missing <= {"botocore", "jinja2", "markupsafe", "werkzeug"}


def test_every_dependency_is_locked_with_hashes() -> None:
    """Both lock files pin what the project declares; `make lock` writes them anew."""
    for name, wanted in (
        ("requirements.txt", PROJECT["project"]["dependencies"]),
        ("requirements-dev.txt", [*PROJECT["project"]["dependencies"], *_developers()]),
    ):
        text = (ROOT / name).read_text(encoding="utf-8")
        pinned = {_plain(line) for line in text.splitlines() if re.match(r"[a-z0-9]", line)}
        assert {_plain(it) for it in wanted} <= pinned, f"{name}: make lock"
        entries = re.split(r"\n(?=[a-z0-9])", text)[1:]
        assert all("--hash=sha256:" in entry for entry in entries)


def _developers() -> list[str]:
    return [it for it in PROJECT["dependency-groups"]["dev"] if isinstance(it, str)]


def _plain(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None
    return re.sub(r"[._-]+", "-", match[0]).lower()


def _imports() -> Iterator[str]:
    for package in ("gateway", "policies"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from (it.name.partition(".")[0] for it in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module.partition(".")[0]


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GATEWAY_", "PYTHON"))
    }


def _run(*words: str, cwd: Path) -> str:
    done = subprocess.run(
        words, cwd=cwd, env=_environment(), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

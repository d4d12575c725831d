"""`make up`, as the first thing that anybody does: it ends in a service that answers what it printed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Template, remember_proof
from tests.end_to_end.pasting import free_port, paste, running

ROOT = Path(__file__).parents[2]


def _environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    # Else this make would take orders from one that runs the tests.
    return {**kept, **more} | dict.fromkeys(("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS"), "")


def _curls(output: Path) -> list[str]:
    return [line for line in output.read_text().splitlines() if line.startswith("curl ")]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A virtual environment as `make` leaves it behind, over the packages of this one."""
    home = tmp_path / "venv"
    (home / "bin").mkdir(parents=True)
    (home / "bin/python").symlink_to(sys.executable)
    gateway = home / "bin/gateway"
    gateway.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gateway "$@"\n')
    gateway.chmod(0o755)
    (home / ".installed").touch()
    return home


def test_it_serves_what_it_printed_and_keeps_the_data(
    installed: Path, tmp_path: Path, template: Template
) -> None:
    """The printed lines work when pasted: a contact, a refusal. A second time the data is still there."""
    remember_proof(template, tmp_path / "data")
    words = ["make", "-C", str(ROOT), "up", f"VENV={installed}", f"DATA={tmp_path / 'data'}"]
    for counts in ("40 stored, 0 unchanged", "0 stored, 40 unchanged"):
        port = free_port()
        with running([*words, f"PORT={port}"], tmp_path, _environment(), port) as output:
            assert counts in output.read_text()
            answers = [paste(line) for line in _curls(output)]
            assert [status for status, _ in answers] == [200, 403, 200, 200, 200]
            assert answers[0][1]["contact"]["phone"]
            assert answers[1][1]["reasons"][0]["code"] == "purpose_marketing"


def test_without_a_python_it_says_what_to_do(tmp_path: Path) -> None:
    """No traceback of make's, but which Python it wants and how to name one."""
    (tmp_path / "bin").mkdir()
    done = subprocess.run(
        ["make", "-C", str(ROOT), f"VENV={tmp_path / 'venv'}", f"{tmp_path / 'venv'}/bin/python"],
        env=_environment(PATH=f"{_only('make', 'sh', 'rm', into=tmp_path / 'bin')}"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "no Python 3.11 or later" in done.stderr
    assert "make PYTHON=" in done.stderr


@pytest.mark.long
def test_a_fresh_clone_needs_python_and_make_alone(tmp_path: Path) -> None:
    """Clone, `make up`, paste: environment and locked dependencies are made on the way."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True, timeout=60)
    port = free_port()
    words = ["make", "-C", str(clone), "up", f"PORT={port}", f"PYTHON={sys.executable}"]
    with running(words, tmp_path, _environment(), port) as output:
        assert [paste(line)[0] for line in _curls(output)] == [200, 403, 200, 200, 200]
    assert (clone / "var").is_dir()


def _only(*names: str, into: Path) -> Path:
    """A folder for PATH with these programs and no other."""
    for name in names:
        found = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout
        (into / name).symlink_to(found.strip())
    return into

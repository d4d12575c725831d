"""Fixtures for the log's tests: the shared vectors, and a checker that is not ours."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

_HERE = Path(__file__).parent
_GOCODE = Path("/usr/share/gocode")


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    """The RFC 6962 test vectors that lie beside the checkout."""
    path = _HERE.parents[2] / "shared" / "vectors" / "rfc6962.json"
    if not path.is_file():
        pytest.skip("the shared vectors are not beside this checkout")
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


@pytest.fixture(scope="session")
def go_checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checker built on golang.org/x/mod/sumdb, as Debian packages it."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("go is not installed (Debian: golang-go)")
    if not (_GOCODE / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("golang.org/x/mod is not installed (Debian: golang-golang-x-mod-dev)")
    folder = tmp_path_factory.mktemp("go")
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(_GOCODE),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
    }
    command = [go, "build", "-o", str(folder / "check"), str(_HERE / "go" / "check.go")]
    subprocess.run(command, check=True, env=environment, cwd=folder)
    return folder / "check"

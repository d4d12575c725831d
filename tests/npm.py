"""Packages of npm that tests hold the project against; nothing of them is part of it."""

import shutil
import subprocess
from pathlib import Path

import pytest


def installed(name: str, version: str, home: Path) -> Path:
    """Where the package is, installed below `home` without running anything of it; else the test is skipped."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    flags = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(home))
    command = [npm, "install", *flags, f"{name}@{version}"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip(f"npm cannot install {name}@{version}")
    return home / "node_modules" / name

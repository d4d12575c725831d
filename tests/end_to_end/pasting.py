"""Starts a gateway as an evaluator does, and pastes what it printed."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

_START_SECONDS = 120


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(words: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> Iterator[int]:
    """Runs `words` with a free port added, until it is ready; ended by SIGTERM, and cleanly."""
    port = free_port()
    with running([*words, f"--port={port}"], cwd, environment, port):
        yield port


@contextmanager
def running(
    words: Sequence[str], cwd: Path, environment: Mapping[str, str], port: int
) -> Iterator[Path]:
    """Runs `words` until the gateway on `port` is ready; what it prints goes to the file given."""
    output = cwd / f"output-{port}.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=dict(environment),
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(process, port, output)
            yield output
            process.terminate()  # to the first alone: it passes the word on, and a worker that hears it twice may hang
            process.wait(_START_SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def paste(line: str) -> tuple[int, Any]:
    """What a shell makes of a printed line: the status and the JSON that come back."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed (Debian: curl)")
    command = f"{line} -w '\\n%{{http_code}}'"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=True, timeout=60
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def _wait(process: "subprocess.Popen[bytes]", port: int, output: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise RuntimeError(f"it did not start: {output.read_text(encoding='utf-8')}")

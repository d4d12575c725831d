"""Puts load on a server from a process of its own: wrk where it is installed, else `sender`."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.benchmarks import sender
from tests.benchmarks.row import Figures

_LUA = Path(__file__).with_name("load.lua")
_WARMING_SECONDS = 0.3
_DRAINING_SECONDS = 1.0
"""What a run leaves unanswered at its end is worked on still, and would be in the way of the next."""
CONNECTIONS = 16


class Disturbed(Exception):
    """An answer came that the measurement is not about, so its figures would mean nothing."""


def bodies(path: Path, requests: Sequence[Any]) -> Path:
    """A file of request bodies for `drive`."""
    path.write_text("".join(json.dumps(one) + "\n" for one in requests))
    return path


def drive(
    port: int,
    path: str,
    requests: Path,
    token: str,
    seconds: float,
    *,
    refused: bool = False,
    connections: int = CONNECTIONS,
) -> Figures:
    """POST the bodies of a file in turn. Disturbed unless all are answered 2xx, or all 4xx or 5xx."""
    _once(port, path, requests, token, _WARMING_SECONDS, connections)
    time.sleep(_DRAINING_SECONDS)
    done = _once(port, path, requests, token, seconds, connections)
    if done["broken"] or done["refused"] != (done["requests"] if refused else 0):
        raise Disturbed(f"{path}: {done}")
    return {
        "requests_per_second": done["requests"] / done["seconds"],
        "p50_ms": done["p50"],
        "p99_ms": done["p99"],
    }


@cache
def described() -> str:
    """What puts the load on, and that it is fast enough where it is ours."""
    if _wrk() is None:
        rate = sender.rate_against_nothing()
        return (
            f"the project's own sender: {rate:,.0f} requests/s against a socket that only answers"
        )
    version = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False)
    return " ".join(version.stdout.split()[:2])


def _wrk() -> str | None:
    return shutil.which("wrk")


def _once(
    port: int, path: str, requests: Path, token: str, seconds: float, connections: int
) -> dict[str, float]:
    url = f"http://127.0.0.1:{port}{path}"
    if _wrk() is None:
        command = [sys.executable, sender.__file__, url, str(connections), str(seconds)]
    else:
        # wrk counts in whole seconds; less is a round of one.
        command = [
            *("wrk", "--threads", "1", "--connections", str(connections)),
            *("--duration", f"{max(1, round(seconds))}s", "--script", str(_LUA), url),
        ]
    environment = {**os.environ, "TOKEN": token, "BODIES": str(requests)}
    told = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    done: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return done

"""A gateway that runs as its users run it: its own processes, reached over HTTP."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_START_SECONDS = 180


class Live:
    """`gateway serve` over a data directory, on a free port of the loopback interface.

    `checkout` is the tree that it runs from, `module` what runs its commands, `told` are settings, as
    they stand in the environment.
    """

    def __init__(
        self,
        data: Path,
        workers: int = 2,
        checkout: Path = ROOT,
        *,
        module: str = "gateway",
        **told: str,
    ) -> None:
        self.data = data
        self.port = free_port()
        self._command = [
            *(sys.executable, "-m", module, "serve"),
            *(f"--port={self.port}", f"--workers={workers}"),
        ]
        self._options: dict[str, Any] = {"env": environment(data) | told, "cwd": checkout}
        self._start()

    def restart(self) -> None:
        """Stop it, and start it again on its port."""
        self.stop()
        self._start()

    def _start(self) -> None:
        self.errors = (self.data.parent / f"serve-{self.port}.log").open("w+b")
        self._process = subprocess.Popen(
            self._command, stderr=self.errors, start_new_session=True, **self._options
        )
        self._wait()

    @property
    def pid(self) -> int:
        """The process that started the workers."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether that process is there."""
        return self._process.poll() is None

    def send(
        self, method: str, path: str, token: str | None = None, body: Any = None, **headers: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request and its answer: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            if token is not None:
                headers["Authorization"] = f"Bearer {token}"
            data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            if data is not None:
                headers.setdefault("Content-Type", "application/json")
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def kill(self) -> None:
        """End every process of it at once, as a power cut would."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.errors.close()

    def terminate(self) -> None:
        """Ask it to end, as an operator would."""
        self._process.terminate()

    def terminate_all(self) -> None:
        """Tell each of its processes, as a terminal or a service manager may."""
        os.killpg(self._process.pid, signal.SIGTERM)

    def stop(self) -> str:
        """Ask it to end, and wait until it has; what it wrote to its log."""
        self.terminate()
        self.exit_code = self._process.wait(timeout=_START_SECONDS)
        self.errors.seek(0)
        written = self.errors.read().decode()
        self.errors.close()
        return written

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                if self.send("GET", "/readyz")[0] == 200 and self._announced():
                    return
            except OSError:
                pass
            time.sleep(0.05)
        self.errors.seek(0)
        written = self.errors.read().decode()
        self.kill()
        raise RuntimeError(f"the gateway did not start: {written}")

    def _announced(self) -> bool:
        """Whether it has said so itself, which comes a moment after the first answer."""
        return b'"listening"' in Path(self.errors.name).read_bytes()


def environment(data: Path) -> dict[str, str]:
    """The environment of a command over a data directory, and of nothing else of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return {**kept, "GATEWAY_DATA": str(data)}


def gateway(data: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        env=environment(data),
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=300,
    )


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""Runs commands as they are typed, over a data directory of the test's own and with the test's clock."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.cli.running import Run
from tests.conftest import Clock, Template, remember_proof


class Gateway(Protocol):
    """`gateway WORDS…`; `stdin` is piped in."""

    def __call__(self, *words: str, stdin: bytes | None = None) -> Result: ...


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What the commands find in the environment; a test may change it."""
    return {"GATEWAY_DATA": str(tmp_path / "data")}


@pytest.fixture
def bare(environment: dict[str, str], clock: Clock) -> Gateway:
    """The commands over a data directory that is not there yet."""

    def run(*words: str, stdin: bytes | None = None) -> Result:
        obj = Run(clock, os.urandom)
        result = CliRunner().invoke(main, words, input=stdin, env=environment, obj=obj)
        # Whatever goes wrong, nobody is shown a traceback.
        assert "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


@pytest.fixture
def fresh(bare: Gateway, environment: dict[str, str], template: Template) -> Gateway:
    """The commands over a data directory that holds nothing but the memory of the policy's proof."""
    remember_proof(template, Path(environment["GATEWAY_DATA"]))
    return bare


@pytest.fixture
def gateway(data: Path, bare: Gateway) -> Gateway:
    """The commands over a gateway with two merchants, three carriers and clients."""
    return bare


@pytest.fixture
def told(gateway: Gateway) -> Callable[..., Any]:
    """What a command prints with --json, when it is done."""

    def run(*words: str, stdin: bytes | None = None) -> Any:
        result = gateway(*words, "--json", stdin=stdin)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    """Writes JSON values or bytes to a file; its name."""

    def write(content: Any, name: str = "orders.json") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return str(path)

    return write

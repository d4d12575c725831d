"""The start of the server: refused with the fix, or loud; the rest is seen in end_to_end."""

import io
import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from gateway import serving
from gateway.api import logs
from gateway.errors import ConfigurationError
from gateway.settings import Settings, load


@pytest.fixture
def settings(data: Path) -> Settings:
    """Settings over a data directory that is set up."""
    return load({"GATEWAY_DATA": str(data)})


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged during a test."""
    stream = io.StringIO()
    logs.configure(stream)
    yield stream
    structlog.reset_defaults()


def test_a_database_that_is_not_set_up_is_not_served(settings: Settings, tmp_path: Path) -> None:
    """The message names the command that sets it up."""
    empty = replace(settings, database_url=f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(ConfigurationError, match="gateway init"):
        serving.serve(empty, "127.0.0.1", 1, 1)


@pytest.mark.parametrize("reuse", [False, True])
def test_a_port_is_not_shared_with_another_server(settings: Settings, reuse: bool) -> None:
    """Not even with one that would allow it, as another gateway does."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=reuse) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match="Address already in use"):
            serving.serve(settings, "127.0.0.1", port, 1)


def test_an_address_that_is_not_ours_is_refused(settings: Settings) -> None:
    """With the setting that names it."""
    with pytest.raises(ConfigurationError, match=r"service\.host"):
        serving.serve(settings, "192.0.2.1", 8080, 1)


@pytest.mark.parametrize(
    ("host", "loud"),
    [
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("::1", False),
        ("localhost", False),
        ("0.0.0.0", True),
        ("::", True),
        ("192.0.2.1", True),
        ("gateway.example", True),
    ],
)
def test_listening_beyond_this_machine_is_announced(
    log: io.StringIO, host: str, loud: bool
) -> None:
    """A warning beside the line that tells where it listens."""
    serving._announce(host, 8080, 2)
    first, *rest = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (first["event"], first["host"], first["port"]) == ("listening", host, 8080)
    assert [line["level"] for line in rest] == ["warning"] * loud

"""A gateway that listens, for the client kit to talk to."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server

from gateway.app import create_app
from gateway.client import Client
from gateway.client.calls import Token
from gateway.usecases.services import Services
from tests.builders import an_order
from tests.conftest import Template
from tests.handover.conftest import authority, outbound, pushing, receiver, trust

__all__ = ["authority", "outbound", "pushing", "receiver", "trust"]
"""The carrier's server on this machine, as the hand-overs' tests have it."""


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """The address of an application that is served on this machine."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def assigned(services: Services, template: Template, numbers: Sequence[str]) -> None:
    """These orders, taken in and given to dachser."""
    merchant = {"Authorization": f"Bearer {template.tokens['merchant']}"}
    client = create_app(services).test_client()
    orders = {"resources": [an_order(number) for number in numbers]}
    assert client.post("/v1/orders", json=orders, headers=merchant).status_code == 200
    for number in numbers:
        given = {"carrier": "dachser", "consignment": f"C-{number}"}
        path = f"/v1/orders/{number}/carrier"
        assert client.put(path, json=given, headers=merchant).status_code == 200


def log_key(services: Services) -> str:
    """The key of the log of now."""
    return create_app(services).test_client().get("/v1/audit/key").text.strip()


@pytest.fixture
def address(services: Services) -> Iterator[str]:
    """Where the gateway listens."""
    with listening(create_app(services)) as url:
        yield url


Answering = tuple[str, dict[str, str], bytes]


class Answers:
    """A server that gives one answer after the other, and keeps what it was asked."""

    def __init__(self, *answers: Answering | Callable[[str], Answering]) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        self.asked.append(environ)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        given = self.answers.pop(0)
        address = f"http://{environ['HTTP_HOST']}"
        status, headers, body = given(address) if callable(given) else given
        start(status, [*headers.items(), ("Content-Length", str(len(body)))])
        return [body]


@pytest.fixture
def answering() -> Iterator[Callable[..., tuple[Client, Answers]]]:
    """Makes a client of such a server."""
    with ExitStack() as opened:

        def make(
            *answers: Answering | Callable[[str], Answering], token: Token = "token"
        ) -> tuple[Client, Answers]:
            server = Answers(*answers)
            return Client(opened.enter_context(listening(server)), token), server

        yield make

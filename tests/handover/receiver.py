"""A carrier's https server on this machine: it answers as it is told and keeps what it was sent."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import trustme

NAME = "carrier.example"


@dataclass(frozen=True)
class Received:
    """A request as it came; header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Said:
    """What the server answers."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Answering = Callable[[Received], Said]


class Receiver:
    """The server; `answer` may be exchanged while it runs."""

    def __init__(self, authority: trustme.CA, name: str = NAME) -> None:
        self.name = name
        self.answer: Answering = lambda _received: Said()
        self.received: list[Received] = []
        self.connections = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.receiver = self
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(context)
        self._server.context = context
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return self._server.server_address[1]

    def url(self, path: str = "/inbox") -> str:
        """Its address by name."""
        return f"https://{self.name}:{self.port}{path}"

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: Receiver
    context: ssl.SSLContext

    def get_request(self) -> tuple[Any, Any]:
        plain, address = super().get_request()
        self.receiver.connections += 1
        return plain, address

    def handle_error(self, _request: Any, _address: Any) -> None:
        """A client that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        # The handshake belongs to the connection's own thread: a silent client must not stop others.
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.request.close()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.path, headers, body)
        self.server.receiver.received.append(received)
        said = self.server.receiver.answer(received)
        self.send_response(said.status)
        for name, value in said.headers.items():
            self.send_header(name, value)
        if said.status != 204:
            self.send_header("Content-Length", str(len(said.body)))
        self.end_headers()
        self.wfile.write(said.body)

    def log_message(self, *_: object) -> None:
        """Quiet."""

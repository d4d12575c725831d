"""Posts a text to an address that the operator chose, once and to the end of its time.

Unlike the way out to carriers it goes to any network, since nobody but the operator names the address;
it follows no redirect, takes no proxy from the environment and reads no more than it needs.
"""

import socket
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpcore

from gateway.handover.exchange import Hindrance, Reply, Unanswered, Unreached
from gateway.handover.line import Timed, exchanged, why

SECONDS = 10.0
"""For the connection with its handshake, and for the exchange."""

_TEXT = "text/plain; charset=utf-8"


class Sender:
    """Opens a connection for each exchange; they are few."""

    def __init__(
        self, trust: ssl.SSLContext | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._trust = trust or ssl.create_default_context()
        self._monotonic = monotonic

    def post(
        self, url: str, body: bytes, media_type: str = _TEXT, token: str | None = None
    ) -> Reply | Unreached | Unanswered:
        """The answer, whatever its status; `token` goes along as a bearer's (RFC 6750)."""
        target = httpcore.URL(url)
        host, is_secure = target.host.decode(), target.scheme == b"https"
        port = target.port or (443 if is_secure else 80)
        until = self._monotonic() + SECONDS
        try:
            stream = httpcore.SyncBackend().connect_tcp(host, port, timeout=SECONDS)
            if is_secure:
                left = max(until - self._monotonic(), 0.001)
                stream = stream.start_tls(self._trust, server_hostname=host, timeout=left)
        except httpcore.TimeoutException:
            return Unreached(Hindrance.TIME)
        except httpcore.NetworkError as fault:
            name = isinstance(fault.__cause__ or fault.__context__, socket.gaierror)
            return Unreached(Hindrance.NAME if name else why(fault))
        timed = Timed(stream, self._monotonic)
        timed.begin(SECONDS)
        headers = [
            ("Host", urlsplit(url).netloc),
            ("User-Agent", "contact-export-gateway"),
            ("Content-Type", media_type),
            ("Accept-Encoding", "identity"),
            ("Content-Length", str(len(body))),
        ]
        if token is not None:
            headers.append(("Authorization", f"Bearer {token}"))
        with httpcore.HTTP11Connection(target.origin, timed) as connection:
            request = httpcore.Request("POST", target, headers=headers, content=body)
            return exchanged(connection, request)

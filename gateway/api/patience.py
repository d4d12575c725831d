"""Gives back the thread of a request whose body does not come, by closing its connection for reading.

It must never end a request that moves. Whoever reads a body inside the server cannot be interrupted, nor
is told which connection it comes by; the kernel knows what each connection last did.
"""

import os
import socket
import stat
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from werkzeug.exceptions import RequestTimeout

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]

BYTES_A_SECOND = 64 * 1024
"""What has come adds to the time that a body may keep its reader waiting."""

_LOOK_EVERY_SECONDS = 1.0
_TCP_INFO = struct.Struct("=8B24I2Q2Q")
"""Linux's tcp_info (include/uapi/linux/tcp.h) up to tcpi_bytes_received."""
_SENT, _RECEIVED, _BYTES = 8 + 9, 8 + 11, 8 + 24 + 3


@dataclass(eq=False)
class _Body:
    """A request's body, which knows how long it was waited for."""

    source: Any
    address: str
    port: int
    patience: "Patience"
    received: int = 0
    waited: float = 0.0
    since: float = 0.0
    overdue: bool = False

    def read(self, size: int = -1) -> bytes:
        """As of a file; RequestTimeout (408) once it has kept its reader waiting too long."""
        return self._waiting(self.source.read, size)

    def readline(self, size: int = -1) -> bytes:
        """As of a file; see `read`."""
        return self._waiting(self.source.readline, size)

    def is_overdue(self, now: float) -> bool:
        """Whether it has kept its reader waiting for longer than what it brought is worth."""
        worth = self.patience.seconds + self.received / BYTES_A_SECOND
        return self.waited + now - self.since > worth

    def _waiting(self, read: Callable[[int], bytes], size: int) -> bytes:
        self.since = time.monotonic()
        self.patience.reading.add(self)
        try:
            piece = read(size)
        finally:
            self.patience.reading.discard(self)
            self.waited += time.monotonic() - self.since
        if self.overdue:
            raise RequestTimeout
        self.received += len(piece)
        return piece


@dataclass(eq=False)
class Patience:
    """A WSGI application in front of another, whose bodies come in time or not at all."""

    app: WsgiApp
    seconds: float
    reading: set[_Body] = field(default_factory=set)

    def start(self) -> "Patience":
        """Look after it, as long as the process lives; nothing is done where the kernel is not Linux."""
        if sys.platform == "linux":
            threading.Thread(target=self._look_on, name="patience", daemon=True).start()
        return self

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["wsgi.input"] = _Body(
            source=environ["wsgi.input"],
            address=environ["REMOTE_ADDR"],
            port=int(environ["SERVER_PORT"]),
            patience=self,
        )
        return self.app(environ, start_response)

    def _look_on(self) -> None:
        while True:
            time.sleep(_LOOK_EVERY_SECONDS)
            self.look(time.monotonic())

    def look(self, now: float) -> None:
        """Close for reading what keeps a reader waiting too long: from each address as many as that."""
        late = [body for body in self.reading.copy() if body.is_overdue(now)]
        for body in late:
            body.overdue = True
        for (address, port), count in Counter((it.address, it.port) for it in late).items():
            waiting = min(now - it.since for it in late if it.address == address)
            for connection in _silent(address, port, waiting)[:count]:
                with closing(connection):
                    connection.shutdown(socket.SHUT_RD)


def _silent(address: str, port: int, seconds: float) -> list[socket.socket]:
    """Connections of this address that were sent nothing for so long, and last sent something themselves.

    Those that brought least come first. One that is idle, before or after a request, is none of them, nor one that
    is being answered.
    """
    found: list[tuple[int, socket.socket]] = []
    for connection in _connections():
        try:
            peer, own = connection.getpeername(), connection.getsockname()
            info = _TCP_INFO.unpack(
                connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
            )
        except (OSError, struct.error):
            connection.close()
            continue
        is_of_it = peer[0] == address and own[1] == port and info[_BYTES] > 0
        if is_of_it and info[_RECEIVED] <= info[_SENT] and info[_SENT] >= seconds * 1000:
            found.append((info[_BYTES], connection))
        else:
            connection.close()
    found.sort(key=lambda it: it[0])
    return [connection for _, connection in found]


def _connections() -> Iterator[socket.socket]:
    """Every TCP connection of this process, by a handle of its own: to be closed without harm."""
    for handle in Path("/proc/self/fd").iterdir():
        try:
            if not stat.S_ISSOCK(os.fstat(int(handle.name)).st_mode):
                continue
            connection = socket.socket(fileno=os.dup(int(handle.name)))
        except OSError:
            continue
        if connection.family in {socket.AF_INET, socket.AF_INET6}:
            yield connection
        else:
            connection.close()

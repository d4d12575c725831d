"""The one way out to a carrier's address: https, to the public internet, once and to the end of its time.

It must never connect to an address of an inner network, whatever a name resolves to; it follows no
redirect, takes no proxy from the environment and reads no more than it was told to.
"""

import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult, urlsplit

import httpcore

from gateway.handover.addresses import is_loopback, is_public

MOST_BYTES = 256 * 1024
"""Of an answer; no carrier has more to say to a hand-over."""

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 20.0
"""For the connection with its handshake, and for each exchange from its first byte to its last."""

Resolve = Callable[[str, int], Sequence[str]]
"""The IP addresses of a name; OSError when it has none."""


class Hindrance(StrEnum):
    """What kept an exchange from coming about; it names no address and no value."""

    URL = "not an https address"
    NAME = "the name is unknown"
    INNER_ADDRESS = "the address is not of the public internet"
    UNREACHABLE = "no connection"
    CERTIFICATE = "the certificate does not hold"
    TIME = "too slow"
    SIZE = "the answer is too long"
    PROTOCOL = "the answer is no HTTP, or broke off"


@dataclass(frozen=True, slots=True)
class Unreached:
    """There is no connection, and nothing was sent."""

    hindrance: Hindrance


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The request may have arrived, but there is no whole answer to it."""

    hindrance: Hindrance


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whatever its status; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def system_resolve(host: str, port: int) -> Sequence[str]:
    """What the machine's resolver says, within the resolver's own limits of time."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Outbound:
    """Opens connections; `unsafe_allow_loopback` lets tests reach servers on this very machine."""

    def __init__(
        self,
        trust: ssl.SSLContext | None = None,
        resolve: Resolve = system_resolve,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        unsafe_allow_loopback: bool = False,
    ) -> None:
        self._trust = trust or ssl.create_default_context()
        self._resolve = resolve
        self._monotonic = monotonic
        self._allow_loopback = unsafe_allow_loopback

    def dial(self, url: str) -> "Line | Unreached":
        """A connection to where `url` points, its certificate checked; nothing is asked for yet.

        The name is resolved once. If any of its addresses is not of the public internet, none is
        tried; else the connection goes to one of these very addresses.
        """
        where = _https(url)
        if where is None or where.hostname is None:
            return Unreached(Hindrance.URL)
        try:
            addresses = self._resolve(where.hostname, where.port or 443)
        except (OSError, UnicodeError):
            return Unreached(Hindrance.NAME)
        if not addresses or not all(map(self._is_allowed, addresses)):
            return Unreached(Hindrance.INNER_ADDRESS if addresses else Hindrance.NAME)
        stream = self._connected(where.hostname, where.port or 443, addresses)
        return stream if isinstance(stream, Unreached) else Line(where, stream)

    def _is_allowed(self, address: str) -> bool:
        return is_public(address) or (self._allow_loopback and is_loopback(address))

    def _connected(self, host: str, port: int, addresses: Sequence[str]) -> "Timed | Unreached":
        """One address after the other, all within the time for one connection."""
        until = self._monotonic() + CONNECT_SECONDS
        hindrance = Hindrance.UNREACHABLE
        for address in addresses:
            left = until - self._monotonic()
            if left <= 0:
                return Unreached(Hindrance.TIME)
            try:
                plain = httpcore.SyncBackend().connect_tcp(address, port, timeout=left)
                left = max(until - self._monotonic(), 0.001)
                secure = plain.start_tls(self._trust, server_hostname=host, timeout=left)
            except httpcore.TimeoutException:
                hindrance = Hindrance.TIME
            except httpcore.NetworkError as fault:
                hindrance = why(fault)
            else:
                return Timed(secure, self._monotonic)
        return Unreached(hindrance)


class Line:
    """A connection to a carrier, for one exchange after the other."""

    def __init__(self, where: SplitResult, stream: "Timed") -> None:
        host = (where.hostname or "").encode()
        self._authority = where.netloc.encode()
        self._url = httpcore.URL(scheme=b"https", host=host, port=where.port, target=_target(where))
        self._stream = stream
        self._connection = httpcore.HTTP11Connection(self._url.origin, stream)

    @property
    def is_over(self) -> bool:
        """Whether no further exchange may be tried: either side has hung up."""
        return self._connection.is_closed() or self._connection.has_expired()

    def post(self, headers: Mapping[str, str], body: bytes) -> Reply | Unanswered:
        """What is answered to `body`; a redirect is an answer like any other."""
        self._stream.begin(ANSWER_SECONDS)
        request = httpcore.Request(
            "POST", self._url, headers=self._headers(headers, body), content=body
        )
        try:
            response = self._connection.handle_request(request)
            try:
                answer = limited(response)
            finally:
                response.close()
        except httpcore.TimeoutException:
            return Unanswered(Hindrance.TIME)
        except (httpcore.NetworkError, httpcore.ProtocolError):
            return Unanswered(Hindrance.PROTOCOL)
        if answer is None:
            self.close()
            return Unanswered(Hindrance.SIZE)
        named = {name.decode("latin-1").lower(): value for name, value in response.headers}
        texts = {name: value.decode("latin-1") for name, value in named.items()}
        return Reply(response.status, texts, answer)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _headers(self, headers: Mapping[str, str], body: bytes) -> list[tuple[bytes, bytes]]:
        own = {
            "User-Agent": "contact-export-gateway",
            "Content-Type": "application/json",
            # Nothing is unpacked here, so that a short answer cannot become a long one.
            "Accept-Encoding": "identity",
            "Content-Length": str(len(body)),
        }
        named = [(name.encode(), value.encode()) for name, value in {**headers, **own}.items()]
        return [(b"Host", self._authority), *named]


class Timed(httpcore.NetworkStream):
    """A stream on which an exchange ends in time also when its bytes come one by one."""

    def __init__(self, stream: httpcore.NetworkStream, monotonic: Callable[[], float]) -> None:
        self._stream = stream
        self._monotonic = monotonic
        self._until = 0.0

    def begin(self, seconds: float) -> None:
        """From now on there is so much time."""
        self._until = self._monotonic() + seconds

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  ours counts
        return self._stream.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  see above
        self._stream.write(buffer, self._left())

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)

    def _left(self) -> float:
        left = self._until - self._monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left


def _https(url: str) -> SplitResult | None:
    """The parts of a plain https address; None for everything else."""
    if any(not "!" <= character <= "~" for character in url):
        return None
    try:
        where = urlsplit(url)
        fits = where.scheme == "https" and where.hostname and where.port != 0
    except ValueError:
        return None
    return where if fits and "@" not in where.netloc and not where.fragment else None


def _target(where: SplitResult) -> bytes:
    query = f"?{where.query}" if where.query else ""
    return f"{where.path or '/'}{query}".encode()


def limited(response: httpcore.Response) -> bytes | None:
    """The body; None when there is more than is wanted."""
    body = bytearray()
    for piece in response.iter_stream():
        body += piece
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def why(fault: httpcore.NetworkError) -> Hindrance:
    cause = fault.__cause__ or fault.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Hindrance.CERTIFICATE
    return Hindrance.UNREACHABLE

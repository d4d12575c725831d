"""A connection to a carrier that is made and bounded in time; where it may lead was decided before.

It follows no redirect and reads no more than it was told to. It is loaded when somebody dials.
"""

import ssl
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult

import httpcore

from gateway.handover.exchange import Hindrance, Reply, Unanswered, Unreached

MOST_BYTES = 256 * 1024
"""Of an answer; no carrier has more to say to a hand-over."""

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 20.0
"""For the connection with its handshake, and for each exchange from its first byte to its last."""


def connected(
    where: SplitResult,
    addresses: Sequence[str],
    trust: ssl.SSLContext,
    monotonic: Callable[[], float],
) -> "Line | Unreached":
    """A line to one of these addresses, tried one after the other within the time for one connection."""
    host, port = where.hostname or "", where.port or 443
    until = monotonic() + CONNECT_SECONDS
    hindrance = Hindrance.UNREACHABLE
    for address in addresses:
        left = until - monotonic()
        if left <= 0:
            return Unreached(Hindrance.TIME)
        try:
            plain = httpcore.SyncBackend().connect_tcp(address, port, timeout=left)
            left = max(until - monotonic(), 0.001)
            secure = plain.start_tls(trust, server_hostname=host, timeout=left)
        except httpcore.TimeoutException:
            hindrance = Hindrance.TIME
        except httpcore.NetworkError as fault:
            hindrance = why(fault)
        else:
            return Line(where, Timed(secure, monotonic))
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
        answer = exchanged(self._connection, request)
        if isinstance(answer, Unanswered) and answer.hindrance is Hindrance.SIZE:
            self.close()
        return answer

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


def _target(where: SplitResult) -> bytes:
    query = f"?{where.query}" if where.query else ""
    return f"{where.path or '/'}{query}".encode()


def exchanged(
    connection: httpcore.HTTP11Connection, request: httpcore.Request
) -> Reply | Unanswered:
    """What is answered; after an answer that is too long the connection is of no more use."""
    try:
        response = connection.handle_request(request)
        try:
            body = _limited(response)
        finally:
            response.close()
    except httpcore.TimeoutException:
        return Unanswered(Hindrance.TIME)
    except (httpcore.NetworkError, httpcore.ProtocolError):
        return Unanswered(Hindrance.PROTOCOL)
    if body is None:
        return Unanswered(Hindrance.SIZE)
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }
    return Reply(response.status, headers, body)


def _limited(response: httpcore.Response) -> bytes | None:
    """The body; None when there is more than is wanted."""
    body = bytearray()
    for piece in response.iter_stream():
        body += piece
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def why(fault: httpcore.NetworkError) -> Hindrance:
    """What kept a connection from being made."""
    cause = fault.__cause__ or fault.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Hindrance.CERTIFICATE
    return Hindrance.UNREACHABLE

"""Makes requests to OTTO: paced, bounded in time and size, repeated where that may help.

What it says of a fault must never repeat a token, a query or a word of an answer.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError

from gateway.errors import Unavailable
from gateway.marketplaces.otto.api_facts import ApiFacts
from gateway.model.ids import Clock

PART = "otto"
"""How faults of this connection are named."""

MOST_BYTES = 64 * 1024 * 1024
"""Of one answer: far more than a page of the largest orders that are taken in."""

_CHUNK = 64 * 1024
_FIRST_WAIT_SECONDS = 0.5
_TRANSIENT = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a connection takes from outside.

    `ticks` are seconds that only run forward, `chance` lies from 0 to below 1.
    """

    clock: Clock
    ticks: Callable[[], float]
    sleep: Callable[[float], None]
    chance: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that came whole; header names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Pace:
    """At most so many requests a second, evenly, whoever makes them."""

    def __init__(self, per_second: float, around: Surroundings) -> None:
        self._apart = 1 / per_second
        self._around = around
        self._next = float("-inf")
        self._turn = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may go out."""
        with self._turn:
            now = self._around.ticks()
            begin = max(now, self._next)
            self._next = begin + self._apart
        if begin > now:
            self._around.sleep(begin - now)


class _TriedInVain(Exception):
    """One attempt that another may follow; `wait` is what OTTO asked for, in seconds."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.wait = wait


class Calls:
    """Requests to one of OTTO's hosts. `sunsets` tells which paths OTTO has announced the end of."""

    def __init__(self, facts: ApiFacts, host: str, around: Surroundings) -> None:
        self._facts = facts
        self._host = host
        self._around = around
        self._pace = Pace(facts.requests_per_second, around)
        self._pool = urllib3.PoolManager(cert_reqs="CERT_REQUIRED")
        self.sunsets: dict[str, datetime] = {}

    def get(self, path: str, query: Mapping[str, str | int], bearer: str, known_as: str) -> Answer:
        """The answer to a GET; `known_as` is the path as the configuration has it."""
        target = f"{path}?{urlencode(query)}" if query else path
        headers = {"Authorization": f"Bearer {bearer}", "Accept": "application/json"}
        return self._call("GET", target, headers, None, known_as)

    def post(self, path: str, form: Mapping[str, str]) -> Answer:
        """The answer to a form; it may be sent more than once."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        return self._call("POST", path, headers, urlencode(form), path)

    def _call(
        self, method: str, target: str, headers: Mapping[str, str], body: str | None, known_as: str
    ) -> Answer:
        """Unavailable when no attempt came to an answer, or OTTO asks for too long a wait."""
        for attempt in range(self._facts.attempts):
            self._pace.wait()
            try:
                answer = self._once(method, target, headers, body)
            except _TriedInVain as vain:
                if attempt + 1 == self._facts.attempts:
                    raise Unavailable(PART, f"{vain.why}, asked {attempt + 1} times") from vain
                self._around.sleep(self._pause(attempt, vain))
            else:
                self._note_sunset(known_as, answer)
                return answer
        raise AssertionError("there is at least one attempt")

    def _once(
        self, method: str, target: str, headers: Mapping[str, str], body: str | None
    ) -> Answer:
        until = self._around.ticks() + self._facts.answer_seconds
        try:
            response = self._pool.request(
                method,
                self._host + target,
                body=body,
                headers=dict(headers),
                timeout=urllib3.Timeout(self._facts.answer_seconds),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                content = self._read(response, until)
            except BaseException:
                # What is left of it must not be taken for the next answer.
                response.close()
                raise
            response.release_conn()
        except HTTPError as fault:
            raise _TriedInVain(f"OTTO does not answer ({type(fault).__name__})") from fault
        if response.status in _TRANSIENT:
            wait = _asked_wait(response.headers.get("Retry-After"), self._around.clock())
            raise _TriedInVain(f"OTTO answers with status {response.status}", wait)
        return Answer(response.status, response.headers, content)

    def _read(self, response: urllib3.BaseHTTPResponse, until: float) -> bytes:
        content = bytearray()
        while chunk := response.read1(_CHUNK):
            content += chunk
            if len(content) > MOST_BYTES:
                raise Unavailable(PART, f"OTTO's answer is longer than {MOST_BYTES} bytes")
            if self._around.ticks() > until:
                raise _TriedInVain("OTTO's answer takes too long")
        return bytes(content)

    def _pause(self, attempt: int, vain: _TriedInVain) -> float:
        """Doubled each time, and spread, so that many who failed together do not return together."""
        most = self._facts.longest_wait_seconds
        if vain.wait is not None and vain.wait > most:
            raise Unavailable(
                PART, f"{vain.why} and asks to be left alone for {vain.wait:.0f} s"
            ) from vain
        spread = self._around.chance()
        if vain.wait is not None:
            return vain.wait + spread * _FIRST_WAIT_SECONDS
        backoff: float = _FIRST_WAIT_SECONDS * 2**attempt
        return min(most, backoff) * (0.5 + spread / 2)

    def _note_sunset(self, known_as: str, answer: Answer) -> None:
        """RFC 8594: the time at which this path will answer no more."""
        when = _http_date(answer.headers.get("Sunset"))
        if when is not None:
            self.sunsets[known_as] = when


def _asked_wait(header: str | None, now: datetime) -> float | None:
    """Retry-After (RFC 9110, 10.2.3) in seconds: a number, or a time."""
    if header is None:
        return None
    if header.isascii() and header.isdigit():
        return float(header)
    when = _http_date(header)
    return None if when is None else max(0.0, (when - now) / timedelta(seconds=1))


def _http_date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        when = parsedate_to_datetime(text)
        return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None

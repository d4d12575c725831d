"""Requests to the gateway, repeated where that is safe; no redirect is followed, for a token goes along."""

import json
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3

from gateway.client.faults import ClientError, ProblemError

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_PAUSES = (0.0, 1.0, 2.0)
"""Seconds before each further attempt, and up to half a second more. What a Retry-After asks for may
be hours: whoever calls shall know, and wait or not."""

_BUSY = 503


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON object that was answered, whatever the status."""

    status: int
    retry_after: int | None
    body: Mapping[str, Any]

    @property
    def is_good(self) -> bool:
        """Whether the gateway did what it was asked."""
        return 200 <= self.status < 300

    def problem(self) -> ProblemError:
        """What the gateway said against it."""
        return ProblemError(self.status, self.body, self.retry_after)


class Wire:
    """Connections to one gateway; any number of threads may use them."""

    def __init__(self, url: str, ca_file: str | None, seconds: float) -> None:
        where = urlsplit(url)
        if where.scheme != "https" and where.hostname not in _LOCAL:
            raise ValueError(
                "the gateway's address must be https: the token goes with each request"
            )
        self.url = url.rstrip("/")
        trust: dict[str, Any] = {"ca_certs": ca_file} if ca_file else {}
        self._pool = urllib3.PoolManager(timeout=seconds, **trust)

    def ask(self, method: str, path: str, make: Callable[[], Mapping[str, Any]]) -> Answer:
        """The answer; `make` gives headers and body anew for each attempt, as some count only once.

        ClientError: none came, or none of a gateway.
        """
        for pause in _PAUSES:
            with suppress(urllib3.exceptions.HTTPError):
                answer = self._attempt(method, path, make())
                if answer.status != _BUSY:
                    return answer
            time.sleep(pause and pause + random.random() / 2)  # noqa: S311  no secret
        try:
            return self._attempt(method, path, make())
        except urllib3.exceptions.HTTPError as fault:
            raise ClientError(f"no answer from {self.url}: {type(fault).__name__}") from None

    def _attempt(self, method: str, path: str, made: Mapping[str, Any]) -> Answer:
        response = self._pool.request(
            method, f"{self.url}{path}", redirect=False, retries=False, **made
        )
        try:
            body = json.loads(response.data)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise ClientError(f"{self.url} does not answer as a gateway does")
        wait = response.headers.get("Retry-After", "")
        return Answer(response.status, int(wait) if wait.isdecimal() else None, body)

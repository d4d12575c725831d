"""How many requests one client may make in a minute; counted in each worker, forgotten at its end."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_SECONDS = 60

STRANGER_PER_MINUTE = 60
"""Failed authentications from one address: far more than a wrong setting makes, too few to be load."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a minute's requests; `seconds` until there are new ones."""

    granted: bool
    limit: int
    remaining: int
    seconds: int

    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers-10, and Retry-After where it is used up."""
        fields = {
            "RateLimit-Policy": f'"minute";q={self.limit};w=60',
            "RateLimit": f'"minute";r={self.remaining};t={self.seconds}',
        }
        return fields if self.granted else fields | {"Retry-After": str(self.seconds)}


class Rates:
    """The windows of all clients of one worker; all of them begin anew at the same time.

    Clients are counted by who they are, never by address: behind a proxy all have the same one.
    Failed authentications are counted by address, after the token was looked up, so that a
    stranger's noise keeps no client out.
    """

    def __init__(self, per_minute: int, ticks: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._ticks = ticks
        self._counts: dict[tuple[str, str], int] = {}
        self._ends = ticks() + _SECONDS
        self._counting = threading.Lock()

    def of_client(self, client_id: str) -> Allowance:
        """Counts a request of a client."""
        return self._count("client", client_id, self._per_minute)

    def of_stranger(self, address: str) -> Allowance:
        """Counts a failed authentication."""
        return self._count("address", address, STRANGER_PER_MINUTE)

    def _count(self, kind: str, who: str, limit: int) -> Allowance:
        with self._counting:
            now = self._ticks()
            if now >= self._ends:
                self._counts.clear()
                self._ends = now + _SECONDS
            count = self._counts[kind, who] = self._counts.get((kind, who), 0) + 1
            seconds = max(1, math.ceil(self._ends - now))
        return Allowance(count <= limit, limit, max(0, limit - count), seconds)

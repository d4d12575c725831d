"""How many requests one client may make in a minute; counted in each worker, forgotten at its end."""

import math
import time
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

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
    """The windows of all clients of one worker.

    Clients are counted by who they are, never by address: behind a proxy all have the same one.
    Failed authentications are counted by address, after the token was looked up, so that a
    stranger's noise keeps no client out.
    """

    def __init__(self, per_minute: int) -> None:
        self._windows = FixedWindowRateLimiter(MemoryStorage())
        self._client = RateLimitItemPerMinute(per_minute)
        self._stranger = RateLimitItemPerMinute(STRANGER_PER_MINUTE)

    def of_client(self, client_id: str) -> Allowance:
        """Counts a request of a client."""
        return self._count(self._client, "client", client_id)

    def of_stranger(self, address: str) -> Allowance:
        """Counts a failed authentication."""
        return self._count(self._stranger, "address", address)

    def _count(self, item: RateLimitItem, *who: str) -> Allowance:
        granted = self._windows.hit(item, *who)
        window = self._windows.get_window_stats(item, *who)
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        return Allowance(granted, item.amount, window.remaining, seconds)

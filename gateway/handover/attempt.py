"""What an attempt to hand something over came to; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.handover.exchange import Reply, Unanswered
from gateway.handover.retries import retry_after

_GONE = 410
_THROTTLED = frozenset({429, 502, 503, 504})
_SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True)
class Taken:
    """The carrier has it; `outcome` is what it answered."""

    outcome: str


@dataclass(frozen=True, slots=True)
class Over:
    """There is nothing to hand over; `outcome` gives the reason codes."""

    outcome: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It is to be tried again; `strains` tells that the endpoint is better left in peace meanwhile."""

    outcome: str
    strains: bool
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The endpoint wants nothing any more."""


def judged(answer: Reply | Unanswered, now: datetime) -> Taken | Failed | Gone:
    """2xx is success, 410 an end, everything else to be tried again (Standard Webhooks 1.0.0)."""
    if not isinstance(answer, Reply):
        return Failed(answer.hindrance.name.lower(), strains=True)
    if answer.status in _SUCCESS:
        return Taken(str(answer.status))
    if answer.status == _GONE:
        return Gone()
    wait = retry_after(answer.headers.get("retry-after"), now)
    return Failed(str(answer.status), answer.status in _THROTTLED, wait)

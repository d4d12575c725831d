"""When a message that a carrier did not take is tried again; pure."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from gateway.model.ids import Entropy

TRYING = timedelta(hours=24)
"""How long a message is tried at all; the last attempt comes at the end of it."""

_FIRST = timedelta(seconds=5)
_LONGEST = timedelta(hours=4)
_STEPS = 10  # beyond them every delay is the longest


def next_attempt(
    queued_at: datetime,
    attempts: int,
    now: datetime,
    retry_after: timedelta | None,
    entropy: Entropy,
) -> datetime | None:
    """The time of the next attempt after `attempts` failed ones; None: there is none any more.

    The delay grows from seconds to hours, a fifth more or less by chance, so that what failed
    together does not come back together. What the carrier asked for with Retry-After is a minimum.
    """
    end = queued_at + TRYING
    if now >= end:
        return None
    delay = min(_FIRST * (1 << 2 * min(attempts - 1, _STEPS)), _LONGEST)
    planned = min(now + delay * _jitter(entropy), end)
    return planned if retry_after is None else max(planned, now + retry_after)


def pause(failures: int) -> timedelta:
    """How long an endpoint is left in peace after so many failures in a row."""
    return min(_FIRST * (1 << min(failures - 1, _STEPS)), timedelta(minutes=30))


def retry_after(text: str | None, now: datetime) -> timedelta | None:
    """The delay that a Retry-After header asks for, a day at the most (RFC 9110 §10.2.3)."""
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), TRYING)
    try:
        time = parsedate_to_datetime(text)
    except ValueError:
        return None
    return min(max(time.replace(tzinfo=time.tzinfo or UTC) - now, timedelta()), TRYING)


def _jitter(entropy: Entropy) -> float:
    """Between 0.8 and 1.2."""
    return 0.8 + 0.4 * int.from_bytes(entropy(2)) / 0xFFFF

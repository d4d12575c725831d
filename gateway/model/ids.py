"""Opaque identifiers; they sort by time of birth so that indexes stay warm, and say nothing else."""

from collections.abc import Callable
from datetime import datetime

Entropy = Callable[[int], bytes]
Clock = Callable[[], datetime]


def new_id(now: datetime, entropy: Entropy) -> str:
    """32 hex digits: 48 bits of milliseconds since 1970, then 80 random bits (the order of RFC 9562 v7)."""
    return f"{int(now.timestamp() * 1000):012x}{entropy(10).hex()}"

"""Unwrapped keys in memory, each for a bounded time; it must never hold one longer than that."""

import threading
from dataclasses import dataclass

from gateway.vault.keys import Key


@dataclass(slots=True)
class _Cached:
    key: Key
    confirmed_at: float
    used: bool


class KeyCache:
    """Keys by name. Times are seconds of a clock that only runs forward.

    Who takes a key out may go on using it when it leaves the cache: it is overwritten when its last
    holder lets go.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._cached: dict[str, _Cached] = {}
        self._changing = threading.Lock()

    def get(self, key_id: str, now: float) -> Key | None:
        """The key, if its provider confirmed it recently enough."""
        cached = self._cached.get(key_id)
        if cached is None or now - cached.confirmed_at >= self._seconds:
            return None
        cached.used = True
        return cached.key

    def put(self, key: Key, now: float) -> None:
        """Hold a key that its provider unwrapped just now."""
        with self._changing:
            self._cached[key.key_id] = _Cached(key, now, used=True)

    def drop(self, key_id: str) -> None:
        """Let a key go at once."""
        with self._changing:
            self._cached.pop(key_id, None)

    def drop_expired(self, now: float) -> None:
        """Let go of what may no longer be used."""
        with self._changing:
            for key_id, cached in list(self._cached.items()):
                if now - cached.confirmed_at >= self._seconds:
                    del self._cached[key_id]

    def ageing(self, now: float) -> list[str]:
        """Keys in use whose time is half over: to be confirmed before releases wait for it."""
        return [
            key_id
            for key_id, cached in list(self._cached.items())
            if cached.used and now - cached.confirmed_at >= self._seconds / 2
        ]

    def confirm(self, key: Key, now: float) -> None:
        """As `put`, and wait for another use before confirming it once more."""
        with self._changing:
            self._cached[key.key_id] = _Cached(key, now, used=False)

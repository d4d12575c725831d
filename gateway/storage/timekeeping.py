"""Remembers how far time had come, so that a clock that jumps ahead erases nothing for good.

Each machine has its own clock, so it keeps its own file. What needs no way back, such as the end of a
window, goes by the clock as it is; what does, waits until the clock is right, or somebody says it is.
"""

from datetime import datetime, timedelta
from pathlib import Path

from gateway.errors import Unavailable
from gateway.model.times import parse_rfc3339, rfc3339
from gateway.vault.keyfile import replace_private

LEAP = timedelta(days=3)
"""How far time may be ahead of when it was last seen: longer than a weekend switched off, and so much
sooner than due a contact may go at the worst."""

_GRAIN = timedelta(minutes=1)


class Timekeeping:
    """The file at `path`; without one, time is believed and begins to be watched."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def ahead(self, now: datetime) -> timedelta | None:
        """How far the clock has jumped ahead; None where it is believed."""
        seen = self._seen()
        return None if seen is None or now - seen <= LEAP else now - seen

    def leap(self, now: datetime) -> timedelta | None:
        """As `ahead`; a clock that is believed is remembered."""
        ahead = self.ahead(now)
        if ahead is None:
            seen = self._seen()
            if seen is None or now - seen >= _GRAIN:
                self.believe(now)
        return ahead

    def believe(self, now: datetime) -> None:
        """Take the clock for right, however far it has come."""
        try:
            replace_private(self._path, rfc3339(now).encode() + b"\n")
        except OSError as fault:
            raise Unavailable(
                "clock", f"{self._path} cannot be written: {fault.strerror}", self._path
            ) from fault

    def require(self, now: datetime) -> None:
        """Unavailable while the clock has jumped ahead: nothing may be erased by it."""
        ahead = self.leap(now)
        if ahead is not None:
            raise Unavailable(
                "clock",
                f"the clock is {ahead.days} days ahead of when it was last seen: nothing is erased. "
                "Set it right, or where it is: gateway retention run --clock-is-right",
            )

    def _seen(self) -> datetime | None:
        try:
            return parse_rfc3339(self._path.read_text(encoding="ascii").strip())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as fault:
            raise Unavailable(
                "clock",
                f"{self._path} cannot be read: gateway retention run --clock-is-right writes it anew",
                self._path,
            ) from fault

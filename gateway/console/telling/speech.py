"""The console's words as plain text, for what is not HTML; and how facts of the log are called."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from gateway.console.words import Words
from gateway.usecases.reports.period import Period


@dataclass(frozen=True, slots=True)
class Speech:
    """One language, without escapes: whoever puts it into a page escapes it there."""

    words: Words

    def __call__(self, key: str, **values: Any) -> str:
        """The text with its values put in."""
        return self.words(key, **values).unescape()

    def exact(self, when: datetime) -> str:
        """A time to the second, with its zone."""
        return self.words.exact(when)

    def moment(self, when: datetime) -> str:
        """A time to the minute."""
        return self.words.moment(when)

    def day(self, when: date | datetime) -> str:
        """A day."""
        return self.words.short_day(when)

    def day_or(self, when: date | datetime | None, key: str) -> str:
        """A day, or a text where there is none."""
        return self(key) if when is None else self.day(when)

    def last_day(self, end: datetime) -> str:
        """The last day of what ends, exclusively, at a time."""
        return self.day(end - timedelta(microseconds=1))

    def period(self, period: Period) -> str:
        """From the first day to the last."""
        return self(
            "report.from_to", first=self.day(period.since), last=self.last_day(period.until)
        )

    def number(self, number: int) -> str:
        """For example 10.000.000."""
        return self.words.number(number)

    def listed(self, parts: Iterable[str]) -> str:
        """For example Name, Telefon und E-Mail."""
        return self.words.listed(parts).unescape()

    def called(self, area: str, name: str) -> str:
        """What a code of the log is called; itself where it has no name."""
        key = f"{area}.{name}"
        return self(key) if self.words.has(key) else name

    def fields(self, names: Iterable[str]) -> str:
        """Names of contact fields."""
        return self.listed(self.called("field", name) for name in names)

    def purposes(self, names: Iterable[str]) -> str:
        """Names of purposes."""
        return self.listed(self.called("purpose", name) for name in names)

    def deeds(self, actions: Mapping[str, int]) -> str:
        """How often what was done, the most frequent first."""
        ordered = sorted(actions.items(), key=lambda it: (-it[1], it[0]))
        told = [f"{self.called('action', name)}: {self.number(n)}" for name, n in ordered]
        return "; ".join(told) or self("report.nothing")

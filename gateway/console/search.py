"""What is sought in the log, as it stands in an address; it reads and writes addresses, and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from gateway.usecases.reviewing.criteria import Criteria, Facet

_MOST = 20
_LONGEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a reader seeks, as they gave it.

    `wanted` and `unwanted` are pairs of a facet and a value, in the order of the address.
    """

    wanted: tuple[tuple[Facet, str], ...] = ()
    unwanted: tuple[tuple[Facet, str], ...] = ()
    order: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, query: "MultiDict[str, str]") -> "Search":
        """The search in a query; what is no search in it is passed over."""
        return cls(
            wanted=tuple(_pairs(query, "")),
            unwanted=tuple(_pairs(query, "not_")),
            order=query.get("order", "").strip()[:_LONGEST],
            since=query.get("from", "").strip()[:_LONGEST],
            until=query.get("to", "").strip()[:_LONGEST],
        )

    @property
    def wrong(self) -> list[str]:
        """Which of `from` and `to` are no days."""
        given = {"from": self.since, "to": self.until}
        return [name for name, text in given.items() if text and _day(text) is None]

    @property
    def is_empty(self) -> bool:
        """Whether everything is sought."""
        return self == Search()

    def criteria(self, zone: tzinfo) -> Criteria:
        """The same for the use case; `zone` says when a day begins."""
        since, until = _day(self.since), _day(self.until)
        return Criteria(
            wanted=_grouped(self.wanted),
            unwanted=_grouped(self.unwanted),
            order_number=self.order or None,
            since=_begin(since, zone) if since else None,
            until=_begin(until + timedelta(days=1), zone) if until else None,
        )

    def address(self) -> dict[str, Any]:
        """As a query."""
        found: dict[str, Any] = {}
        for prefix, pairs in (("", self.wanted), ("not_", self.unwanted)):
            for facet, value in pairs:
                found.setdefault(f"{prefix}{facet}", []).append(value)
        plain = {"order": self.order, "from": self.since, "to": self.until}
        return {**found, **{name: text for name, text in plain.items() if text}}

    def text(self) -> str:
        """As one text, for a form."""
        return urlencode(self.address(), doseq=True)

    def asks(self, facet: Facet, value: str) -> bool:
        """Whether this value is sought."""
        return (facet, value) in self.wanted

    def bars(self, facet: Facet, value: str) -> bool:
        """Whether this value is left out."""
        return (facet, value) in self.unwanted

    def toggled(self, facet: Facet, value: str) -> dict[str, Any]:
        """The address that seeks the value too, or no longer."""
        pair = (facet, value)
        wanted = tuple(one for one in self.wanted if one != pair)
        wanted = wanted if pair in self.wanted else (*wanted, pair)
        unwanted = tuple(one for one in self.unwanted if one != pair)
        return replace(self, wanted=wanted, unwanted=unwanted).address()

    def barred(self, facet: Facet, value: str) -> dict[str, Any]:
        """The address that leaves the value out, or no longer."""
        pair = (facet, value)
        unwanted = tuple(one for one in self.unwanted if one != pair)
        unwanted = unwanted if pair in self.unwanted else (*unwanted, pair)
        wanted = tuple(one for one in self.wanted if one != pair)
        return replace(self, wanted=wanted, unwanted=unwanted).address()

    def without(self, name: str) -> dict[str, Any]:
        """The address without `order`, `from` or `to`."""
        found = self.address()
        found.pop(name, None)
        return found


def _pairs(query: "MultiDict[str, str]", prefix: str) -> Iterator[tuple[Facet, str]]:
    for facet in Facet:
        for value in dict.fromkeys(query.getlist(f"{prefix}{facet}")[:_MOST]):
            if value and len(value) <= _LONGEST and value.isprintable():
                yield facet, value


def _grouped(pairs: tuple[tuple[Facet, str], ...]) -> dict[Facet, frozenset[str]]:
    return {
        facet: frozenset(value for one, value in pairs if one is facet)
        for facet in dict.fromkeys(facet for facet, _ in pairs)
    }


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-23") else None
    except ValueError:
        return None


def _begin(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)

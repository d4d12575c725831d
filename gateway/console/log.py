"""The log as people read it: sought, narrowed down, taken along; every look is on record first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict

from gateway.console import sentences
from gateway.console.page import REVIEWER, File, Html, Reply, Visit, page
from gateway.console.saved import kept
from gateway.console.search import Search
from gateway.errors import InvalidInput
from gateway.usecases.people.accounts import actor
from gateway.usecases.reviewing import activity, export_formats, review
from gateway.usecases.reviewing.activity import View
from gateway.usecases.reviewing.criteria import Facet
from gateway.usecases.reviewing.export_formats import Format

_SHOWN = 7
"""Values of a facet that are shown at once; the others open."""

_MEDIA_TYPES = {
    Format.JSONL: "application/x-ndjson",
    Format.CSV: "text/csv; charset=utf-8",
    Format.OCSF: "application/x-ndjson",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    """A value of a facet, by its name, and the queries that seek it or leave it out."""

    name: str
    count: int
    sought: bool
    barred: bool
    seek: dict[str, str]
    bar: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chip:
    """Something that is sought, and the query without it."""

    facet: str
    value: str
    barred: bool
    drop: dict[str, str]


@page("GET", "/log", access=REVIEWER, name="log", place="log")
def log(visit: Visit) -> Reply:
    """A page of what is sought, newest first, with what it can be narrowed down by."""
    search = Search.of(visit.query)
    if search.wrong:
        return Html(template="log.html", values={"search": search, "view": None}, status=422)
    shown = activity.view(
        visit.services.store,
        visit.merchant,
        actor(visit.account),
        search.criteria(visit.words.zone),
        visit.query.get("cursor"),
        visit.request_id,
    )
    return Html(
        template="log.html",
        values={
            "search": search,
            "saved": kept(visit, search),
            "view": shown,
            "chips": list(_chips(visit, search, shown)),
            "days": _days(visit, shown),
            "facets": [(facet, _values(visit, search, shown, facet)) for facet in Facet],
            "at_once": _SHOWN,
            "first": "cursor" not in visit.query,
        },
    )


@page("POST", "/log/export", access=REVIEWER, name="log_export", place="log")
def log_export(visit: Visit) -> Reply:
    """All entries that are sought, in a format for other programs."""
    search = Search.of(MultiDict(parse_qsl(visit.form.get("search", ""))))
    try:
        form = Format(visit.form.get("format", ""))
    except ValueError:
        raise InvalidInput({"format": [f"one of {', '.join(Format)}"]}) from None
    if search.wrong:
        raise InvalidInput({name: ["is no day"] for name in search.wrong})
    found = activity.export(
        visit.services.store,
        visit.merchant,
        actor(visit.account),
        search.criteria(visit.words.zone),
        visit.request_id,
    )
    ending = "csv" if form is Format.CSV else "jsonl"
    return File(
        name=f"log-{visit.services.store.clock():%Y-%m-%d}-{form}.{ending}",
        media_type=_MEDIA_TYPES[form],
        content=export_formats.lines((review.shown(one.leaf()) for one in found), form),
    )


def _days(visit: Visit, shown: View) -> Sequence[tuple[str, Sequence[dict[str, object]]]]:
    """The entries by their days, as the reader counts days."""
    told = [
        {
            "entry": line.entry,
            "day": visit.words.day(line.entry.time),
            "sentence": sentences.sentence(visit.words, line, shown.names),
            "mark": sentences.mark(line.entry),
        }
        for line in shown.lines
    ]
    return [(str(day), list(rows)) for day, rows in groupby(told, key=lambda one: one["day"])]


def _values(visit: Visit, search: Search, shown: View, facet: Facet) -> list[_Value]:
    """The values of a facet: those that are sought or left out, then the most frequent."""
    counts = dict(shown.facets[facet])
    for one, text in (*search.wanted, *search.unwanted):
        if one is facet:
            counts.setdefault(text, 0)
    found = [
        _Value(
            name=sentences.value(visit.words, facet, text, shown.names),
            count=count,
            sought=search.asks(facet, text),
            barred=search.bars(facet, text),
            seek=search.toggled(facet, text),
            bar=search.barred(facet, text),
        )
        for text, count in counts.items()
    ]
    return sorted(found, key=lambda one: not (one.sought or one.barred))


def _chips(visit: Visit, search: Search, shown: View) -> Iterator[_Chip]:
    t = visit.words
    for name, text in (("order", search.order), ("from", search.since), ("to", search.until)):
        if text:
            yield _Chip(
                facet=str(t(f"log.facet.{name}")),
                value=text if name == "order" else t.short_day(date.fromisoformat(text)),
                barred=False,
                drop=search.without(name),
            )
    for barred, pairs in ((False, search.wanted), (True, search.unwanted)):
        for facet, text in pairs:
            yield _Chip(
                facet=str(t(f"log.facet.{facet}")),
                value=sentences.value(t, facet, text, shown.names),
                barred=barred,
                drop=search.barred(facet, text) if barred else search.toggled(facet, text),
            )

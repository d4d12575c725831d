"""Searches of the log that their reader keeps under a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict

from gateway.console.page import REVIEWER, Go, Reply, Visit, page
from gateway.console.search import Search
from gateway.usecases.reviewing import searches


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A search by its name, with the query that repeats it."""

    search_id: str
    name: str
    query: Mapping[str, Any]
    open: bool


def kept(visit: Visit, now: Search) -> list[Kept]:
    """What the account saved; `open` is the search that is shown right now."""
    found = searches.saved(visit.services.store, visit.account)
    return [
        Kept(
            search_id=one.search_id,
            name=one.name,
            query=_search(one.query).address(),
            open=_search(one.query) == now,
        )
        for one in found
    ]


@page("POST", "/log/searches", access=REVIEWER, name="search_save", place="log")
def search_save(visit: Visit) -> Reply:
    """Keeps what is sought."""
    search = _search(visit.form.get("search", ""))
    name = visit.form.get("name", "")
    searches.save(visit.services.store, visit.account, name, search.text())
    return Go(page="log", values=search.address())


@page("POST", "/log/searches/remove", access=REVIEWER, name="search_remove", place="log")
def search_remove(visit: Visit) -> Reply:
    """Forgets one."""
    searches.remove(visit.services.store, visit.account, visit.form.get("search", ""))
    return Go(page="log")


def _search(text: str) -> Search:
    return Search.of(MultiDict(parse_qsl(text)))

"""The console's pages over ten million entries, as a reviewer would search, page and look them over."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode

from tests.benchmarks import long_log
from tests.benchmarks.bench import Bench
from tests.benchmarks.row import Figures, Row, Sides, own
from tests.benchmarks.scenery import Prepared

_ENTRIES = 10_000_000, 20_000
_SHORT = 10_000, 1000
"""How long the logs are, in a full run and in a quick one."""

_SEARCHES = (
    "/console/log",
    "/console/log?outcome=refused",
    "/console/log?outcome=refused&not_reason=purpose_marketing",
    "/console/log?carrier=btw&reason=erased",
    "/console/log?not_action=order.stored&not_action=order.assigned",
    "/console/log?action=contact.released&field=email&not_carrier=dachser",
)
_OVERVIEW = ("/console/", "/console/hints")
_TURNS = 4
_BREACH_DAYS, _BREACH_ENDED_DAYS_AGO = 7, 30
"""The breach that a report is made of: a week in which somebody had a token."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """A browser that is signed in."""

    port: int
    cookie: str

    def get(self, path: str) -> str:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request("GET", path, headers={"Cookie": self.cookie})
            answer = connection.getresponse()
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
            return answer.read().decode()


def _signed_in(port: int, link: str) -> _Reader:
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", f"/console/link/{link}")
        answer = connection.getresponse()
        cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        found = re.search(r'name="form_token" value="(\w+)"', answer.read().decode())
        body = urlencode({"form_token": found[1] if found else ""})
        form = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", f"/console/link/{link}", body, form)
        answer = connection.getresponse()
        answer.read()
        return _Reader(port, (answer.getheader("Set-Cookie") or "").partition(";")[0])


def _read(reader: _Reader, seconds: float) -> Figures:
    """The log searched in every way, then the overview and the reports."""
    cuts = _took(reader, _SEARCHES, seconds)
    overview = _took(reader, _OVERVIEW, seconds / 5)
    reports = _took(reader, _reports(), seconds / 5)
    return {
        "p50_ms": cuts[9],
        "p95_ms": cuts[18],
        "overview_p95_ms": overview[18],
        "reports_p95_ms": reports[18],
    }


def _reports() -> Sequence[str]:
    """Each report that one asks for by a link, of the time that the log is about."""
    last = date.today() - timedelta(days=_BREACH_ENDED_DAYS_AGO)  # noqa: DTZ011  a day more or less
    first = last - timedelta(days=_BREACH_DAYS - 1)
    breach = f"/console/reports/breach?from={first}&to={last}"
    return (
        *(breach, f"{breach}&carrier=btw"),
        f"/console/reports/access?quarter={last.year}q{(last.month + 2) // 3}",
        "/console/reports/processing",
        *("/console/carriers", "/console/policy"),
    )


def _took(reader: _Reader, paths: Sequence[str], seconds: float) -> list[float]:
    """Milliseconds at each twentieth: every page in turn, and the page behind it if there is one."""
    took: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(took) < _TURNS * len(paths):
        for path in paths:
            following: str | None = path
            for _ in range(2):
                if following is None:
                    break
                began = time.perf_counter()
                page = reader.get(following)
                took.append((time.perf_counter() - began) * 1000)
                found = re.search(r'href="([^"]*)" rel="next"', page)
                following = found[1].replace("&amp;", "&") if found else None
    return quantiles(took, n=20)


@contextmanager
def _pages(bench: Bench) -> Iterator[Sides]:
    with ExitStack() as stack:
        long = _opened(stack, bench.directory / "long", bench.size(*_ENTRIES))
        short = _opened(stack, bench.directory / "short", bench.size(*_SHORT))
        yield Sides(
            ours=partial(_read, long, bench.seconds),
            yardstick=partial(_read, short, bench.seconds),
        )


def _opened(stack: ExitStack, data: Path, size: int) -> _Reader:
    link = long_log.written(data, size)
    place = Prepared(data=data, token="", numbers=(), told=long_log.TOLD)
    return _signed_in(stack.enter_context(place.served()).port, link)


ROWS = (
    Row(
        name="console",
        measure="the log's page, searched and paged, SQLite",
        yardstick="the same over a short log",
        figure="p95_ms",
        targets=(
            own("p95_ms", at_most=300),
            own("overview_p95_ms", at_most=300),
            own("reports_p95_ms", at_most=300),
        ),
        sides=_pages,
        about=lambda bench: f"{bench.size(*_ENTRIES):,} entries",
    ),
)

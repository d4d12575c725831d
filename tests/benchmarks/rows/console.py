"""The console over ten million entries: the log's page as a reviewer searches it, and each report.

Every page and report is put on record before it is shown, as always, so the log grows as it is read.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial

from tests.benchmarks import past
from tests.benchmarks.bench import Bench
from tests.benchmarks.past import Past
from tests.benchmarks.reader import Ask, Reader, page, signed_in, took
from tests.benchmarks.row import Figures, Row, Sides, own
from tests.benchmarks.scenery import Prepared

_ENTRIES = 10_000_000, 10_000
_SHORT = 10_000, 1000
"""How long the logs are, in a full run and in a quick one."""

_AT_MOST = 300
_PART = 0.3
"""Of a round's time: there are many rows, and a page is asked for as often as its figure needs anyway."""

Asks = Callable[[Past, int], Sequence[Ask]]
"""What is asked for, of a past with so many entries."""


def _searches(told: Past, size: int) -> Sequence[Ask]:
    """The first page, by frequent and by rare facts, by what is not, by time and order; later pages."""
    last, first = _days_ago(30), _days_ago(59)
    queries = (
        "",
        "?outcome=refused",
        "?outcome=refused&not_reason=purpose_marketing",
        "?carrier=btw&reason=erased",
        "?not_action=order.stored&not_action=order.assigned",
        "?action=contact.released&field=email&not_carrier=dachser",
        f"?from={first}&to={last}",
        f"?from={first}&to={last}&carrier=gel&purpose=marketing",
        f"?order={told.numbers[0]}",
        *(f"?cursor=1.{size // part}" for part in (2, 100)),
        *(f"?outcome=refused&carrier=dachser&cursor=1.{size // part}" for part in (2, 100)),
    )
    return [page(f"/console/log{query}") for query in queries]


def _overview(_told: Past, _size: int) -> Sequence[Ask]:
    return [page(f"/console/{name}") for name in ("", "hints", "carriers", "policy", "subjects")]


def _of_buyer(kind: str) -> Asks:
    """By order and by e-mail: of one order, and of all that the buyer has."""
    path = f"/console/reports/{kind}"
    return lambda told, _: [
        lambda reader: reader.post(path, order=told.numbers[1]),
        lambda reader: reader.post(path, contact=past.EMAIL),
    ]


def _breach(_told: Past, _size: int) -> Sequence[Ask]:
    """Thirty days: of everybody, of a carrier that receives much, of one that receives little; a week."""
    month = f"/console/reports/breach?from={_days_ago(59)}&to={_days_ago(30)}"
    week = f"/console/reports/breach?from={_days_ago(36)}&to={_days_ago(30)}"
    return [page(month), page(f"{month}&carrier=dachser"), page(f"{month}&carrier=btw"), page(week)]


def _breach_of_all(_told: Past, _size: int) -> Sequence[Ask]:
    """The whole time that the log is about."""
    return [page(f"/console/reports/breach?from={_days_ago(past.SPAN.days)}&to={_days_ago(0)}")]


def _access(_told: Past, _size: int) -> Sequence[Ask]:
    last = _days_ago(30)
    return [page(f"/console/reports/access?quarter={last.year}q{(last.month + 2) // 3}")]


def _processing(_told: Past, _size: int) -> Sequence[Ask]:
    return [page("/console/reports/processing")]


def _erasure(told: Past, _size: int) -> Sequence[Ask]:
    return [page(f"/console/erasures/{told.erasure}")]


def _days_ago(days: int) -> date:
    return date.today() - timedelta(days=days)  # noqa: DTZ011  a day more or less


@contextmanager
def _sides(asks: Asks, bench: Bench) -> Iterator[Sides]:
    def side(size: int) -> Callable[[], Figures]:
        told, reader = bench.scene.once(f"past-{size}", partial(_read, bench, size))
        return partial(took, reader, asks(told, size), bench.seconds * _PART)

    yield Sides(ours=side(bench.size(*_ENTRIES)), yardstick=side(bench.size(*_SHORT)))


@contextmanager
def _read(bench: Bench, size: int) -> Iterator[tuple[Past, Reader]]:
    """A past of this length, served, and a reviewer who has signed in to it."""
    data = bench.directory.parent / f"past-{size}"
    told = past.written(data, size)
    with Prepared(data=data, token="", numbers=(), told=past.TOLD).served() as live:
        yield told, signed_in(live.port, past.way_in(data))


def _row(name: str, measure: str, asks: Asks) -> Row:
    return Row(
        name=name,
        measure=measure,
        yardstick="the same over a short log",
        figure="p95_ms",
        targets=(own("p95_ms", at_most=_AT_MOST),),
        sides=partial(_sides, asks),
        rounds=3,
        scene="past",
        about=lambda bench: f"SQLite, {bench.size(*_ENTRIES):,} entries",
    )


ROWS = (
    _row("activity", "the log's page, searched and paged", _searches),
    _row("overview", "overview, hints, carriers, policy, subjects", _overview),
    _row("report-recipients", "report GDPR 15, by order and by e-mail", _of_buyer("recipients")),
    _row("report-notification", "report GDPR 19, alike", _of_buyer("notification")),
    _row("report-processing", "report GDPR 30", _processing),
    _row("report-breach", "report GDPR 33, of 30 days and of a week", _breach),
    _row("report-breach-all", "report GDPR 33, of 300 days", _breach_of_all),
    _row("report-access", "access review of a quarter", _access),
    _row("report-erasure", "proof of an erasure", _erasure),
)

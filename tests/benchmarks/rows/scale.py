"""Releases among millions of contacts, and while a million of them is erased, at a steady modest rate."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from gateway.app import now
from gateway.usecases import retention
from tests.benchmarks import crowd, scenery
from tests.benchmarks.bench import Bench
from tests.benchmarks.paced import RATE, paced
from tests.benchmarks.row import Figures, Row, Sides, own, share
from tests.end_to_end.live import ROOT, Live, environment

_PATH = "/v1/releases"
_REAL = 2000
_FEW, _MANY, _QUICK_MANY = 10_000, 10_000_000, 100_000
_DUE, _QUICK_DUE = 1_000_000, 20_000
_BEFORE_SECONDS = 20, 5
_STRIDE = 37
_WARMING_SECONDS = 5, 2


@contextmanager
def _among_many(bench: Bench) -> Iterator[Sides]:
    many = _filled(bench.directory / "many", bench.size(_MANY, _QUICK_MANY))
    few = _filled(bench.directory / "few", _FEW)
    seconds = bench.seconds * bench.size(4, 2)
    warming = bench.size(*_WARMING_SECONDS)
    with many.served() as ours, few.served() as yardstick:
        _warm(ours, many, warming)
        _warm(yardstick, few, warming)
        yield Sides(
            ours=partial(_released, ours, many, lambda passed: passed < seconds),
            yardstick=partial(_released, yardstick, few, lambda passed: passed < seconds),
        )


def _filled(data: Path, count: int, due: datetime | None = None) -> scenery.Prepared:
    place = scenery.prepared(data, _REAL)
    with scenery.closing_database(place.services()) as services:
        # Else the service, once it is up, would date all contacts by the terms anew.
        retention.redate(services.store, services.settings.deadlines)
    crowd.fill(place, count, due)
    return place


@contextmanager
def _beside_retention(bench: Bench) -> Iterator[Sides]:
    # Due only as of the time that the command is told: the service itself leaves them alone.
    due = now() + timedelta(days=2)
    place = _filled(bench.directory / "data", bench.size(_DUE, _QUICK_DUE), due)
    with place.served() as live:
        _warm(live, place, bench.size(*_WARMING_SECONDS))
        before = bench.size(*_BEFORE_SECONDS)
        yield Sides(
            ours=partial(_erasing, live, place, (due + timedelta(hours=1)).isoformat()),
            yardstick=partial(_released, live, place, lambda passed: passed < before),
        )


def _erasing(live: Live, place: scenery.Prepared, as_of: str) -> Figures:
    command = [sys.executable, "-m", "gateway", "retention", "run", "--json", "--now", as_of]
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(place.data), stdout=subprocess.PIPE
    ) as process:
        figures = _released(live, place, lambda _: process.poll() is None)
        told, _ = process.communicate()
    seconds = time.perf_counter() - began
    erased = json.loads(told)["erased"] * crowd.CONTACTS
    return {**figures, "seconds": seconds, "contacts_per_second": erased / seconds}


def _released(live: Live, place: scenery.Prepared, goes_on: Callable[[float], bool]) -> Figures:
    asked = [{"order_number": it, "purpose": "delivery-appointment"} for it in place.numbers]
    # Each at another place of the tables than the one before.
    spread = [one for first in range(_STRIDE) for one in asked[first::_STRIDE]]
    return paced(live.port, _PATH, place.token, spread, goes_on)


def _warm(live: Live, place: scenery.Prepared, seconds: float) -> None:
    """Until every thread has its connection and its caches."""
    _released(live, place, lambda passed: passed < seconds)


def _about_many(bench: Bench) -> str:
    return (
        f"{bench.size(_MANY, _QUICK_MANY):,} contacts in SQLite against {_FEW:,}, {RATE} releases/s; "
        f"{_REAL:,} orders are real and released, the others copies of their rows between them"
    )


def _about_due(bench: Bench) -> str:
    return (
        f"{bench.size(_DUE, _QUICK_DUE):,} due contacts in SQLite, {RATE} releases/s; the due ones "
        "are copies of real rows"
    )


ROWS = (
    Row(
        name="release-among-many",
        measure="release p99 among 10,000,000 live contacts",
        yardstick="among 10,000",
        figure="p99_ms",
        targets=(share("p99_ms", at_most=1.3),),
        sides=_among_many,
        rounds=3,
        about=_about_many,
    ),
    Row(
        name="retention",
        measure="release p99 while 1,000,000 due contacts are erased",
        yardstick="without it",
        figure="p99_ms",
        targets=(share("p99_ms", at_most=2), own("seconds", at_most=300)),
        sides=_beside_retention,
        rounds=1,
        about=_about_due,
    ),
)

"""What a worker costs before it does anything: the time until it answers, the memory that it holds."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from tests.benchmarks import scenery
from tests.benchmarks.bench import Bench
from tests.benchmarks.row import Figures, Row, Sides, beyond


@contextmanager
def _started(bench: Bench) -> Iterator[Sides]:
    place = scenery.prepared(bench.directory / "data", 1)
    around = scenery.with_bytecode(bench.directory.parent)
    sides = Sides(ours=partial(_gateway, place, around), yardstick=partial(_bare, around))
    # The start after an installation compiles all modules; every other one is measured.
    sides.yardstick()
    sides.ours()
    yield sides


def _gateway(place: scenery.Prepared, around: Mapping[str, str]) -> Figures:
    began = time.perf_counter()
    with place.served(**around) as live:
        return _figures(began, live.pid)


def _bare(around: Mapping[str, str]) -> Figures:
    began = time.perf_counter()
    with scenery.bare_process(**around) as (pid, _):
        return _figures(began, pid)


def _figures(began: float, pid: int) -> Figures:
    seconds = time.perf_counter() - began
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    workers = [
        one for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()
    ]
    return {"ready_seconds": seconds, "resident_MiB": median(map(_resident, workers))}


def _resident(pid: str) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


ROWS = (
    Row(
        name="worker",
        measure="from start to ready, idle since",
        yardstick="a bare Flask application on the same server",
        figure="ready_seconds",
        targets=(beyond("ready_seconds", at_most=1.5), beyond("resident_MiB", at_most=90)),
        sides=_started,
    ),
)

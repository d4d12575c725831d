"""Freight orders in, whole: parsed, validated, derived, sealed, on record; by the command."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from gateway.marketplaces.otto.shapes import judged
from tests.benchmarks import scenery
from tests.benchmarks.bench import Bench
from tests.benchmarks.row import Figures, Row, Sides, own
from tests.end_to_end.live import ROOT, environment

_FULL, _QUICK = 1_000_000, 12_000
_FIRST = 2500
"""So many that processes help."""

_SAMPLE = 4000


@contextmanager
def _import(bench: Bench) -> Iterator[Sides]:
    count = bench.size(_FULL, _QUICK)
    place = scenery.prepared(bench.directory / "data", 1)
    around = scenery.with_bytecode(bench.directory.parent)
    # The first import after an installation compiles all modules; every other one is measured.
    first = _written(bench.directory / "first.ndjson", count, _FIRST)
    _imported(place, first, _FIRST, around)
    file = _written(bench.directory / "orders.ndjson", 0, count)
    yield Sides(
        ours=partial(_imported, place, file, count, around),
        yardstick=partial(_read_alone, file),
    )


def _written(file: Path, after: int, count: int) -> Path:
    with file.open("w") as lines:
        for at in range(after + 1, after + 1 + count):
            lines.write(json.dumps(scenery.a_freight_order(at)) + "\n")
    return file


def _imported(
    place: scenery.Prepared, file: Path, count: int, around: Mapping[str, str]
) -> Figures:
    """In processes of its own; the memory is the most that the one that reads and stores ever had."""
    command = [sys.executable, "-m", "gateway", "orders", "import", str(file)]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env={**environment(place.data), **around}, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"the import ended with {process.returncode}")
    return {"orders_per_second": count / seconds, "peak_MiB": usage.ru_maxrss / 1024}


def _read_alone(file: Path) -> Figures:
    return {
        "orders_per_second": _rate(file, json.loads),
        "shaped_per_second": _rate(file, lambda line: judged(json.loads(line))),
    }


def _rate(file: Path, read: Callable[[bytes], object]) -> float:
    with file.open("rb") as lines:
        sample = [line for _, line in zip(range(_SAMPLE), lines, strict=False)]
    began = time.perf_counter()
    for line in sample:
        read(line)
    return len(sample) / (time.perf_counter() - began)


def _about(bench: Bench) -> str:
    return f"{bench.size(_FULL, _QUICK):,} orders; the target is about 1,000,000"


ROWS = (
    Row(
        name="import",
        measure="import of freight orders, whole",
        yardstick="json.loads of the same file (and, in the JSON, marshmallow alone), one thread",
        figure="orders_per_second",
        targets=(own("orders_per_second", at_least=6000), own("peak_MiB", at_most=250)),
        sides=_import,
        rounds=1,
        about=_about,
    ),
)

"""The transparency log: verified whole, appended to durably, and asked for a proof."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from pymerkle import SqliteTree

from gateway import settings
from gateway.app import assemble
from gateway.audit.entry import Action, Actor, Draft, Outcome
from gateway.audit.merkle import inclusion_proof
from gateway.audit.source import LogDirectory
from gateway.audit.tiles import ENTRIES, HEIGHT, Tile, edge_tiles
from gateway.audit.verdict import LogReport
from gateway.audit.verify import verify_log
from gateway.storage import schema, tree
from gateway.storage.store import Store, Transaction
from gateway.usecases import merchants
from gateway.usecases.log.sequence import integrate_waiting
from gateway.usecases.services import Services
from tests.benchmarks import scenery
from tests.benchmarks.bench import Bench
from tests.benchmarks.row import Figures, Row, Sides, beyond, own, share

_ENTRIES, _QUICK = 1_000_000, 20_000
_AT_ONCE = 10_000
_SMALL = 20
"""The log that memory is compared with has that part of the entries."""
_APPENDERS = 64
"""At once, in one process: as many as eight workers with their eight threads have under way."""
_PROOFS = 2000


_FACTS: dict[str, Any] = {
    "actor": Actor(role="carrier", id="c" * 32),
    "action": Action.CONTACT_RELEASED,
    "outcome": Outcome.PERMITTED,
    "purpose": "delivery-appointment",
    "policy": f"sha256:{'5f' * 32}",
    "subject": "Hq3hZ9b1v0" * 3,
    "carrier": "dachser",
    "fields": ("name", "phone", "email"),
    "request_id": "r" * 32,
}
"""An entry as a hand-over leaves it."""


def _release(tx: Transaction) -> None:
    tx.record(**_FACTS)


def _gateway(data: Path) -> Services:
    if not data.exists():
        scenery.remember_proof(data)
    services = assemble(settings.load({"GATEWAY_DATA": str(data)}))
    if not schema.at_head(services.store.database):
        schema.upgrade(services.store.database)
        merchants.create(services.store, "default", "Default")
    return services


def _log(bench: Bench, size: int) -> Path:
    """A gateway whose log has `size` entries, and the same log as files; made once for all rows."""
    place = bench.directory.parent / f"log-{size}"
    if place.exists():
        return place

    def fill(count: int, tx: Transaction) -> None:
        for _ in range(count):
            _release(tx)

    with scenery.closing_database(_gateway(place / "data")) as services:
        for first in range(0, size, _AT_ONCE):
            services.store.write("default", partial(fill, min(_AT_ONCE, size - first)))
        integrate_waiting(services.store)
        _laid_out(services.store, place / "files")
    return place


def _laid_out(store: Store, folder: Path) -> None:
    """The log as c2sp.org/tlog-tiles has it on disk, and its key."""
    with store.read() as connection:
        note = tree.checkpoint(connection, 1) or b""
        origin, size = note.decode().split("\n")[:2]
        folder.mkdir()
        (folder / "checkpoint").write_bytes(note)
        (folder / "vkey").write_text(store.logbook.notary.verifier(origin).vkey())
        for tile in _tiles(int(size)):
            path = folder / tile.path()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(tree.read(connection, 1, tile) or b"")


def _tiles(size: int) -> Iterator[Tile]:
    found = edge_tiles(size)
    level = 0
    while size >> HEIGHT * (level + 1):
        found += [Tile(level, index) for index in range(size >> HEIGHT * (level + 1))]
        level += 1
    for tile in found:
        yield tile
        if tile.level == 0:
            yield Tile(ENTRIES, tile.index, tile.width)


@contextmanager
def _verified(bench: Bench) -> Iterator[Sides]:
    size = bench.size(_ENTRIES, _QUICK)
    files = _log(bench, size) / "files"
    vkey = (files / "vkey").read_text()
    leaf = _a_leaf()

    def ours() -> Figures:
        began = time.perf_counter()
        report = verify_log(LogDirectory(files), vkey)
        seconds = time.perf_counter() - began
        if not isinstance(report, LogReport) or report.checkpoint.size < size:
            raise TypeError(f"the log does not verify: {report}")
        return {"entries_per_second": report.checkpoint.size / seconds}

    def bare() -> Figures:
        """As many leaf hashes and node hashes as the tree has, over bytes that are at hand."""
        node = bytes(65)
        began = time.perf_counter()
        for _ in range(size):
            sha256(leaf).digest()
            sha256(node).digest()
        return {"entries_per_second": size / (time.perf_counter() - began)}

    yield Sides(ours=ours, yardstick=bare)


def _a_leaf() -> bytes:
    """The bytes that are hashed for such an entry."""
    draft = Draft(id="0" * 32, merchant="default", **_FACTS)
    return b"\x00" + draft.at(index=_ENTRIES, time=scenery.now(), salt="0" * 32).leaf()


@contextmanager
def _memory(bench: Bench) -> Iterator[Sides]:
    size = bench.size(_ENTRIES, _QUICK * 4)
    large, small = (_log(bench, at) / "files" for at in (size, size // _SMALL))
    yield Sides(ours=lambda: _peak(large), yardstick=lambda: _peak(small))


def _peak(files: Path) -> Figures:
    """What a process of its own needed at the most to verify the log."""
    command = [sys.executable, "-m", "tests.benchmarks.rows.log", str(files)]
    done = subprocess.run(command, cwd=scenery.ROOT, check=True, capture_output=True, text=True)
    return {"peak_mb": float(done.stdout)}


@contextmanager
def _appended(bench: Bench) -> Iterator[Sides]:
    with (
        scenery.closing_database(_gateway(bench.directory / "data")) as services,
        closing(SqliteTree(str(bench.directory / "pymerkle.db"))) as other,
    ):
        leaf = _a_leaf()

        def one() -> None:
            services.store.write("default", _release)

        def ours() -> Figures:
            with ThreadPoolExecutor(_APPENDERS) as pool:
                end = time.perf_counter() + bench.seconds
                done = sum(pool.map(lambda _: _until(end, one), range(_APPENDERS)))
            return {"entries_per_second": done / bench.seconds}

        def pymerkle() -> Figures:
            end = time.perf_counter() + bench.seconds
            done = _until(end, lambda: other.append_entry(leaf))
            return {"entries_per_second": done / bench.seconds}

        yield Sides(ours=ours, yardstick=pymerkle)


def _until(end: float, step: Callable[[], object]) -> int:
    for done in count():
        if time.perf_counter() >= end:
            return done
        step()
    raise AssertionError


@contextmanager
def _proven(bench: Bench) -> Iterator[Sides]:
    size = bench.size(_ENTRIES, _QUICK)
    place = _log(bench, size)
    with scenery.closing_database(_gateway(place / "data")) as services:
        store = services.store

        def ours() -> Figures:
            return _median(lambda index: _prove(store, index, size), size)

        def bare() -> Figures:
            with closing(sqlite3.connect(place / "data" / "gateway.db")) as connection:
                return _median(lambda index: _read(connection, index), size)

        yield Sides(ours=ours, yardstick=bare)


def _prove(store: Store, index: int, size: int) -> None:
    with store.read() as connection:
        inclusion_proof(index, size, tree.hashes(connection, 1, size))


def _read(connection: sqlite3.Connection, index: int) -> None:
    for level in range(3):
        found = connection.execute(
            'SELECT data FROM tiles WHERE log = 1 AND level = ? AND "index" = ?',
            (level, index >> HEIGHT * (level + 1)),
        )
        found.fetchone()


def _median(step: Callable[[int], object], size: int) -> Figures:
    chance = Random(1)
    taken: list[float] = []
    for _ in range(_PROOFS):
        index = chance.randrange(size)
        began = time.perf_counter()
        step(index)
        taken.append(time.perf_counter() - began)
    return {"median_ms": median(taken) * 1000}


def _entries(bench: Bench) -> str:
    return f"{bench.size(_ENTRIES, _QUICK):,} entries" if bench.quick else ""


ROWS = (
    Row(
        name="log-verify",
        measure="verify-log, 1,000,000 entries",
        yardstick="a bare loop of the two SHA-256 that an entry needs",
        figure="entries_per_second",
        targets=(share("entries_per_second", at_least=0.25),),
        sides=_verified,
        rounds=3,
        about=_entries,
    ),
    Row(
        name="log-verify-memory",
        measure="memory of verify-log, 1,000,000 entries",
        yardstick="the same with a twentieth of the entries",
        figure="peak_mb",
        targets=(beyond("peak_mb", at_most=8),),
        sides=_memory,
        rounds=1,
        about=lambda bench: f"{_QUICK * 4:,} entries" if bench.quick else "",
    ),
    Row(
        name="log-append",
        measure="durable appends of one entry",
        yardstick="pymerkle's SQLite tree, one append after another",
        figure="entries_per_second",
        targets=(share("entries_per_second", at_least=10),),
        sides=_appended,
        about=lambda _bench: f"{_APPENDERS} appenders at once, each waits for its own entry",
    ),
    Row(
        name="log-proof",
        measure="inclusion proof at 1,000,000 leaves",
        yardstick="reading its tiles with sqlite3 alone",
        figure="median_ms",
        targets=(own("median_ms", at_most=1),),
        sides=_proven,
        rounds=3,
        about=_entries,
    ),
)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    outcome = verify_log(LogDirectory(folder), (folder / "vkey").read_text())
    if not isinstance(outcome, LogReport):
        raise SystemExit(str(outcome))
    # Not what getrusage tells, which a child begins with from its parent.
    status = Path("/proc/self/status").read_text()
    [peak] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    sys.stdout.write(str(int(peak) / 1024))

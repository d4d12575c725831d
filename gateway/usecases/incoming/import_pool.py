"""Reads, validates, derives and seals orders in processes of their own, for an import of many.

A process gets the orders' bytes, the marketplace with its facts and the two keys that sealing needs; no
database, no keyring, no key provider. What it gives back comes in the order of what it got.
"""

import gc
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from typing import NamedTuple, Protocol

from gateway.errors import Unavailable
from gateway.marketplaces.deriving import Rejected
from gateway.marketplaces.marketplace import Marketplace
from gateway.marketplaces.stream import Broken, Lines, Malformed, Outcome, RawOrder
from gateway.model.order import Order
from gateway.storage.bulk import Inserts, inserts
from gateway.usecases.incoming.ahead import Ready, ready
from gateway.usecases.services import Services
from gateway.vault.lending import BorrowedKeys, Loan
from gateway.vault.sealing import Sealer


class Refused(NamedTuple):
    """An order that does not hold, with its bytes."""

    rejected: Rejected
    raw: bytes


Made = Ready | Order | Refused | Malformed | Broken
"""What became of one outcome: the order, perhaps as rows already, or why there is none."""

_NEW_OBJECTS = 50_000
"""How many make a look for cycles worth while: a batch makes many at once, and none is part of one."""


class Awaited(Protocol):
    """Orders that are being made."""

    def result(self) -> list[Made]:
        """All of them, in their order."""


@dataclass(frozen=True, slots=True)
class _Bench:
    """What a process of the pool works with."""

    merchant: str
    marketplace: Marketplace
    sealer: Sealer
    inserts: Inserts


class Pool:
    """Processes, one for each core; each is given about as much at a time as makes a commit."""

    def __init__(self, executor: ProcessPoolExecutor, marketplace: Marketplace) -> None:
        self._executor = executor
        self._marketplace = marketplace

    def submit(self, part: Lines | Sequence[Outcome], now: datetime) -> Awaited:
        """Have a part of the input made, as of `now`; lines are read there as well."""
        with _in_our_words():
            if isinstance(part, Lines):
                return _Told(self._executor.submit(_make, part, now))
            packed = [self._marketplace.packed(one) for one in part if isinstance(one, RawOrder)]
            return _ToldOf(part, self._executor.submit(_make_packed, packed, now))


@dataclass(frozen=True, slots=True)
class _Told:
    """A future that says in our words what happened to its process."""

    future: "Future[list[Made]]"

    def result(self) -> list[Made]:
        with _in_our_words():
            return self.future.result()


@dataclass(frozen=True, slots=True)
class _ToldOf:
    """As `_Told`, of outcomes that were read here."""

    outcomes: Sequence[Outcome]
    future: "Future[list[Ready | Order | Rejected]]"

    def result(self) -> list[Made]:
        with _in_our_words():
            made = iter(self.future.result())
        return [
            _with_bytes(next(made), one) if isinstance(one, RawOrder) else one
            for one in self.outcomes
        ]


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        raise Unavailable(
            "import",
            "a process of the import was ended from outside; what was told is stored: "
            "run it again, and it goes on from there",
        ) from None


@contextmanager
def pool(
    services: Services, merchant: str, marketplace: Marketplace, processes: int
) -> Iterator[Pool]:
    """The processes, ended with the import; none of them outlives this one."""
    loan = Loan.of(*services.sealer.keys(services.store.clock()))
    executor = ProcessPoolExecutor(
        processes,
        # A forked process would inherit connections and keys.
        mp_context=get_context("spawn"),
        initializer=_begin,
        initargs=(merchant, marketplace, loan, services.store.database.engine.dialect.name),
    )
    usual = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS)
    try:
        yield Pool(executor, marketplace)
    finally:
        gc.set_threshold(*usual)
        executor.shutdown(cancel_futures=True)


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_benches: list[_Bench] = []


def made_here(marketplace: Marketplace, outcome: Outcome) -> Made:
    """What becomes of one outcome in the process that stores."""
    if not isinstance(outcome, RawOrder):
        return outcome
    return _with_bytes(marketplace.derived(outcome.value), outcome)


def _with_bytes(made: Ready | Order | Rejected, outcome: RawOrder) -> Ready | Order | Refused:
    return Refused(made, outcome.raw) if isinstance(made, Rejected) else made


def _begin(merchant: str, marketplace: Marketplace, loan: Loan, dialect: str) -> None:
    """Runs once in each process of the pool."""
    # Ctrl-C reaches every process at a terminal; the import ends these itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(_NEW_OBJECTS)
    sealer = Sealer(BorrowedKeys(loan), os.urandom)
    _benches.append(_Bench(merchant, marketplace, sealer, inserts(dialect)))


def _make(lines: Lines, now: datetime) -> list[Made]:
    [bench] = _benches
    found = (made_here(bench.marketplace, one) for one in lines.outcomes())
    return [_readied(bench, one, now) if isinstance(one, Order) else one for one in found]


def _make_packed(packed: Sequence[bytes], now: datetime) -> list[Ready | Order | Rejected]:
    [bench] = _benches
    found = map(bench.marketplace.prepared, packed)
    return [_readied(bench, one, now) if isinstance(one, Order) else one for one in found]


def _readied(bench: _Bench, order: Order, now: datetime) -> Ready | Order:
    rows = ready(bench.sealer, bench.inserts, bench.merchant, order, now, os.urandom)
    return order if rows is None else rows

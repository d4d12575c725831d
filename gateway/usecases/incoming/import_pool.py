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
from typing import Protocol

from gateway.errors import Unavailable
from gateway.marketplaces.deriving import Rejected
from gateway.marketplaces.marketplace import Marketplace
from gateway.model.order import Order
from gateway.usecases.incoming.ahead import Ready, ready
from gateway.usecases.services import Services
from gateway.vault.lending import BorrowedKeys, Loan
from gateway.vault.sealing import Sealer

Made = Rejected | Order | Ready
"""What became of one order: why it does not hold, or the order, perhaps as rows already."""


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


class Pool:
    """Processes, one for each core; each is given as much at a time as makes a commit."""

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor

    def submit(self, packed: Sequence[bytes], now: datetime) -> Awaited:
        """Have these orders made, as of `now`."""
        with _in_our_words():
            return _Told(self._executor.submit(_make, packed, now))


class _Told:
    """A future that says in our words what happened to its process."""

    def __init__(self, future: "Future[list[Made]]") -> None:
        self._future = future

    def result(self) -> list[Made]:
        with _in_our_words():
            return self._future.result()


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
        initargs=(merchant, marketplace, loan),
    )
    usual = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS)
    try:
        yield Pool(executor)
    finally:
        gc.set_threshold(*usual)
        executor.shutdown(cancel_futures=True)


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_benches: list[_Bench] = []


def _begin(merchant: str, marketplace: Marketplace, loan: Loan) -> None:
    """Runs once in each process of the pool."""
    # Ctrl-C reaches every process at a terminal; the import ends these itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(_NEW_OBJECTS)
    _benches.append(_Bench(merchant, marketplace, Sealer(BorrowedKeys(loan), os.urandom)))


def _make(packed: Sequence[bytes], now: datetime) -> list[Made]:
    [bench] = _benches
    return [_made(bench, one, now) for one in packed]


def _made(bench: _Bench, packed: bytes, now: datetime) -> Made:
    order = bench.marketplace.prepared(packed)
    if isinstance(order, Rejected):
        return order
    return ready(bench.sealer, bench.merchant, order, now, os.urandom) or order

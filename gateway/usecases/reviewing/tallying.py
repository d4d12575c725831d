"""Keeps the tallies of all logs up to date, and the hints that come of them, beside the requests and never in their way."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gateway.audit.faults import AuditError
from gateway.errors import GatewayError, Unavailable
from gateway.storage import arrivals, arriving, counting, summing, tallies
from gateway.storage.store import Store
from gateway.usecases.reviewing import noticing

_STEP = 1000
"""Entries that are counted in one transaction, for which others wait."""

_SOON = 20 * _STEP
"""Entries that are counted while somebody waits for the numbers: about a second."""

_PAUSE_SECONDS = 1.0


def count_waiting(store: Store, zone: tzinfo) -> None:
    """Count every entry that is not counted, and notice what is worth a look; `zone` has the days.

    A log with entries that are none keeps no other from being counted; its fault is raised in the end.
    """
    broken = _count_all(_TALLIES, store, zone)
    with store.read() as connection:
        whole = summing.waiting(connection)
    for log in whole:
        while _sum_up(store, log):
            pass
    broken = _count_all(_ARRIVALS, store, zone) or broken
    if broken is not None:
        raise broken


def catch_up(store: Store, log: int, merchant: str, zone: tzinfo, upto: int) -> None:
    """Count the entries of a log before `upto`, for whoever needs exact numbers now.

    Unavailable while so many wait, as after an upgrade, that nobody should sit through it.
    """
    _catch_up(_TALLIES, store, log, merchant, zone, upto)


def catch_up_arrivals(store: Store, log: int, merchant: str, zone: tzinfo, upto: int) -> None:
    """The same for whoever needs to know how many buyers there are."""
    _catch_up(_ARRIVALS, store, log, merchant, zone, upto)


@dataclass(frozen=True, slots=True)
class _Books:
    """What is counted apart: the logs that wait, how far one is, and a step, which says how many it took."""

    waiting: Callable[[Connection, tzinfo], Sequence[tuple[int, str]]]
    counted: Callable[[Connection, int, tzinfo], int]
    step: Callable[[Store, int, str, tzinfo], int]


def _count_all(books: _Books, store: Store, zone: tzinfo) -> AuditError | None:
    """The first fault of a log that could not be counted to its end."""
    with store.read() as connection:
        found = books.waiting(connection, zone)
    broken: AuditError | None = None
    for log, merchant in found:
        try:
            while books.step(store, log, merchant, zone) == _STEP:
                pass
        except AuditError as fault:
            broken = broken or fault
    return broken


def _catch_up(
    books: _Books, store: Store, log: int, merchant: str, zone: tzinfo, upto: int
) -> None:
    while True:
        with store.read() as connection:
            left = upto - books.counted(connection, log, zone)
        if left > _SOON:
            why = f"{left} entries are being counted; try again in some minutes"
            raise Unavailable("tallies", why)
        if left <= 0 or books.step(store, log, merchant, zone) == 0:
            return


def _tally(store: Store, log: int, merchant: str, zone: tzinfo) -> int:
    # Read and compared before others have to wait; only what comes of it is written.
    with store.look(merchant) as connection:
        uncounted = counting.following(connection, log, _STEP)
        repeated = noticing.repeated(connection, merchant, zone, uncounted.entries)
    if uncounted.entries:
        with store.change() as connection:
            if counting.count(connection, log, merchant, zone, uncounted):
                noticing.notice(connection, merchant, zone, uncounted.entries, repeated)
    return len(uncounted.entries)


def _arrive(store: Store, log: int, merchant: str, zone: tzinfo) -> int:
    with store.look(merchant) as connection:
        uncounted = arriving.following(connection, log, merchant, zone, _STEP)
    if uncounted.start < uncounted.end:
        with store.change() as connection:
            arriving.count(connection, log, merchant, zone, uncounted)
    return uncounted.end - uncounted.start


def _sum_up(store: Store, log: int) -> bool:
    with store.change() as connection:
        return summing.sum_up(connection, log)


_TALLIES = _Books(
    waiting=lambda connection, _zone: counting.waiting(connection),
    counted=lambda connection, log, _zone: tallies.counted(connection, log),
    step=_tally,
)
_ARRIVALS = _Books(waiting=arriving.waiting, counted=arrivals.counted, step=_arrive)


class Counter:
    """Looks for new entries until it is stopped; every worker has one, and any one suffices."""

    def __init__(self, store: Store, zone: tzinfo) -> None:
        self._store = store
        self._zone = zone
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="counter", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step under way; what is left waits for the next counter."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        told = ""
        while not self._stopped.wait(_PAUSE_SECONDS):
            why = self._look()
            # The entries stay where they are; the next look tries again.
            if why and why != told:
                structlog.get_logger().error("log.not_counted", fault=why)
            told = why

    def _look(self) -> str:
        """What kept entries from being counted; empty where nothing did, or another process counts."""
        try:
            with self._store.database.sole("counter") as is_sole:
                if is_sole:
                    count_waiting(self._store, self._zone)
        except (GatewayError, DBAPIError) as fault:
            return type(fault).__name__
        return ""

"""Deletes logs whose time is over, each whole; that it is gone, and how it ended, is on record.

A log that does not verify is never deleted: it is the evidence.
"""

from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import datetime

from gateway.audit import chain
from gateway.audit.entry import Action, Outcome
from gateway.audit.verdict import LogFault
from gateway.errors import Unavailable
from gateway.storage import logs, retired
from gateway.storage.logs import KeptLog
from gateway.storage.roles import may_shorten_logs
from gateway.storage.store import Store, Transaction
from gateway.usecases.actors import SERVICE
from gateway.usecases.log.sequence import integrate
from gateway.usecases.log.verify import judge

_BATCH = 2000
"""Entries in one transaction at the most: a release that waits for it waits some milliseconds."""

_VERIFIED = 100 * 256
"""Entries that are verified between two calls of `between`."""

Between = Callable[[], None]


def run(store: Store, keep_months: int, now: datetime, between: Between = lambda: None) -> int:
    """How many logs went whose last entry was made `keep_months` before `now` or earlier.

    A merchant's current log never goes; one that nothing was written to for so long is followed by
    a new one first. Interrupted, the next run goes on. Unavailable, after all others are done, names
    a log that does not verify. `between` is called between two steps; what it raises ends the run.
    """
    before = months_before(now, keep_months)
    with store.read() as connection:
        # Under the service's own role nothing leaves a log; who owns the tables runs this then.
        merchants = retired.over(connection, before) if may_shorten_logs(connection) else []
    gone, refused = 0, None
    for merchant in merchants:
        try:
            gone += _retire(store, merchant, before, between)
        except Unavailable as fault:
            refused = refused or fault
    if refused is not None:
        raise refused
    return gone


def months_before(now: datetime, months: int) -> datetime:
    """The same day and time so many months earlier, or that month's last day."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    day = min(now.day, monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)


def _retire(store: Store, merchant: str, before: datetime, between: Between) -> int:
    over = _over(store, merchant, before, between)
    for log in over:
        gone = False
        while not gone:
            with store.change() as connection:
                gone = retired.remove(connection, log.log, _BATCH)
            between()
        store.logbook.notary.release(log.origin)
    return len(over)


def _over(store: Store, merchant: str, before: datetime, between: Between) -> Sequence[KeptLog]:
    """The logs to remove; that each goes is on record."""
    # An empty work: where the current log's period is over, it gives way to a new one.
    store.write(merchant, lambda _tx: None)
    with store.read() as connection:
        kept = logs.of_merchant(connection, merchant)
    for log in kept:
        # What is on record counts once a checkpoint covers it.
        integrate(store, log.log)
    notary = store.logbook.notary
    with store.read() as connection:
        told = retired.deletions(connection, notary, merchant)
        over = logs.over(connection, merchant, before)
    for log in over:
        if log.origin not in told:
            _verify(store, log, between)

    def work(tx: Transaction) -> None:
        told = retired.deletions(tx.connection, notary, merchant)
        for log in over:
            if log.origin not in told:
                detail = chain.deleting(store.logbook.end(tx.connection, log.log))
                tx.record(SERVICE, Action.LOG_DELETED, Outcome.DONE, detail=detail)

    store.write(merchant, work)
    return over


def _verify(store: Store, log: KeptLog, between: Between) -> None:
    def progress(done: int, _total: int) -> None:
        if done % _VERIFIED == 0:
            between()

    notary = store.logbook.notary
    held = notary.held(log.origin)
    with store.read() as connection:
        outcome = judge(connection, notary, log, [held] if held else [], progress)
    if isinstance(outcome, LogFault):
        why = f"{log.origin} is not deleted, because it does not hold: {outcome.reason}"
        raise Unavailable("log", f"{why}; gateway audit verify")

"""Lets contacts go when their time is over: a few at a time, so that releases never wait for it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from gateway.audit.entry import Action, Outcome
from gateway.storage import answers, erasure
from gateway.storage.store import Store, Transaction
from gateway.usecases.actors import SERVICE

_BATCH = 200
"""Contacts in one transaction at the most: a release that waits for it waits some milliseconds."""

_KEEP_ANSWERS = timedelta(days=7)
"""How long a request may be repeated under its Idempotency-Key."""


def run(store: Store, now: datetime, between: Callable[[], None] = lambda: None) -> int:
    """How many orders lost their contact because it was due at `now`; each is an entry.

    What was done stays done when this is interrupted; the next run goes on from there. `between` is
    called between two batches; what it raises ends the run there.
    """
    erased = 0
    while batch := _due(store, now):
        for merchant, pairs in groupby(sorted(batch), key=itemgetter(0)):
            erased += _erase(store, merchant, [number for _, number in pairs], now)
        between()
    _forget_answers(store, now)
    return erased


def _due(store: Store, now: datetime) -> list[tuple[str, str]]:
    with store.read() as connection:
        return erasure.due(connection, now, _BATCH)


def _erase(store: Store, merchant: str, numbers: list[str], now: datetime) -> int:
    def work(tx: Transaction) -> int:
        # A delivery or an erasure may have come between.
        subjects = erasure.still_due(tx.connection, merchant, numbers, now)
        erasure.erase_contacts(tx.connection, merchant, list(subjects), tx.now)
        for subject in subjects.values():
            tx.record(SERVICE, Action.CONTACT_EXPIRED, Outcome.DONE, subject=subject)
        return len(subjects)

    return store.write(merchant, work)


def _forget_answers(store: Store, now: datetime) -> None:
    forgotten = 1
    while forgotten:
        with store.change() as connection:
            forgotten = answers.forget_before(connection, now - _KEEP_ANSWERS, _BATCH)

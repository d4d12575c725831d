"""Lets contacts go when their time is over: a few at a time, so that releases never wait for it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter, itemgetter

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.audit.entry import Action, Outcome
from gateway.errors import Unavailable
from gateway.model.kept import deletion_date
from gateway.settings import Deadlines
from gateway.storage import answers, dating, erasure, merchants, orders
from gateway.storage.dating import Terms
from gateway.storage.erasure import Due
from gateway.storage.reclaim import reclaim
from gateway.storage.store import Store, Transaction
from gateway.storage.tombstones import Kind, Tombstone
from gateway.usecases import outbox
from gateway.usecases.actors import SERVICE

_BATCH = 40
"""Contacts in one transaction at the most: a release that waits for it waits some milliseconds."""

_SKEW = timedelta(hours=1)
"""Nodes' clocks differ by far less."""

_KEEP_ANSWERS = timedelta(days=7)
"""How long a request may be repeated under its Idempotency-Key."""


def run(store: Store, now: datetime, between: Callable[[], None] = lambda: None) -> int:
    """How many orders lost their contact because it was due at `now`; each is an entry.

    What was done stays done when this is interrupted; the next run goes on from there. `between` is
    called between two batches; what it raises ends the run there.
    """
    erased = 0
    while batch := _due(store, now):
        for merchant, orders_ in groupby(sorted(batch), key=attrgetter("merchant")):
            erased += _erase(store, merchant, list(orders_), now)
        between()
    _forget_answers(store, now)
    outbox.forget_settled(store, now, _BATCH)
    _reclaim(store)
    return erased


def redate(store: Store, deadlines: Deadlines, between: Callable[[], None] = lambda: None) -> None:
    """Date stored contacts by the terms as they are configured now, where those have changed.

    Shorter terms bring a date nearer; longer ones never put off the latest date that was set at the
    import. To be called before `run`.
    """
    with store.read() as connection:
        dated = dating.terms(connection)
        known = [one.merchant for one in merchants.every(connection)]
    for merchant in known:
        own = deadlines.of(merchant)
        terms = (own.erase_after_delivery.days, own.erase_latest.days)
        if dated.get(merchant) != terms:
            _redate(store, merchant, own, terms, between)


def set_right(
    store: Store, deadlines: Deadlines, now: datetime, between: Callable[[], None] = lambda: None
) -> int:
    """Date what a clock that was ahead imported as if it came at `now`; how many orders that were.

    Nothing that was imported by now stays longer than the longest term from now. To be called after
    `redate` and before `run`, by a clock that is believed.
    """
    latest, found, changed = now + deadlines.longest + _SKEW, 0, 1
    while changed and (batch := _dated_beyond(store, latest)):
        changed = 0
        for merchant, pairs in groupby(sorted(batch), key=itemgetter(0)):
            changed += _set_right(store, merchant, [number for _, number in pairs], deadlines, now)
        found += changed
        between()
    return found


def _dated_beyond(store: Store, latest: datetime) -> Sequence[tuple[str, str]]:
    with store.read() as connection:
        return dating.dated_beyond(connection, latest, _BATCH)


def _set_right(
    store: Store, merchant: str, numbers: Sequence[str], deadlines: Deadlines, now: datetime
) -> int:
    own = deadlines.of(merchant)

    def work(tx: Transaction) -> int:
        kept = orders.kept(tx.connection, merchant, numbers)
        ahead = {number: order for number, order in kept.items() if order.imported_at > now}
        for number, order in ahead.items():
            latest_at = now + (order.latest_at - order.imported_at)
            delete_by = deletion_date(
                order.items, latest_at, order.at_most(own.erase_after_delivery)
            )
            dating.set_import(tx.connection, merchant, number, now)
            dating.date(tx.connection, merchant, number, latest_at, delete_by)
        return len(ahead)

    return store.write(merchant, work)


def _due(store: Store, now: datetime) -> list[Due]:
    with store.read() as connection:
        return erasure.due(connection, now, _BATCH)


def _erase(store: Store, merchant: str, due: Sequence[Due], now: datetime) -> int:
    numbers = [one.order_number for one in due]
    at = store.clock()
    tombstones = [Tombstone(at, Kind.CONTACT, merchant, one.subject) for one in due if one.subject]
    # Here, and not while everybody else waits to write: it takes as long as a commit.
    store.tombstones.bury(tombstones)

    def work(tx: Transaction) -> int:
        # A delivery or an erasure may have come between.
        subjects = erasure.still_due(tx.connection, merchant, numbers, now)
        erasure.erase_contacts(tx.connection, merchant, list(subjects), tx.now)
        tx.record_each(SERVICE, Action.CONTACT_EXPIRED, Outcome.DONE, subjects.values())
        return len(subjects)

    return store.write(merchant, work, tombstones)


def _redate(
    store: Store, merchant: str, own: Deadlines, terms: Terms, between: Callable[[], None]
) -> None:
    """All of a merchant's contacts; interrupted, it begins anew the next time."""
    after: str | None = ""
    while after is not None:
        place = after

        def work(tx: Transaction, place: str = place) -> str | None:
            numbers = dating.with_contacts(tx.connection, merchant, place, _BATCH)
            for order in orders.kept(tx.connection, merchant, numbers).values():
                latest_at = min(order.latest_at, order.imported_at + own.erase_latest)
                after_delivery = order.at_most(own.erase_after_delivery)
                delete_by = deletion_date(order.items, latest_at, after_delivery)
                dating.date(tx.connection, merchant, order.order_number, latest_at, delete_by)
            if len(numbers) < _BATCH:
                dating.set_terms(tx.connection, merchant, terms)
                return None
            return numbers[-1]

        after = store.write(merchant, work)
        between()


def _reclaim(store: Store) -> None:
    try:
        reclaim(store.database)
    except (DBAPIError, PoolTimeout) as fault:
        raise Unavailable("database", "the pages of what was erased are not given back") from fault


def _forget_answers(store: Store, now: datetime) -> None:
    forgotten = 1
    while forgotten:
        with store.change() as connection:
            forgotten = answers.forget_before(connection, now - _KEEP_ANSWERS, _BATCH)

"""Takes orders in: sealed, stored and recorded a batch at a time; no order is ever half stored."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.audit.entry import Action, Actor, Outcome
from gateway.errors import Conflict
from gateway.model.kept import KeptOrder
from gateway.model.merging import merged
from gateway.model.order import Order
from gateway.settings import Deadlines
from gateway.storage import orders
from gateway.storage.bulk import BoundOrder, inserts
from gateway.storage.store import Store, Transaction
from gateway.usecases import outbox
from gateway.usecases.incoming.ahead import Ahead, Ready, key_ids, named, sealed
from gateway.usecases.outbox import Pieces
from gateway.vault.sealing import Sealer

BATCH = 200
"""Orders in one transaction: enough to be quick, few enough that no release waits long."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the orders of one batch."""

    stored: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What is stored of a batch's orders before it."""

    merchant: str
    orders: Mapping[str, KeptOrder]
    fingerprints: Mapping[str, bytes | None]
    versions: Mapping[str, int]
    digests: Mapping[str, frozenset[bytes]]


@dataclass(slots=True)
class _Rows:
    """What a batch writes, collected so that each table is written once."""

    ready: list[tuple[BoundOrder, datetime]] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    """Whose order is stored, where that is all there is to tell of it."""
    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    contacts: list[dict[str, Any]] = field(default_factory=list)
    digests: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Intake:
    """The use case, with what it works on."""

    store: Store
    sealer: Sealer
    deadlines: Deadlines

    def __call__(
        self,
        merchant: str,
        asker: Actor,
        batch: Sequence[Order | Ahead],
        rejected: int,
        request_id: str | None,
        alongside: Callable[[Transaction], None] = lambda _tx: None,
    ) -> Tally:
        """Store a batch and put each change, and each of the `rejected`, on record.

        No order number may stand twice in one batch; Conflict where one is another marketplace's
        order, and nothing of the batch is stored then. `alongside` becomes durable with it.
        """

        def work(tx: Transaction) -> Tally:
            tally = self._store(tx, asker, batch, rejected, request_id)
            alongside(tx)
            return tally

        # Here, and not with the database held: the key provider may be slow, or down.
        self.sealer.ready(self.store.clock())
        return self.store.write(merchant, work)

    def _store(
        self,
        tx: Transaction,
        asker: Actor,
        batch: Sequence[Order | Ahead],
        rejected: int,
        request_id: str | None,
    ) -> Tally:
        known = _look_up(tx, batch)
        in_force = key_ids(self.sealer, tx.now)
        rows = _Rows()
        changed: list[KeptOrder] = []
        for one in batch:
            before = known.orders.get(one.order_number)
            if isinstance(one, Ahead):
                if before is None and one.ready.key_ids == in_force:
                    self._take_ready(tx, asker, rows, one.ready, request_id)
                    continue
                order = one.order()
            else:
                order = one
            if before and before.marketplace != order.marketplace:
                raise Conflict(
                    f"{order.order_number} is the number of an order of {before.marketplace}: give "
                    f"{order.marketplace} a number_prefix of its own (config/marketplaces/)"
                )
            fingerprint = self.sealer.fingerprint(tx.merchant, order, tx.now)
            if before and _is_old_news(self.sealer, order, before, fingerprint, known):
                continue
            after = self._take(tx, rows, order, before, fingerprint)
            if after.erased_at is None:
                self._seal(tx, rows, order, after, known.versions.get(order.order_number, 0) + 1)
            if before:
                changed.append(after)
            _Notes(tx, asker, after.subject, request_id).changed(before, after, order.discarded)
        tx.record_each(asker, Action.ORDER_STORED, Outcome.DONE, rows.subjects, request_id)
        nobody = [None] * rejected
        tx.record_each(asker, Action.ORDER_REJECTED, Outcome.REFUSED, nobody, request_id)
        _write(tx, rows)
        outbox.queue(tx, asker, _to_tell(known, rows, changed))
        stored = len(rows.ready) + len(rows.new) + len(rows.changed)
        return Tally(stored=stored, unchanged=len(batch) - stored)

    def _take_ready(
        self, tx: Transaction, asker: Actor, rows: _Rows, ready: Ready, request_id: str | None
    ) -> None:
        """Collect the rows of a new order with what its turn adds to them."""
        # Nothing of it is delivered yet.
        rows.ready.append((ready.rows, self._latest_at(tx, ready.latest)))
        if ready.discarded or ready.is_cancelled:
            _Notes(tx, asker, ready.subject, request_id).stored(ready.discarded, ready.is_cancelled)
        else:
            rows.subjects.append(ready.subject)

    def _take(
        self,
        tx: Transaction,
        rows: _Rows,
        order: Order,
        before: KeptOrder | None,
        fingerprint: bytes,
    ) -> KeptOrder:
        """Collect the rows of an order and its pieces; the order's new state."""
        subject, subject_key = named(tx.merchant, order.order_number, tx.entropy)
        after = merged(
            before,
            order,
            subject=subject,
            now=tx.now,
            latest_at=self._latest_at(tx, order.bar.latest),
        )
        columns = orders.columns(tx.merchant, after)
        columns["fingerprint"] = fingerprint if after.erased_at is None else None
        if before is None:
            times = after.imported_at, after.latest_at
            rows.new.append(columns | orders.first_columns(*times, after.subject, subject_key))
        else:
            rows.changed.append(columns)
        rows.items += orders.item_rows(tx.merchant, after)
        return after

    def _latest_at(self, tx: Transaction, bar: timedelta | None) -> datetime:
        """When the contact of an order that is new goes, whatever happens."""
        own = self.deadlines.of(tx.merchant).erase_latest
        return tx.now + (own if bar is None else min(own, bar))

    def _seal(
        self, tx: Transaction, rows: _Rows, order: Order, after: KeptOrder, version: int
    ) -> None:
        """Collect the rows of an order's envelopes and digests."""
        made = sealed(self.sealer, tx.merchant, order, tx.now, tx.entropy, version)
        delete_by = after.delete_by(self.deadlines.of(tx.merchant).erase_after_delivery)
        envelopes = orders.contact_rows((made.shop, made.freight))
        rows.contacts += [row | {"delete_by": delete_by} for row in envelopes]
        rows.digests += orders.digest_rows(tx.merchant, order.order_number, made.digests)


def _look_up(tx: Transaction, batch: Sequence[Order | Ahead]) -> _Known:
    numbers = [order.order_number for order in batch]
    known = orders.kept(tx.connection, tx.merchant, numbers)
    if not known:
        return _Known(tx.merchant, {}, {}, {}, {})
    return _Known(
        merchant=tx.merchant,
        orders=known,
        fingerprints=orders.fingerprints(tx.connection, tx.merchant, list(known)),
        versions=orders.contact_versions(tx.connection, tx.merchant, list(known)),
        digests=orders.digests(tx.connection, tx.merchant, _assigned(known.values())),
    )


def _assigned(known: Iterable[KeptOrder]) -> list[str]:
    """The orders of which a carrier has pieces."""
    return [order.order_number for order in known if any(it.carrier_id for it in order.items)]


def _to_tell(known: _Known, rows: _Rows, changed: Iterable[KeptOrder]) -> Iterator[Pieces]:
    """The pieces whose carriers have a phone or an e-mail that is not the buyer's any more, or none."""
    fresh: dict[str, set[bytes]] = {}
    for row in rows.digests:
        fresh.setdefault(row["order_number"], set()).add(row["digest"])
    for order in changed:
        number = order.order_number
        if fresh.get(number, set()) - known.digests.get(number, frozenset()):
            yield from outbox.pieces_of(order)


def _is_old_news(
    sealer: Sealer, order: Order, before: KeptOrder, fingerprint: bytes, known: _Known
) -> bool:
    if order.changed_at < before.changed_at:
        return True
    if before.erased_at is not None:
        # Its contact is gone for good; only the pieces' states may still move.
        return [(item.item_id, item.status) for item in order.items] == [
            (item.item_id, item.status) for item in before.items
        ]
    stored = known.fingerprints[order.order_number]
    return stored is not None and sealer.recognises(stored, fingerprint, known.merchant, order)


@dataclass(frozen=True, slots=True)
class _Notes:
    """Puts on record what becomes of one order."""

    tx: Transaction
    asker: Actor
    subject: str | None
    request_id: str | None

    def __call__(self, action: Action, fields: tuple[str, ...] = ()) -> None:
        self.tx.record(
            self.asker,
            action,
            Outcome.DONE,
            subject=self.subject,
            fields=fields,
            request_id=self.request_id,
        )

    def changed(
        self, before: KeptOrder | None, after: KeptOrder, discarded: tuple[str, ...]
    ) -> None:
        """What became of an order since it was stored before, if it was."""
        self.stored(discarded, bool(_cancelled(after) - _cancelled(before)))
        if _delivered(after) - _delivered(before):
            self(Action.ORDER_DELIVERED)
        if before and before.erased_at is None and after.erased_at is not None:
            self(Action.CONTACT_EXPIRED)

    def stored(self, discarded: tuple[str, ...], is_cancelled: bool) -> None:
        """What an import tells of an order; `is_cancelled` where a piece of it is, newly."""
        self(Action.ORDER_STORED)
        if discarded:
            self(Action.CONTACT_DISCARDED, discarded)
        if is_cancelled:
            self(Action.ORDER_CANCELLED)


def _cancelled(order: KeptOrder | None) -> frozenset[str]:
    pieces = order.items if order else ()
    return frozenset(item.item_id for item in pieces if item.status.is_cancelled)


def _delivered(order: KeptOrder | None) -> frozenset[str]:
    pieces = order.items if order else ()
    return frozenset(item.item_id for item in pieces if item.delivered_at is not None)


def _write(tx: Transaction, rows: _Rows) -> None:
    changed = [row["order_number"] for row in rows.changed]
    orders.drop_contacts(tx.connection, tx.merchant, changed)
    inserts(tx.connection.dialect.name).run(tx.connection, rows.ready, tx.now)
    orders.add(tx.connection, rows.new)
    orders.change(tx.connection, rows.changed)
    orders.replace_items(tx.connection, tx.merchant, changed, rows.items)
    orders.add_contacts(tx.connection, rows.contacts, rows.digests)

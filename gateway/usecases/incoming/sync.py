"""Brings a merchant's orders over from OTTO, page by page; each page and the place after it are one.

It may be stopped or killed anywhere: the next sync goes on from the last page that is durable, and
no page is taken in, or put on record, twice. Nothing of an order leaves here but into the intake.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any, Protocol

from gateway.audit.entry import Actor
from gateway.errors import Unavailable
from gateway.marketplaces.otto.calls import PART
from gateway.marketplaces.otto.client import CursorRefused, OrderPage
from gateway.marketplaces.otto.derive import derive
from gateway.marketplaces.stream import Broken, Malformed, OrderStream, RawOrder
from gateway.model.order import Order
from gateway.storage import delivery_types, progress
from gateway.storage.progress import Pass, Progress
from gateway.storage.store import Transaction
from gateway.usecases.holding import Renew
from gateway.usecases.incoming.importing import RejectedOrder
from gateway.usecases.incoming.intake import Tally
from gateway.usecases.services import Services

_STALE = timedelta(hours=12)
"""A pass that was broken off longer ago begins anew: a cursor does not live for ever."""

_LONGEST_SKU = 128


class Source(Protocol):
    """What a sync needs of the connection to OTTO."""

    def orders(self, since: datetime, cursor: str | None) -> OrderPage:
        """A page of orders that changed at `since` or later."""
        ...

    def delivery_type(self, sku: str) -> str | None:
        """How articles of this SKU are delivered."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What became of the orders so far, all of it durable.

    `rejected` are those that this sync was the first to turn away. `complete` tells that there was
    no page left.
    """

    pages: int = 0
    stored: int = 0
    unchanged: int = 0
    rejected: int = 0
    complete: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    """A page, read: orders in parts that hold no number twice, and what cannot be an order."""

    parts: Sequence[Sequence[Order]]
    rejected: Sequence[tuple[bytes, RejectedOrder]]
    reached: datetime | None


@dataclass(frozen=True, slots=True)
class Sync:
    """The use case for one merchant. `renew` is called in each page's transaction."""

    services: Services
    source: Source
    merchant: str
    asker: Actor
    request_id: str | None
    renew: Renew

    def __call__(
        self,
        *,
        since: datetime | None = None,
        on_page: Callable[[Synced], None] = lambda _done: None,
        on_rejected: Callable[[RejectedOrder], None] = lambda _order: None,
    ) -> Synced:
        """Read what changed since the last sync, or since `since`, to the last page.

        `on_page` is called when a page is durable; what it raises ends the sync there. Unavailable
        when OTTO, the database or the keys do not answer; what came before stays.
        """
        with self.services.store.read() as connection:
            known = progress.find(connection, self.merchant)
        place: Pass | None = self._begun(known, since)
        done = Synced()
        while place is not None:
            try:
                page = self.source.orders(place.since, place.cursor)
            except CursorRefused:
                if place.cursor is None or done.pages:
                    raise Unavailable(PART, "OTTO does not take its own cursor") from None
                place = self._begun(replace(known, under_way=None), since)
                continue
            known, done = self._take_in(page, known, place, done, on_rejected)
            place = known.under_way
            on_page(done)
        return done

    def _begun(self, known: Progress, since: datetime | None) -> Pass:
        """Where to go on: in the pass that was broken off, or else a new one."""
        now = self.services.store.clock()
        old = known.under_way
        if since is None and old is not None and old.begun_at <= now < old.begun_at + _STALE:
            return old
        facts = self.services.otto.api
        if since is None:
            since = now - facts.first if known.mark is None else known.mark - facts.overlap
        return Pass(since=since, begun_at=now, cursor=None, reached=None)

    def _take_in(
        self,
        page: OrderPage,
        known: Progress,
        place: Pass,
        done: Synced,
        on_rejected: Callable[[RejectedOrder], None],
    ) -> tuple[Progress, Synced]:
        """A page becomes durable, with how far the sync has come by it."""
        read = self._read(page)
        after = _after(known, place, read.reached, page.next_cursor, self.services.store.clock())
        digests = [digest for digest, _ in read.rejected]
        with self.services.store.read() as connection:
            told = progress.turned_away(connection, self.merchant, digests)
        fresh = {digest: order for digest, order in read.rejected if digest not in told}

        def keep(tx: Transaction) -> None:
            self.renew(tx.connection, tx.now)
            progress.turn_away(tx.connection, tx.merchant, digests, place.begun_at)
            progress.save(tx.connection, tx.merchant, after)
            if after.under_way is None:
                progress.forget_turned_away(tx.connection, tx.merchant, place.begun_at)

        tally = self._store(read.parts, len(fresh), keep)
        for order in fresh.values():
            on_rejected(order)
        return after, Synced(
            pages=done.pages + 1,
            stored=done.stored + tally.stored,
            unchanged=done.unchanged + tally.unchanged,
            rejected=done.rejected + len(fresh),
            complete=after.under_way is None,
        )

    def _store(
        self,
        parts: Sequence[Sequence[Order]],
        rejected: int,
        keep: Callable[[Transaction], None],
    ) -> Tally:
        """Every part; with the last one the rejected are recorded and the place after is kept."""
        stored = unchanged = 0
        for part in parts[:-1]:
            tally = self.services.intake(self.merchant, self.asker, part, 0, self.request_id)
            stored, unchanged = stored + tally.stored, unchanged + tally.unchanged
        last = self.services.intake(
            self.merchant, self.asker, parts[-1], rejected, self.request_id, keep
        )
        return Tally(stored + last.stored, unchanged + last.unchanged)

    def _read(self, page: OrderPage) -> _Read:
        outcomes = list(self._outcomes(page))
        raws = [outcome for outcome in outcomes if isinstance(outcome, RawOrder)]
        facts = replace(
            self.services.otto, skus=self.services.otto.skus.under(self._delivery_types(raws))
        )
        taken: list[Order] = []
        rejected: list[tuple[bytes, RejectedOrder]] = []
        for outcome in outcomes:
            if isinstance(outcome, RawOrder):
                derived = derive(outcome.value, facts)
                if isinstance(derived, Order):
                    taken.append(derived)
                else:
                    rejected.append(self._rejected(outcome, derived.order_number, derived.errors))
            else:
                errors = {"order": [outcome.message]}
                rejected.append(self._rejected(outcome, outcome.order_number, errors))
        reached = max((order.changed_at for order in taken), default=None)
        return _Read(list(_parts(taken)), rejected, reached)

    def _outcomes(self, page: OrderPage) -> Iterator[RawOrder | Malformed]:
        limit = self.services.settings.limits.order_bytes
        for outcome in OrderStream(BytesIO(page.body), order_bytes=limit):
            if isinstance(outcome, Broken):
                raise Unavailable(PART, f"OTTO's page cannot be read: {outcome.message}")
            yield outcome

    def _rejected(
        self,
        outcome: RawOrder | Malformed,
        order_number: str | None,
        errors: Mapping[str, Sequence[str]],
    ) -> tuple[bytes, RejectedOrder]:
        now = self.services.store.clock()
        digest = self.services.sealer.mark(self.merchant, outcome.raw or b"", now)
        return digest, RejectedOrder(
            position=outcome.position, order_number=order_number, errors=errors, raw=outcome.raw
        )

    def _delivery_types(self, raws: Iterable[RawOrder]) -> dict[str, str]:
        """How the articles of a page are delivered: as was said lately, else by asking."""
        wanted = sorted({sku for raw in raws for sku in _skus(raw.value)})
        store, now = self.services.store, self.services.store.clock()
        with store.read() as connection:
            since = now - self.services.otto.api.delivery_type_age
            known = delivery_types.known(connection, self.merchant, wanted, since)
        asked = {sku: self.source.delivery_type(sku) for sku in wanted if sku not in known}
        if asked:
            with store.change() as connection:
                delivery_types.keep(connection, self.merchant, asked, now)
        return {sku: kind for sku, kind in (known | asked).items() if kind is not None}


def _after(
    known: Progress, place: Pass, reached: datetime | None, cursor: str | None, now: datetime
) -> Progress:
    """How far the sync has come when this page is durable."""
    met = max((time for time in (place.reached, reached) if time is not None), default=None)
    if cursor is not None:
        return replace(known, under_way=replace(place, cursor=cursor, reached=met))
    # Never beyond the pass's own beginning, whatever an order says of its last change.
    marks = [] if met is None else [min(met, place.begun_at)]
    if known.mark is not None:
        marks.append(known.mark)
    return Progress(mark=max(marks, default=None), completed_at=now, under_way=None)


def _parts(orders: Iterable[Order]) -> Iterator[list[Order]]:
    """At least one part; a number's later version comes in a later one, judged by the earlier."""
    part: dict[str, Order] = {}
    for order in orders:
        if order.order_number in part:
            yield list(part.values())
            part = {}
        part[order.order_number] = order
    yield list(part.values())


def _skus(order: Mapping[str, Any]) -> Iterator[str]:
    """The SKUs of an order that nobody has looked at yet; what has not the form is passed over."""
    items = order.get("positionItems")
    for item in items if isinstance(items, list) else ():
        product = item.get("product") if isinstance(item, Mapping) else None
        sku = product.get("sku") if isinstance(product, Mapping) else None
        if isinstance(sku, str) and len(sku) <= _LONGEST_SKU and sku.isprintable() and sku.strip():
            yield sku.strip()

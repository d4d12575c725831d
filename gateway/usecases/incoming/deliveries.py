"""Learns from OTTO's shipments which pieces arrived; that closes windows and starts the deletion clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.audit.entry import Actor
from gateway.errors import Unavailable
from gateway.marketplaces.otto.calls import PART
from gateway.marketplaces.otto.client import CursorRefused, ShipmentPage
from gateway.marketplaces.otto.shipments import Shipment
from gateway.storage import shipments
from gateway.storage.store import Transaction
from gateway.usecases.deliver import arrived
from gateway.usecases.holding import Renew
from gateway.usecases.services import Services


class Source(Protocol):
    """What is needed of the connection to OTTO."""

    def shipments(self, since: datetime, cursor: str | None) -> ShipmentPage:
        """A page of shipments that were created at `since` or later."""
        ...

    def shipment(self, shipment_id: str) -> Shipment | None:
        """One shipment, with its pieces."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What was learnt so far, all of it durable.

    `delivered` are shipments that are newly known to have arrived, `orders` those that it changed,
    `unreadable` shipments that had not the shape of one.
    """

    pages: int = 0
    delivered: int = 0
    orders: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The use case for one merchant. `renew` is called in each page's transaction.

    OTTO lists shipments by their creation, not by their change: so each pass looks at all that are
    not too old, and asks for the pieces of those alone that arrived since the last one.
    """

    services: Services
    source: Source
    merchant: str
    asker: Actor
    request_id: str | None
    renew: Renew

    def __call__(self, on_page: Callable[[Learnt], None] = lambda _done: None) -> Learnt:
        """Look at every shipment that is not too old. Unavailable: what came before stays."""
        since = self.services.store.clock() - self.services.otto.api.shipment_age
        done, cursor, complete = Learnt(), None, False
        while not complete:
            try:
                page = self.source.shipments(since, cursor)
            except CursorRefused:
                raise Unavailable(PART, "OTTO does not take its own cursor") from None
            done = self._take_in(page, done)
            cursor, complete = page.next_cursor, page.next_cursor is None
            on_page(done)
        with self.services.store.change() as connection:
            # Noted later than created, so none is forgotten that is still listed.
            shipments.forget_noted(connection, self.merchant, since)
        return done

    def _take_in(self, page: ShipmentPage, done: Learnt) -> Learnt:
        fresh = self._fresh(page)

        def work(tx: Transaction) -> int:
            self.renew(tx.connection, tx.now)
            shipments.note(tx.connection, tx.merchant, [one.shipment_id for one in fresh], tx.now)
            return self._note(tx, fresh)

        changed = self.services.store.write(self.merchant, work)
        return Learnt(
            pages=done.pages + 1,
            delivered=done.delivered + len(fresh),
            orders=done.orders + changed,
            unreadable=done.unreadable + page.unreadable,
        )

    def _fresh(self, page: ShipmentPage) -> list[Shipment]:
        """Shipments that arrived and are not noted yet, with their pieces."""
        found = {one.shipment_id: one for one in page.shipments if _may_have_arrived(one)}
        with self.services.store.read() as connection:
            noted = shipments.noted(connection, self.merchant, list(found))
        whole = [self.source.shipment(one) for one in found if one not in noted]
        return [one for one in whole if one is not None and one.delivered_at is not None]

    def _note(self, tx: Transaction, fresh: Sequence[Shipment]) -> int:
        ids = {piece.sales_order_id for one in fresh for piece in one.pieces}
        numbers = shipments.order_numbers(tx.connection, tx.merchant, ids)
        arrivals: dict[str, dict[str, datetime]] = {}
        for one in fresh:
            for piece in one.pieces:
                number = numbers.get(piece.sales_order_id)
                if number is not None and one.delivered_at is not None:
                    arrivals.setdefault(number, {})[piece.item_id] = one.delivered_at
        deadlines = self.services.settings.deadlines
        return arrived(tx, deadlines, self.asker, arrivals, self.request_id)


def _may_have_arrived(shipment: Shipment) -> bool:
    return shipment.delivered_at is not None or not shipment.states_known

"""Reads orders from a stream and takes them in batch by batch; a bad order never holds up the good ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.audit.entry import Actor
from gateway.marketplaces.otto.derive import Rejected, derive
from gateway.marketplaces.stream import Broken, Malformed, OrderStream, RawOrder
from gateway.marketplaces.window import Readable
from gateway.model.order import Order
from gateway.usecases.intake import BATCH
from gateway.usecases.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedOrder:
    """An order that was not taken in; `position` counts from 1 in the input.

    `errors` maps field paths to messages without any value in them; `raw` is the order as it came,
    None where it is too long to be held.
    """

    position: int
    order_number: str | None
    errors: Mapping[str, Sequence[str]]
    raw: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the orders so far, all of it durable; `read` is in bytes of the input."""

    stored: int = 0
    unchanged: int = 0
    rejected: int = 0
    read: int = 0


@dataclass(frozen=True, slots=True)
class TooManyRejected:
    """The import ended early: what follows in the input was not read."""

    position: int


@dataclass(frozen=True, slots=True)
class Imported:
    """The end of an import; `ended` says why it ended before its input, None where it did not."""

    counts: Counts
    ended: Broken | TooManyRejected | None


def import_orders(
    services: Services,
    merchant: str,
    asker: Actor,
    source: Readable,
    *,
    request_id: str | None,
    on_rejected: Callable[[RejectedOrder], None],
    on_batch: Callable[[Counts], None],
    most_rejected: int | None = None,
) -> Imported:
    """Take in the orders of `source`: one order, a page, an array or NDJSON, in any length.

    `on_batch` is called after each durable commit. Whatever `source` raises goes through; what was
    counted then stays stored. `most_rejected` bounds how many bad orders are read before it ends.
    """
    run = _Run(services, merchant, asker, request_id, on_rejected, on_batch)
    stream = OrderStream(source, order_bytes=services.settings.limits.order_bytes)
    ended: Broken | TooManyRejected | None = None
    for outcome in stream:
        match outcome:
            case RawOrder():
                run.take(outcome)
            case Malformed():
                run.refuse(outcome)
            case Broken():
                ended = outcome
        if run.is_full:
            run.commit(stream.consumed)
        if most_rejected is not None and run.rejected >= most_rejected:
            ended = TooManyRejected(run.position)
            break
    run.commit(stream.consumed)
    return Imported(run.counts, ended)


class _Run:
    """The batch in hand, and the counts of those before it."""

    def __init__(
        self,
        services: Services,
        merchant: str,
        asker: Actor,
        request_id: str | None,
        on_rejected: Callable[[RejectedOrder], None],
        on_batch: Callable[[Counts], None],
    ) -> None:
        self.counts = Counts()
        self.position = 0
        self.rejected = 0
        self._services = services
        self._merchant = merchant
        self._asker = asker
        self._request_id = request_id
        self._on_rejected = on_rejected
        self._on_batch = on_batch
        self._orders: dict[str, Order] = {}
        self._refused = 0

    @property
    def is_full(self) -> bool:
        return len(self._orders) + self._refused >= BATCH

    def take(self, raw: RawOrder) -> None:
        derived = derive(raw.value, self._services.otto)
        if isinstance(derived, Rejected):
            self._reject(raw.position, derived.order_number, derived.errors, raw.raw)
            return
        if derived.order_number in self._orders:
            # The later version is judged by what the earlier one left in the database.
            self.commit(self.counts.read)
        self.position = raw.position
        self._orders[derived.order_number] = derived

    def refuse(self, bad: Malformed) -> None:
        place = f"at line {bad.line}, byte {bad.byte}: {bad.message}"
        self._reject(bad.position, bad.order_number, {"order": [place]}, bad.raw)

    def commit(self, read: int) -> None:
        if self._orders or self._refused:
            batch = list(self._orders.values())
            tally = self._services.intake(
                self._merchant, self._asker, batch, self._refused, self._request_id
            )
            self.counts = Counts(
                stored=self.counts.stored + tally.stored,
                unchanged=self.counts.unchanged + tally.unchanged,
                rejected=self.rejected,
                read=read,
            )
            self._orders = {}
            self._refused = 0
        self._on_batch(self.counts)

    def _reject(
        self,
        position: int,
        order_number: str | None,
        errors: Mapping[str, Sequence[str]],
        raw: bytes | None,
    ) -> None:
        self.position = position
        self.rejected += 1
        self._refused += 1
        self._on_rejected(
            RejectedOrder(position=position, order_number=order_number, errors=errors, raw=raw)
        )

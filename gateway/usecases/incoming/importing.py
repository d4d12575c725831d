"""Reads orders from a stream and takes them in batch by batch; a bad order never holds up the good ones."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain, islice

from gateway.audit.entry import Actor
from gateway.marketplaces.deriving import Rejected
from gateway.marketplaces.marketplace import Documents, Marketplace
from gateway.marketplaces.stream import Broken, Malformed, Outcome, RawOrder
from gateway.marketplaces.window import Readable
from gateway.model.order import Order
from gateway.storage import statistics
from gateway.usecases.incoming.ahead import Ahead, Ready
from gateway.usecases.incoming.import_pool import Awaited, Made, pool
from gateway.usecases.incoming.intake import BATCH
from gateway.usecases.services import Services

_WORTH_LEARNING = 10 * BATCH
"""Stored orders after which the database plans as if there were still none; later, four times as many."""

_WORTH_A_POOL = 10 * BATCH
"""Orders that are through before the processes of a pool would have begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedOrder:
    """An order that was not taken in; `position` counts from 1 in the input.

    `errors` maps field paths to messages without any value in them; `raw` is the order as it came,
    None where it is too long to be held. `again` is the same as it stands in a file of rejects, which
    begins with `head`.
    """

    position: int
    order_number: str | None
    errors: Mapping[str, Sequence[str]]
    raw: bytes | None = field(repr=False)
    again: bytes | None = field(default=None, repr=False)
    head: bytes = field(default=b"", repr=False)


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
    marketplace: Marketplace,
    source: Readable,
    *,
    request_id: str | None,
    on_rejected: Callable[[RejectedOrder], None],
    on_batch: Callable[[Counts], None],
    most_rejected: int | None = None,
    processes: int = 0,
) -> Imported:
    """Take in the orders of `source`, as `marketplace` writes them, in any length.

    `on_batch` is called after each durable commit. Whatever `source` raises goes through; what was
    counted then stays stored. `most_rejected` bounds how many bad orders are read before it ends.
    With `processes` a long import is read, derived and sealed by as many beside this one; what comes
    of it is the same, in the same order.
    """
    stream = marketplace.documents(source, services.settings.limits.order_bytes)
    run = _Run(services, merchant, asker, marketplace, stream, request_id, on_rejected, on_batch)
    with ExitStack() as stack:
        for part in _made(services, merchant, marketplace, stream, processes, stack):
            for outcome, made in part.outcomes:
                match outcome:
                    case RawOrder():
                        run.take(outcome, made)
                    case Malformed():
                        run.refuse(outcome)
                    case Broken():
                        run.commit(part.consumed)
                        return Imported(run.counts, outcome)
                if run.is_full:
                    run.commit(part.consumed)
                if most_rejected is not None and run.rejected >= most_rejected:
                    run.commit(part.consumed)
                    return Imported(run.counts, TooManyRejected(run.position))
    run.commit(stream.consumed)
    return Imported(run.counts, None)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some outcomes of the stream with what was made of them; `consumed` as it was after them."""

    outcomes: Iterable[tuple[Outcome, Made | None]]
    consumed: int


def _made(
    services: Services,
    merchant: str,
    marketplace: Marketplace,
    stream: Documents,
    processes: int,
    stack: ExitStack,
) -> Iterator[_Part]:
    """The stream in parts: the first ones made here, the others by a pool that it is then worth."""
    outcomes = iter(stream)
    here = islice(outcomes, _WORTH_A_POOL) if processes else outcomes
    for outcome in here:
        made: Made | None = None
        if isinstance(outcome, RawOrder):
            made = marketplace.derived(outcome.value)
        yield _Part([(outcome, made)], stream.consumed)
    if not processes or (first := next(outcomes, None)) is None:
        return
    workers = stack.enter_context(pool(services, merchant, marketplace, processes))
    under_way: deque[tuple[list[Outcome], Awaited, int]] = deque()
    further = chain([first], outcomes)
    while part := list(islice(further, BATCH)):
        packed = [marketplace.packed(one) for one in part if isinstance(one, RawOrder)]
        awaited = workers.submit(packed, services.store.clock())
        under_way.append((part, awaited, stream.consumed))
        # Enough that nobody waits for work, few enough that memory does not grow with the input.
        if len(under_way) > 2 * processes:
            yield _finished(*under_way.popleft())
    while under_way:
        yield _finished(*under_way.popleft())


def _finished(part: list[Outcome], awaited: Awaited, consumed: int) -> _Part:
    made = iter(awaited.result())
    paired = [(one, next(made) if isinstance(one, RawOrder) else None) for one in part]
    return _Part(paired, consumed)


class _Run:
    """The batch in hand, and the counts of those before it."""

    def __init__(
        self,
        services: Services,
        merchant: str,
        asker: Actor,
        marketplace: Marketplace,
        stream: Documents,
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
        self._marketplace = marketplace
        self._stream = stream
        self._request_id = request_id
        self._on_rejected = on_rejected
        self._on_batch = on_batch
        self._orders: dict[str, Order | Ahead] = {}
        self._refused = 0
        self._learn_at = _WORTH_LEARNING

    @property
    def is_full(self) -> bool:
        return len(self._orders) + self._refused >= BATCH

    def take(self, raw: RawOrder, made: Made | None) -> None:
        if isinstance(made, Rejected):
            self._reject(raw.position, made.order_number, made.errors, raw.raw)
            return
        if made is None:
            raise RuntimeError("an order was read that nobody derived")
        order = self._ahead(raw, made) if isinstance(made, Ready) else made
        if order.order_number in self._orders:
            # The later version is judged by what the earlier one left in the database.
            self.commit(self.counts.read)
        self.position = raw.position
        self._orders[order.order_number] = order

    def _ahead(self, raw: RawOrder, ready: Ready) -> Ahead:
        def order() -> Order:
            found = self._marketplace.derived(raw.value)
            if isinstance(found, Rejected):
                raise TypeError("an order that another process took is rejected here")
            return found

        return Ahead(ready, order)

    def refuse(self, bad: Malformed) -> None:
        place = f"at line {bad.line}, byte {bad.byte}: {bad.message}"
        self._reject(bad.position, bad.order_number, {"order": [place]}, bad.raw)

    def commit(self, read: int) -> None:
        if self._orders or self._refused:
            batch = list(self._orders.values())
            tally = self._services.intake(
                self._merchant,
                self._asker,
                batch,
                self._refused,
                self._request_id,
            )
            self.counts = Counts(
                stored=self.counts.stored + tally.stored,
                unchanged=self.counts.unchanged + tally.unchanged,
                rejected=self.rejected,
                read=read,
            )
            self._orders = {}
            self._refused = 0
            if self.counts.stored >= self._learn_at:
                # Else each batch would be looked up by reading all orders of the merchant.
                statistics.learn(self._services.store.database)
                self._learn_at = 4 * self.counts.stored
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
            RejectedOrder(
                position=position,
                order_number=order_number,
                errors=errors,
                raw=raw,
                again=None if raw is None else self._stream.again(raw),
                head=self._stream.head,
            )
        )

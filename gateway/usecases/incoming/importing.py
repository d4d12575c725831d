"""Reads orders from a stream and takes them in batch by batch; a bad order never holds up the good ones."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from gateway.audit.entry import Actor
from gateway.marketplaces.deriving import Rejected
from gateway.marketplaces.marketplace import Documents, Marketplace
from gateway.marketplaces.stream import Broken, Lines, Malformed, Outcome, RawOrder
from gateway.marketplaces.window import Readable
from gateway.model.order import Order
from gateway.storage import statistics
from gateway.usecases.incoming.ahead import Ahead, Ready
from gateway.usecases.incoming.import_pool import Awaited, Made, Refused, made_here, pool
from gateway.usecases.incoming.intake import BATCH
from gateway.usecases.services import Services

_WORTH_LEARNING = 10 * BATCH
"""Stored orders after which the database plans as if there were still none; later, four times as many."""

_WORTH_A_POOL = 10 * BATCH
"""Orders that are through before the processes of a pool would have begun."""


_READY_BATCH = 500
"""Orders in one transaction whose rows are ready: these hold up nobody longer than `BATCH` others."""


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
    run = _Run(
        *(services, merchant, asker, marketplace, stream, request_id, on_rejected, on_batch),
        most=_READY_BATCH if processes else BATCH,
    )
    with ExitStack() as stack:
        for part in _made(services, merchant, marketplace, stream, processes, stack):
            for at, made in enumerate(part.made):
                if isinstance(made, Broken):
                    run.commit(part.consumed)
                    return Imported(run.counts, made)
                run.take(part, at, made)
                if run.is_full:
                    run.commit(part.consumed)
                if most_rejected is not None and run.rejected >= most_rejected:
                    run.commit(part.consumed)
                    return Imported(run.counts, TooManyRejected(run.position))
    run.commit(stream.consumed)
    return Imported(run.counts, None)


@dataclass(slots=True)
class _Part:
    """A part of the input, and what was made of each of its outcomes; `consumed` as it was after it."""

    source: Lines | Sequence[Outcome]
    made: Sequence[Made]
    consumed: int

    def raw(self, at: int) -> RawOrder:
        """One of its orders as it came."""
        if isinstance(self.source, Lines):
            self.source = list(self.source.outcomes())
        found = self.source[at]
        if not isinstance(found, RawOrder):
            raise TypeError("an order that another process took is none here")
        return found


def _made(
    services: Services,
    merchant: str,
    marketplace: Marketplace,
    stream: Documents,
    processes: int,
    stack: ExitStack,
) -> Iterator[_Part]:
    """The stream in parts: the first ones made here, the others by a pool that it is then worth."""
    if not processes:
        for outcome in stream:
            yield _Part([outcome], [made_here(marketplace, outcome)], stream.consumed)
        return
    parts = _parts(stream)
    count = 0
    while count < _WORTH_A_POOL and (part := next(parts, None)) is not None:
        outcomes = list(part.outcomes()) if isinstance(part, Lines) else part
        count += len(outcomes)
        made = [made_here(marketplace, one) for one in outcomes]
        yield _Part(outcomes, made, stream.consumed)
    if (part := next(parts, None)) is None:
        return
    workers = stack.enter_context(pool(services, merchant, marketplace, processes))
    under_way: deque[tuple[Lines | Sequence[Outcome], Awaited, int]] = deque()
    for further in chain([part], parts):
        awaited = workers.submit(further, services.store.clock())
        under_way.append((further, awaited, stream.consumed))
        # Enough that nobody waits for work, few enough that memory does not grow with the input.
        if len(under_way) > 2 * processes:
            yield _finished(under_way.popleft())
    while under_way:
        yield _finished(under_way.popleft())


def _parts(stream: Documents) -> Iterator[Lines | Sequence[Outcome]]:
    """Unread lines as they come; of other forms the first outcomes one by one, then many at once."""
    unread = stream.coarsely()
    for count, one in zip(range(_WORTH_A_POOL), unread, strict=False):
        del count
        yield one if isinstance(one, Lines) else [one]
    some: list[Outcome] = []
    for one in unread:
        if isinstance(one, Lines):
            yield one
            continue
        some.append(one)
        if len(some) == BATCH:
            yield some
            some = []
    if some:
        yield some


def _finished(submitted: tuple[Lines | Sequence[Outcome], Awaited, int]) -> _Part:
    part, awaited, consumed = submitted
    return _Part(part, awaited.result(), consumed)


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
        most: int,
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
        self._most = most
        self._orders: dict[str, Order | Ahead] = {}
        self._refused = 0
        self._learn_at = _WORTH_LEARNING

    @property
    def is_full(self) -> bool:
        return len(self._orders) + self._refused >= self._most

    def take(self, part: _Part, at: int, made: Made) -> None:
        """The next of the input, which is an order or was to be one."""
        self.position += 1
        match made:
            case Ready():
                self._take(Ahead(made, partial(self._again, part, at)))
            case Order():
                self._take(made)
            case Refused():
                self._reject(made.rejected.order_number, made.rejected.errors, made.raw)
            case Malformed():
                place = f"at line {made.line}, byte {made.byte}: {made.message}"
                self._reject(made.order_number, {"order": [place]}, made.raw)

    def _take(self, order: Order | Ahead) -> None:
        if order.order_number in self._orders:
            # The later version is judged by what the earlier one left in the database.
            self.commit(self.counts.read)
        self._orders[order.order_number] = order

    def _again(self, part: _Part, at: int) -> Order:
        found = self._marketplace.derived(part.raw(at).value)
        if isinstance(found, Rejected):
            raise TypeError("an order that another process took is rejected here")
        return found

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
        order_number: str | None,
        errors: Mapping[str, Sequence[str]],
        raw: bytes | None,
    ) -> None:
        self.rejected += 1
        self._refused += 1
        self._on_rejected(
            RejectedOrder(
                position=self.position,
                order_number=order_number,
                errors=errors,
                raw=raw,
                again=None if raw is None else self._stream.again(raw),
                head=self._stream.head,
            )
        )

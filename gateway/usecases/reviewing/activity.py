"""Shows the log to people, sought by any of its facts; every look is itself an entry, made before."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from gateway.audit.entry import Action, Actor, Entry, Outcome
from gateway.errors import InvalidInput
from gateway.storage import activity, orders, tallies
from gateway.storage import entries as stored
from gateway.storage.entries import Sought, Stretch
from gateway.storage.store import Store, Transaction
from gateway.storage.tallies import Kind, Piece
from gateway.usecases.reviewing.criteria import Criteria, Facet, values_of
from gateway.usecases.reviewing.lines import Line, Names, lines, names

LINES = 50
"""Entries on one page."""

_CURSOR = re.compile(r"([0-9]{1,9})\.([0-9]{1,18})", re.ASCII)
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One page of what was sought, newest first.

    `total` is how many entries fit; `facets` how many would, for each value of a facet, were the
    facet itself left open. `lags` tells that younger entries are not counted yet.
    """

    lines: Sequence[Line]
    next_cursor: str | None
    total: int
    facets: Mapping[Facet, Mapping[str, int]]
    names: Names
    lags: bool


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look that is on record may show: the logs, newest first, up to itself."""

    stretches: Sequence[Stretch]
    subject: str | None


@dataclass(slots=True)
class _Tail:
    """The entries of a stretch that the tallies do not hold yet, newest first."""

    entries: list[Entry]
    lags: bool


_TAIL = 5000


def view(
    store: Store,
    merchant: str,
    asker: Actor,
    criteria: Criteria,
    cursor: str | None,
    request_id: str,
    limit: int = LINES,
) -> View:
    """A page of the merchant's entries; InvalidInput when the cursor is not one that a page gave."""
    place = None if cursor is None else _place(cursor)
    look = _record(store, merchant, asker, Action.AUDIT_VIEWED, criteria, request_id)
    with store.read() as connection:
        if criteria.order_number is not None:
            found = _about_order(connection, look)
            chosen = [it for it in found if criteria.fit(Kind.of(it[1]))]
            counts = Counter(Kind.of(entry) for _, entry in found)
            page = [it for it in chosen if place is None or (it[0], it[1].index) < place]
            lags = False
        else:
            page, counts, lags = _sought(connection, merchant, look, criteria, place, limit)
        shown = page[:limit]
        following = None
        if len(page) > limit:
            log, entry = shown[-1]
            following = f"{log}.{entry.index}"
        return View(
            lines=lines(connection, merchant, [entry for _, entry in shown]),
            next_cursor=following,
            total=sum(number for kind, number in counts.items() if criteria.fit(kind)),
            facets={facet: _facet(counts, criteria, facet) for facet in Facet},
            names=names(connection, merchant),
            lags=lags,
        )


def export(
    store: Store, merchant: str, asker: Actor, criteria: Criteria, request_id: str
) -> Iterator[Entry]:
    """Every entry that is sought, as they stood when it was put on record, oldest first."""
    look = _record(store, merchant, asker, Action.AUDIT_EXPORTED, criteria, request_id)
    return _exported(store, merchant, look, criteria)


# ---- On record ----------------------------------------------------------------------------------


def _record(
    store: Store,
    merchant: str,
    asker: Actor,
    action: Action,
    criteria: Criteria,
    request_id: str,
) -> _Look:
    """Put the look on record; what it may show ends before this very entry."""

    def work(tx: Transaction) -> _Look:
        subject = None
        if criteria.order_number is not None:
            kept = orders.kept(tx.connection, tx.merchant, [criteria.order_number])
            order = kept.get(criteria.order_number)
            subject = order.subject if order else None
        parts = stored.stretches(tx.connection, tx.merchant, criteria.since, criteria.until)
        sought = criteria.names()
        tx.record(
            asker,
            action,
            Outcome.DONE,
            subject=subject,
            request_id=request_id,
            detail={"filters": sought} if sought else {},
        )
        return _Look(parts, subject)

    return store.write(merchant, work)


# ---- Seeking ------------------------------------------------------------------------------------


def _sought(
    connection: Connection,
    merchant: str,
    look: _Look,
    criteria: Criteria,
    place: tuple[int, int] | None,
    limit: int,
) -> tuple[list[tuple[int, Entry]], "Counter[Kind]", bool]:
    """A page and one entry more; how many entries of each kind there are; whether some are uncounted."""
    known = tallies.known(connection, merchant)
    chosen = [id_ for id_, kind in known.items() if criteria.fit(kind)]
    page: list[tuple[int, Entry]] = []
    counts: Counter[Kind] = Counter()
    lags = False
    for stretch in look.stretches:
        upto = max(stretch.low, min(stretch.high, tallies.counted(connection, stretch.log)))
        tail = _tail(connection, replace(stretch, low=upto))
        lags = lags or tail.lags
        counts.update(Kind.of(entry) for entry in tail.entries)
        counted = Piece(stretch.log, stretch.low, upto)
        for id_, number in tallies.sums(connection, counted).items():
            counts[known[id_]] += number
        before = _before(stretch, place)
        if len(page) <= limit and before.low < before.high:
            wanted = limit + 1 - len(page)
            page += _newest(connection, before, upto, tail, criteria, chosen, wanted)
    return page, counts, lags


def _newest(
    connection: Connection,
    part: Stretch,
    upto: int,
    tail: _Tail,
    criteria: Criteria,
    chosen: Sequence[int],
    wanted: int,
) -> list[tuple[int, Entry]]:
    """The last entries of a stretch that are sought: of its tail first, then by the tallies."""
    if criteria.is_open:
        leaves = [it.leaf for it in stored.newest(connection, part, Sought(), wanted)]
        return [(part.log, Entry.parse(leaf)) for leaf in leaves]
    found = [it for it in tail.entries if it.index < part.high and criteria.fit(Kind.of(it))]
    if len(found) < wanted:
        piece = Piece(part.log, part.low, min(part.high, upto))
        places = tallies.newest(connection, piece, chosen, wanted - len(found))
        leaves = activity.at(connection, part.log, places)
        # The tallies only help to find: what is shown is what the leaf says.
        parsed = (Entry.parse(leaf) for leaf in leaves)
        found += [entry for entry in parsed if criteria.fit(Kind.of(entry))]
    return [(part.log, entry) for entry in found[:wanted]]


def _tail(connection: Connection, part: Stretch) -> _Tail:
    found = stored.newest(connection, part, Sought(), _TAIL)
    lags = part.high - part.low > _TAIL
    return _Tail([Entry.parse(one.leaf) for one in found], lags)


def _about_order(connection: Connection, look: _Look) -> list[tuple[int, Entry]]:
    """All entries of one subject, newest first; none when the order has no name in the log any more."""
    if look.subject is None:
        return []
    sought = Sought(subject=look.subject)
    return [
        (stretch.log, Entry.parse(one.leaf))
        for stretch in look.stretches
        for one in reversed(stored.every(connection, stretch, sought))
    ]


def _exported(store: Store, merchant: str, look: _Look, criteria: Criteria) -> Iterator[Entry]:
    if criteria.order_number is not None:
        with store.read() as connection:
            found = _about_order(connection, look)
        yield from (it for _, it in reversed(found) if criteria.fit(Kind.of(it)))
        return
    for stretch in reversed(look.stretches):
        low = stretch.low
        while low < stretch.high:
            # Each piece in a snapshot of its own: a long export must not hold back the journal.
            high = min(stretch.high, low - low % tallies.BLOCK + tallies.BLOCK)
            part = replace(stretch, low=low, high=high)
            with store.read() as connection:
                told = _part(connection, merchant, part, criteria)
            yield from told
            low = high


def _part(connection: Connection, merchant: str, part: Stretch, criteria: Criteria) -> list[Entry]:
    """What is sought of one block."""
    if tallies.counted(connection, part.log) < part.high or criteria.is_open:
        found = stored.every(connection, part, Sought())
        parsed = (Entry.parse(one.leaf) for one in found)
    else:
        known = tallies.known(connection, merchant)
        chosen = {id_ for id_, kind in known.items() if criteria.fit(kind)}
        places = list(tallies.oldest(connection, Piece(part.log, part.low, part.high), chosen))
        leaves = [
            leaf
            for at in range(0, len(places), _CHUNK)
            for leaf in activity.at(connection, part.log, places[at : at + _CHUNK])
        ]
        parsed = (Entry.parse(leaf) for leaf in leaves)
    return [entry for entry in parsed if criteria.fit(Kind.of(entry))]


# ---- Telling ------------------------------------------------------------------------------------


def _facet(counts: "Counter[Kind]", criteria: Criteria, facet: Facet) -> Mapping[str, int]:
    """How many entries each value of a facet would leave, the most first."""
    found: Counter[str] = Counter()
    for kind, number in counts.items():
        if criteria.fit(kind, but=facet):
            for value in values_of(kind, facet):
                found[value] += number
    return dict(sorted(found.items(), key=lambda it: (-it[1], it[0])))


def _place(cursor: str) -> tuple[int, int]:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidInput({"cursor": ["is not one that a page gave"]})
    return int(match[1]), int(match[2])


def _before(stretch: Stretch, place: tuple[int, int] | None) -> Stretch:
    """What of a stretch lies before the entry at which the page before ended."""
    if place is None or stretch.log < place[0]:
        return stretch
    if stretch.log > place[0]:
        return replace(stretch, high=stretch.low)
    return replace(stretch, high=max(stretch.low, min(stretch.high, place[1])))

"""Tells how many entries of each kind there are and finds their places, without reading those between.

A kind is one combination of all that entries can be sought by. There are few, so any question that
is a choice of kinds is answered from a short list, however long the log is.
"""

import struct
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select

from gateway.audit.entry import Entry
from gateway.storage.prepared import Prepared
from gateway.storage.tables import logs
from gateway.storage.tally_tables import kinds, tallied, tallies, tally_sums

BLOCK = 4096
SPAN = 64
"""Blocks that are summed up together once all of them are full."""

_FEW_KINDS = 40
_ROWS = 400

# Of one kind, so that the index is entered where the answer stands.
_LAST_DAY = Prepared(
    select(tallies.c.day)
    .where(
        tallies.c.log == bindparam("of"),
        tallies.c.kind == bindparam("kind"),
        tallies.c.block >= bindparam("low"),
        tallies.c.block <= bindparam("high"),
        tallies.c.day <= bindparam("last"),
    )
    .order_by(tallies.c.block.desc(), tallies.c.day.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What entries of one kind have in common; empty where a fact does not apply."""

    action: str
    outcome: str
    purpose: str
    carrier: str
    role: str
    actor: str
    reasons: tuple[str, ...]
    fields: tuple[str, ...]

    @classmethod
    def of(cls, entry: Entry) -> "Kind":
        """The kind of an entry."""
        return cls(
            action=entry.action.value,
            outcome=entry.outcome.value,
            purpose=entry.purpose or "",
            carrier=entry.carrier or "",
            role=entry.actor.role,
            actor=entry.actor.id,
            reasons=entry.reasons,
            fields=entry.fields,
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """Entries of a log from index `low` up to `high`, exclusive."""

    log: int
    low: int
    high: int


def known(connection: Connection, merchant: str) -> dict[int, Kind]:
    """Every kind that a merchant's entries have had so far."""
    found = connection.execute(select(kinds).where(kinds.c.merchant == merchant))
    return {row.kind: _kind(row) for row in found}


def counted(connection: Connection, log: int) -> int:
    """How many entries of a log are counted."""
    return connection.execute(select(tallied.c.upto).where(tallied.c.log == log)).scalar() or 0


# ---- Counts -------------------------------------------------------------------------------------


def summed(connection: Connection, log: int) -> int:
    """How many spans of a log are summed up: the number of the first that is not."""
    last = select(func.max(tally_sums.c.span)).where(tally_sums.c.log == log)
    found = connection.execute(last).scalar()
    return 0 if found is None else found + 1


def sums(connection: Connection, piece: Piece) -> Counter[int]:
    """How many entries of each kind are in a piece of a log, as far as they are counted."""
    total: Counter[int] = Counter()
    first, last = -(-piece.low // BLOCK), piece.high // BLOCK
    low, high = -(-first // SPAN), min(last // SPAN, summed(connection, piece.log))
    rest = [(first, last)]
    if low < high:
        whole = select(tally_sums.c.kind, func.sum(tally_sums.c.count)).where(
            tally_sums.c.log == piece.log, tally_sums.c.span >= low, tally_sums.c.span < high
        )
        _add(total, connection, whole.group_by(tally_sums.c.kind))
        rest = [(first, low * SPAN), (high * SPAN, last)]
    for begin, end in rest:
        if begin < end:
            within = (tallies.c.block >= begin, tallies.c.block < end)
            blocks = select(tallies.c.kind, func.sum(tallies.c.count)).where(*within)
            _add(total, connection, blocks.where(of_log(piece.log)).group_by(tallies.c.kind))
    for block in {piece.low // BLOCK, last} - set(range(first, last)):
        for kind, places in _block(connection, piece.log, block, None):
            total[kind] += sum(piece.low <= place < piece.high for place in places)
    return total


def _add(total: Counter[int], connection: Connection, found: Select[*tuple[Any, ...]]) -> None:
    for kind, number in connection.execute(found):
        total[kind] += int(number)


def by_day(
    connection: Connection, log: int, low: int, since: int
) -> Iterator[tuple[int, int, int]]:
    """Day (proleptic ordinal), kind and number of entries, from the day `since` on.

    No entry of that day stands before the index `low`.
    """
    found = select(tallies.c.day, tallies.c.kind, func.sum(tallies.c.count))
    mine = found.where(of_log(log), tallies.c.block >= low // BLOCK)
    mine = mine.where(tallies.c.day >= since)
    for day, kind, number in connection.execute(mine.group_by(tallies.c.day, tallies.c.kind)):
        yield day, kind, int(number)


def last_days(
    connection: Connection, piece: Piece, until: int, wanted: Iterable[int]
) -> dict[int, int]:
    """The last day (proleptic ordinal), up to and with `until`, on which each of the kinds occurred."""
    asked = {"of": piece.log, "low": piece.low // BLOCK, "high": piece.high // BLOCK, "last": until}
    found = {kind: _LAST_DAY.first(connection, {"kind": kind, **asked}) for kind in wanted}
    return {kind: row.day for kind, row in found.items() if row is not None}


# ---- Places -------------------------------------------------------------------------------------


def newest(connection: Connection, piece: Piece, wanted: Collection[int], limit: int) -> list[int]:
    """The greatest `limit` indexes of entries of the wanted kinds in a piece, greatest first."""
    found: list[int] = []
    for places in _descending(connection, piece, wanted, limit):
        found += [place for place in places if piece.low <= place < piece.high]
        if len(found) >= limit:
            break
    return found[:limit]


def earliest(connection: Connection, piece: Piece, wanted: Collection[int]) -> int | None:
    """The smallest index of an entry of the wanted kinds in a piece; None where there is none."""
    blocks: set[int] = set()
    for kind in wanted:
        # The first block may hold some before the piece alone; each block has a row for every day.
        first = _blocks(piece, kind).order_by(tallies.c.block).limit(2)
        blocks.update(connection.execute(first).scalars())
    for block in sorted(blocks):
        found = [
            place for _, lists in _block(connection, piece.log, block, wanted) for place in lists
        ]
        inside = [place for place in found if piece.low <= place < piece.high]
        if inside:
            return min(inside)
    return None


def oldest(connection: Connection, piece: Piece, wanted: Collection[int]) -> Iterator[int]:
    """The indexes of all entries of the wanted kinds in a piece, smallest first."""
    for block in range(piece.low // BLOCK, -(-piece.high // BLOCK)):
        lists = [places for _, places in _block(connection, piece.log, block, wanted)]
        yield from (place for place in merge(*lists) if piece.low <= place < piece.high)


def _descending(
    connection: Connection, piece: Piece, wanted: Collection[int], limit: int
) -> Iterator[list[int]]:
    """The places of whole blocks, the last block first."""
    blocks = (
        _blocks_of_few(connection, piece, wanted, limit)
        if len(wanted) <= _FEW_KINDS
        else _blocks_of_many(connection, piece, frozenset(wanted))
    )
    for block in blocks:
        lists = [places for _, places in _block(connection, piece.log, block, wanted)]
        yield sorted((place for places in lists for place in places), reverse=True)


def _blocks_of_few(
    connection: Connection, piece: Piece, wanted: Iterable[int], limit: int
) -> list[int]:
    """The last blocks that hold any of a few kinds: as many as `limit` entries can be spread over."""
    found: set[int] = set()
    for kind in wanted:
        last = _blocks(piece, kind).order_by(tallies.c.block.desc()).limit(limit + 2)
        found.update(connection.execute(last).scalars())
    return sorted(found, reverse=True)


def _blocks_of_many(connection: Connection, piece: Piece, wanted: Collection[int]) -> Iterator[int]:
    """The blocks that hold any of many kinds, the last first, looked up some at a time."""
    high = -(-piece.high // BLOCK)
    while high > piece.low // BLOCK:
        low = max(piece.low // BLOCK, high - _ROWS // 4)
        near = select(tallies.c.block, tallies.c.kind).where(
            tallies.c.log == piece.log, tallies.c.block >= low, tallies.c.block < high
        )
        yield from sorted(
            {row.block for row in connection.execute(near) if row.kind in wanted}, reverse=True
        )
        high = low


def _block(
    connection: Connection, log: int, block: int, wanted: Collection[int] | None
) -> Iterator[tuple[int, list[int]]]:
    """Kinds and their places in one block, as indexes of the log."""
    found = select(tallies.c.kind, tallies.c.places).where(
        tallies.c.log == log, tallies.c.block == block
    )
    for kind, places in connection.execute(found):
        if wanted is None or kind in wanted:
            yield kind, [block * BLOCK + place for place in _unpacked(places)]


def of_log(log: int) -> ColumnElement[bool]:
    """All tallies of a log; with its kinds named, an index is read from block to block of each."""
    merchant = select(logs.c.merchant).where(logs.c.log == log).scalar_subquery()
    of_merchant = select(kinds.c.kind).where(kinds.c.merchant == merchant)
    return (tallies.c.log == log) & tallies.c.kind.in_(of_merchant)


def _blocks(piece: Piece, kind: int) -> Select[*tuple[Any, ...]]:
    """The blocks that hold any of a kind, each once."""
    return select(tallies.c.block).distinct().where(*_between(piece), tallies.c.kind == kind)


def _between(piece: Piece) -> tuple[ColumnElement[bool], ...]:
    return (
        tallies.c.log == piece.log,
        tallies.c.block >= piece.low // BLOCK,
        tallies.c.block <= piece.high // BLOCK,
    )


def _kind(row: Any) -> Kind:
    return Kind(
        action=row.action,
        outcome=row.outcome,
        purpose=row.purpose,
        carrier=row.carrier,
        role=row.role,
        actor=row.actor,
        reasons=tuple(row.reasons.split()),
        fields=tuple(row.fields.split()),
    )


def _unpacked(places: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(places) // 2}H", places)

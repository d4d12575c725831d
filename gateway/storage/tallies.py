"""Counts entries by kind, and finds their places without reading those between.

A kind is one combination of all that entries can be sought by. There are few, so any question that
is a choice of kinds is answered from a short list, however long the log is.
"""

import struct
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from heapq import merge
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from gateway.audit.entry import Action, Entry
from gateway.storage import tree
from gateway.storage.tables import logs
from gateway.storage.tally_tables import kinds, tallied, tallies

BLOCK = 4096
_FEW_KINDS = 40
_ROWS = 400


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


def waiting(connection: Connection) -> list[tuple[int, str]]:
    """The logs that have entries which are not counted, each with its merchant."""
    found = select(logs.c.log, logs.c.merchant).outerjoin(tallied, tallied.c.log == logs.c.log)
    uncounted = logs.c.size > func.coalesce(tallied.c.upto, 0)
    return [(row.log, row.merchant) for row in connection.execute(found.where(uncounted))]


def counted(connection: Connection, log: int) -> int:
    """How many entries of a log are counted."""
    return connection.execute(select(tallied.c.upto).where(tallied.c.log == log)).scalar() or 0


def count(connection: Connection, log: int, merchant: str, zone: tzinfo, limit: int) -> list[Entry]:
    """Count the next entries, at most `limit`; which they were, oldest first."""
    row = select(tallied.c.upto).where(tallied.c.log == log).with_for_update()
    start = connection.execute(row).scalar()
    if start is None:
        connection.execute(insert(tallied).values(log=log, upto=0))
        start = 0
    leaves = tree.leaves(connection, log, start, start + limit)
    found: dict[tuple[int, Kind, int], list[tuple[int, int]]] = {}
    parsed = [Entry.parse(leaf) for leaf in leaves]
    for index, entry in enumerate(parsed, start):
        key = (index // BLOCK, Kind.of(entry), entry.time.astimezone(zone).toordinal())
        found.setdefault(key, []).append((index % BLOCK, _short(entry.subject)))
    _add(connection, log, merchant, found)
    end = start + len(leaves)
    connection.execute(update(tallied).where(tallied.c.log == log).values(upto=end))
    return parsed


# ---- Counts -------------------------------------------------------------------------------------


def sums(connection: Connection, piece: Piece) -> Counter[int]:
    """How many entries of each kind are in a piece of a log, as far as they are counted."""
    total: Counter[int] = Counter()
    first, last = -(-piece.low // BLOCK), piece.high // BLOCK
    if first < last:
        summed = select(tallies.c.kind, func.sum(tallies.c.count)).where(tallies.c.log == piece.log)
        if first:
            summed = summed.where(tallies.c.block >= first)
        whole = summed.where(tallies.c.block < last).group_by(tallies.c.kind)
        total.update({row[0]: int(row[1]) for row in connection.execute(whole)})
    for block in {piece.low // BLOCK, last} - set(range(first, last)):
        for kind, places in _block(connection, piece.log, block, None):
            total[kind] += sum(piece.low <= place < piece.high for place in places)
    return total


def by_day(
    connection: Connection, log: int, low: int, since: int
) -> Iterator[tuple[int, int, int]]:
    """Day (proleptic ordinal), kind and number of entries, from the day `since` on.

    No entry of that day stands before the index `low`.
    """
    found = select(tallies.c.day, tallies.c.kind, func.sum(tallies.c.count))
    mine = found.where(tallies.c.log == log, tallies.c.block >= low // BLOCK)
    mine = mine.where(tallies.c.day >= since)
    for day, kind, number in connection.execute(mine.group_by(tallies.c.day, tallies.c.kind)):
        yield day, kind, int(number)


def last_days(connection: Connection, piece: Piece, until: int) -> dict[int, int]:
    """The last day (proleptic ordinal), up to and with `until`, on which each kind occurred."""
    found = select(tallies.c.kind, func.max(tallies.c.day)).where(*_between(piece))
    mine = found.where(tallies.c.day <= until).group_by(tallies.c.kind)
    return {kind: int(day) for kind, day in connection.execute(mine)}


def subjects(connection: Connection, piece: Piece, wanted: Collection[int]) -> set[int]:
    """Whom the disclosures of these kinds tell of: a number for each distinct subject."""
    found: set[int] = set()
    column = tallies.c
    disclosed = (column.log == piece.log) & column.subjects.is_not(None)
    first, last = -(-piece.low // BLOCK), piece.high // BLOCK
    whole = select(column.kind, column.subjects).where(disclosed)
    inner = whole.where(column.block >= first, column.block < last)
    for kind, packed in connection.execute(inner):
        if kind in wanted:
            found.update(_numbers(packed))
    parts = select(column.kind, column.places, column.subjects).where(disclosed)
    for block in {piece.low // BLOCK, last} - set(range(first, last)):
        for kind, places, packed in connection.execute(parts.where(column.block == block)):
            if kind in wanted:
                start = block * BLOCK
                told = zip(_unpacked(places), _numbers(packed), strict=True)
                found.update(it for at, it in told if piece.low <= start + at < piece.high)
    return found - {0}


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
        mine = select(tallies.c.block).where(*_between(piece), tallies.c.kind == kind)
        # The first block may hold some before the piece alone.
        blocks.update(connection.execute(mine.order_by(tallies.c.block).limit(2)).scalars())
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
        mine = select(tallies.c.block).where(*_between(piece), tallies.c.kind == kind)
        last = mine.order_by(tallies.c.block.desc()).limit(limit + 2)
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


def _between(piece: Piece) -> tuple[ColumnElement[bool], ...]:
    return (
        tallies.c.log == piece.log,
        tallies.c.block >= piece.low // BLOCK,
        tallies.c.block <= piece.high // BLOCK,
    )


# ---- Adding -------------------------------------------------------------------------------------


def _add(
    connection: Connection,
    log: int,
    merchant: str,
    found: Mapping[tuple[int, Kind, int], Sequence[tuple[int, int]]],
) -> None:
    if not found:
        return
    ids = _ids(connection, merchant, {kind for _, kind, _ in found})
    blocks = {block for block, _, _ in found}
    there = select(tallies).where(tallies.c.log == log, tallies.c.block.in_(blocks))
    before = {(row.block, row.kind, row.day): row for row in connection.execute(there)}
    fresh: list[dict[str, Any]] = []
    for (block, kind, day), added in found.items():
        key = (block, ids[kind], day)
        old = before.get(key)
        places = (old.places if old else b"") + _packed([place for place, _ in added])
        subjects = struct.pack(f"<{len(added)}Q", *(subject for _, subject in added))
        values = {
            "count": len(places) // 2,
            "places": places,
            # Of disclosures alone it is asked whom they tell of.
            "subjects": (old.subjects if old else b"") + subjects if _discloses(kind) else None,
        }
        if key in before:
            mine = (tallies.c.log == log) & (tallies.c.block == block)
            mine &= (tallies.c.kind == key[1]) & (tallies.c.day == day)
            connection.execute(update(tallies).where(mine).values(values))
        else:
            fresh.append({"log": log, "block": block, "kind": key[1], "day": day, **values})
    if fresh:
        connection.execute(insert(tallies), fresh)


def _ids(connection: Connection, merchant: str, needed: Collection[Kind]) -> dict[Kind, int]:
    ids = {kind: id_ for id_, kind in known(connection, merchant).items()}
    missing = [kind for kind in needed if kind not in ids]
    for kind in missing:
        row = {
            "merchant": merchant,
            "action": kind.action,
            "outcome": kind.outcome,
            "purpose": kind.purpose,
            "carrier": kind.carrier,
            "role": kind.role,
            "actor": kind.actor,
            "reasons": " ".join(kind.reasons),
            "fields": " ".join(kind.fields),
        }
        made = connection.execute(insert(kinds).values(row))
        ids[kind] = int(made.inserted_primary_key[0])  # type: ignore[index]
    return ids


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


def _discloses(kind: Kind) -> bool:
    return kind.action == Action.CONTACT_RELEASED.value


def _short(subject: str | None) -> int:
    """The last 64 bits of a subject's name: among ten million, two alike are very unlikely."""
    return int(subject[16:], 16) if subject else 0


def _packed(places: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(places)}H", *places)


def _unpacked(places: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(places) // 2}H", places)


def _numbers(subjects: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(subjects) // 8}Q", subjects)

"""Counts entries into the tallies, each once and in the order of the log."""

import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from sqlalchemy import Column, Connection, Select, bindparam, func, insert, select, update

from gateway.audit.entry import Action, Entry
from gateway.storage import tree
from gateway.storage.prepared import Prepared
from gateway.storage.tables import logs
from gateway.storage.tallies import BLOCK, Kind, known
from gateway.storage.tally_tables import kinds, tallied, tallies

Cell = tuple[int, Kind, int]
"""Entries that are counted as one: the block, what they have in common, the day (proleptic ordinal)."""


@dataclass(frozen=True, slots=True)
class Uncounted:
    """Entries that come next, oldest first; `start` is the index of the first."""

    start: int
    entries: Sequence[Entry]


_KEY: dict[Column[Any], Any] = {
    tallies.c.log: bindparam("in_log"),
    tallies.c.block: bindparam("in_block"),
    tallies.c.kind: bindparam("of_kind"),
    tallies.c.day: bindparam("on_day"),
}
_COUNTED: dict[Column[Any], Any] = {
    column: bindparam(column.name)
    for column in (tallies.c.count, tallies.c.places, tallies.c.subjects)
}
_ADD = Prepared(insert(tallies).values({**_KEY, **_COUNTED}))
_GROW = Prepared(
    update(tallies).where(*(column == key for column, key in _KEY.items())).values(_COUNTED)
)


def _upto(log: int) -> Select[Any]:
    return select(tallied.c.upto).where(tallied.c.log == log)


def waiting(connection: Connection) -> list[tuple[int, str]]:
    """The logs that have entries which are not counted, each with its merchant."""
    found = select(logs.c.log, logs.c.merchant).outerjoin(tallied, tallied.c.log == logs.c.log)
    uncounted = logs.c.size > func.coalesce(tallied.c.upto, 0)
    return [(row.log, row.merchant) for row in connection.execute(found.where(uncounted))]


def following(connection: Connection, log: int, limit: int) -> Uncounted:
    """The next entries that are to be counted, at most `limit`."""
    start = connection.execute(_upto(log)).scalar() or 0
    leaves = tree.leaves(connection, log, start, start + limit)
    return Uncounted(start, [Entry.parse(leaf) for leaf in leaves])


def count(
    connection: Connection, log: int, merchant: str, zone: tzinfo, uncounted: Uncounted
) -> bool:
    """Count these entries; whether they were not counted yet."""
    upto = connection.execute(_upto(log).with_for_update()).scalar()
    if upto is None:
        connection.execute(insert(tallied).values(log=log, upto=0))
    if (upto or 0) != uncounted.start:
        return False
    cells: dict[Cell, list[tuple[int, int]]] = {}
    for index, entry in enumerate(uncounted.entries, uncounted.start):
        cell = (index // BLOCK, Kind.of(entry), entry.time.astimezone(zone).toordinal())
        cells.setdefault(cell, []).append((index % BLOCK, short(entry.subject)))
    add(connection, log, merchant, cells)
    end = uncounted.start + len(uncounted.entries)
    connection.execute(update(tallied).where(tallied.c.log == log).values(upto=end))
    return True


def add(
    connection: Connection,
    log: int,
    merchant: str,
    cells: Mapping[Cell, Sequence[tuple[int, int]]],
) -> None:
    """Add entries to the tallies: of each cell their places in the block, and whom they tell of."""
    ids = _ids(connection, merchant, {kind for _, kind, _ in cells})
    blocks = {block for block, _, _ in cells}
    there = select(tallies).where(tallies.c.log == log, tallies.c.block.in_(blocks))
    before = {(row.block, row.kind, row.day): row for row in connection.execute(there)}
    fresh: list[dict[str, Any]] = []
    grown: list[dict[str, Any]] = []
    for (block, kind, day), added in cells.items():
        old = before.get((block, ids[kind], day))
        places = (old.places if old else b"") + _packed([place for place, _ in added])
        subjects = struct.pack(f"<{len(added)}Q", *(subject for _, subject in added))
        (grown if old else fresh).append(
            {
                "in_log": log,
                "in_block": block,
                "of_kind": ids[kind],
                "on_day": day,
                "count": len(places) // 2,
                "places": places,
                # Of disclosures alone it is asked whom they tell of.
                "subjects": (old.subjects if old else b"") + subjects if _discloses(kind) else None,
            }
        )
    _GROW.run(connection, grown)
    _ADD.run(connection, fresh)


def short(subject: str | None) -> int:
    """The last 64 bits of a subject's name: among ten million, two alike are very unlikely."""
    return int(subject[16:], 16) if subject else 0


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


def _discloses(kind: Kind) -> bool:
    return kind.action == Action.CONTACT_RELEASED.value


def _packed(places: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(places)}H", *places)

"""Holds the columns that serve the search against the entries beside them; none may tell another story."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, Connection, Row, Select, select, type_coerce

from gateway.storage.tables import entries, entry_reasons

_ROWS: Select[*tuple[Any, ...]] = select(
    *(entries.c.index, entries.c.leaf, entries.c.action, entries.c.actor, entries.c.actor_role),
    *(entries.c.carrier, entries.c.id, entries.c.merchant, entries.c.outcome, entries.c.purpose),
    # As it is stored: a number that is no time must be found, not be stumbled over.
    *(entries.c.subject, type_coerce(entries.c.time, BigInteger)),
)
_CHUNK = 1000
_parse = json.JSONDecoder().raw_decode

_Reasons: TypeAlias = list[tuple[str, str]]
_Row: TypeAlias = Row[*tuple[Any, ...]]


def first_false(connection: Connection, log: int, size: int) -> int | None:
    """Index of the first of `size` entries that is missing, or whose columns are not its leaf's.

    Entries and reasons beyond are false as well. None where all is well. That the leaves are what
    was signed is `gateway.audit.verify`'s to say.
    """
    start = 0
    while rows := _rows(connection, log, start):
        reasons = _reasons(connection, log, start, start + len(rows))
        for index, row in enumerate(rows, start):
            if row[0] != index or index >= size or not _agrees(row, sorted(reasons.get(index, ()))):
                return index
        start += len(rows)
    return start if start < size or _stray(connection, log, size) else None


def _rows(connection: Connection, log: int, start: int) -> Sequence[_Row]:
    # Every negative index is false, and comes up with the first.
    low = start or -sys.maxsize
    found = _ROWS.where(entries.c.log == log, entries.c.index >= low)
    return connection.execute(found.order_by(entries.c.index).limit(_CHUNK)).all()


def _reasons(connection: Connection, log: int, low: int, high: int) -> Mapping[int, _Reasons]:
    """Merchant and code of each reason, by the index of the entry."""
    columns = select(entry_reasons.c.index, entry_reasons.c.merchant, entry_reasons.c.reason)
    here = columns.where(entry_reasons.c.log == log, entry_reasons.c.index.between(low, high - 1))
    found: dict[int, _Reasons] = {}
    for index, merchant, reason in connection.execute(here):
        found.setdefault(index, []).append((merchant, reason))
    return found


def _stray(connection: Connection, log: int, size: int) -> bool:
    """Whether there are reasons of entries that do not exist."""
    for outside in (entry_reasons.c.index < 0, entry_reasons.c.index >= size):
        found = select(entry_reasons.c.index).where(entry_reasons.c.log == log, outside).limit(1)
        if connection.execute(found).first() is not None:
            return True
    return False


def _agrees(row: _Row, reasons: _Reasons) -> bool:
    (
        index,
        leaf,
        action,
        actor,
        role,
        carrier,
        entry_id,
        merchant,
        outcome,
        purpose,
        subject,
        time,
    ) = row
    try:
        entry, _ = _parse(leaf.decode())
        who = entry["actor"]
        told = (
            *(entry["index"], entry["action"], who["id"], who["role"], entry["carrier"]),
            *(entry["id"], entry["merchant"], entry["outcome"], entry["purpose"]),
            *(entry["subject"], entry["time"]),
        )
        codes = entry["reasons"]
        shown = (
            *(index, action, actor, role, carrier, entry_id, merchant, outcome, purpose, subject),
            _timestamp(time),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return False  # the leaf is no entry, or a column holds no time
    return told == shown and reasons == sorted((merchant, code) for code in codes)


def _timestamp(time: int) -> str:
    seconds, micro = divmod(time, 1_000_000)
    return f"{_second(seconds)}.{micro:06d}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat()[:19]

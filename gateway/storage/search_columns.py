"""Holds the columns that serve the search against the entries beside them; none may tell another story."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, Connection, Row, Select, select, type_coerce

from gateway.storage.tables import entries, entry_reasons

_ROWS: Select[*tuple[Any, ...]] = select(
    *(entries.c.index, entries.c.leaf, entries.c.action, entries.c.actor, entries.c.actor_role),
    *(entries.c.carrier, entries.c.id, entries.c.merchant, entries.c.outcome, entries.c.purpose),
    # As it is stored: a number that is no time must be found, not be stumbled over.
    *(entries.c.subject, type_coerce(entries.c.time, BigInteger)),
)
_STREAMED = {"yield_per": 1000}
_parse = json.JSONDecoder().raw_decode

_Reasons: TypeAlias = list[tuple[str, str]]
_Row: TypeAlias = Row[*tuple[Any, ...]]


def first_false(connection: Connection, log: int, size: int) -> int | None:
    """Index of the first of `size` entries that is missing, or whose columns are not its leaf's.

    Entries and reasons beyond are false as well. None where all is well. That the leaves are what
    was signed is `gateway.audit.verify`'s to say.
    """
    reasons = _by_index(connection, log)
    at, codes = next(reasons)
    expected = 0
    for row in _rows(connection, log):
        told: _Reasons = []
        if at == expected:
            told, (at, codes) = codes, next(reasons)
        if row[0] != expected or expected >= size or not _agrees(row, told):
            return expected
        expected += 1
    return expected if expected < size or at is not None else None


def _rows(connection: Connection, log: int) -> Iterator[_Row]:
    found = _ROWS.where(entries.c.log == log).order_by(entries.c.index)
    for part in connection.execute(found, execution_options=_STREAMED).partitions():
        yield from part


def _by_index(connection: Connection, log: int) -> Iterator[tuple[int | None, _Reasons]]:
    """Merchant and code of the reasons of each entry that has any, then without end nothing."""
    columns = select(entry_reasons.c.index, entry_reasons.c.merchant, entry_reasons.c.reason)
    found = columns.where(entry_reasons.c.log == log).order_by(entry_reasons.c.index)
    rows = connection.execute(found, execution_options=_STREAMED)
    for index, group in groupby(rows, key=itemgetter(0)):
        yield index, sorted((merchant, code) for _, merchant, code in group)
    while True:
        yield None, []


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

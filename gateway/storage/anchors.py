"""Which checkpoints stand outside of the service's reach, and what became of the last attempt.

Bookkeeping, so never evidence: what a witness signed stands in the note itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from gateway.storage.tables import anchors, checkpoints, logs

WITNESS = "witness "
"""Begins the name of a place that is a witness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What a place has of a log: its largest confirmed checkpoint, 0 for none, and the last attempt."""

    log: int
    place: str
    size: int
    confirmed_at: datetime | None
    tried_at: datetime
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A log whose newest checkpoint a place has not confirmed; `known` is the size it has."""

    log: int
    merchant: str
    origin: str
    period: str
    size: int
    known: int


def due(connection: Connection, place: str) -> Sequence[Due]:
    """The logs that have grown since the place last confirmed a checkpoint, oldest first."""
    mine = (anchors.c.log == logs.c.log) & (anchors.c.place == place)
    known = func.coalesce(anchors.c.size, 0)
    found = (
        select(
            *(logs.c.log, logs.c.merchant, logs.c.origin, logs.c.period),
            *(logs.c.integrated.label("size"), known.label("known")),
        )
        .select_from(logs.outerjoin(anchors, mine))
        .where(logs.c.integrated > known)
        .order_by(logs.c.log)
    )
    return [Due(**row) for row in connection.execute(found).mappings()]


def of_log(connection: Connection, log: int) -> Sequence[Anchor]:
    """What every place has of a log, by name."""
    found = select(anchors).where(anchors.c.log == log).order_by(anchors.c.place)
    return [Anchor(**row) for row in connection.execute(found).mappings()]


def confirmed(connection: Connection, log: int, place: str, size: int, now: datetime) -> None:
    """The place has a checkpoint of this size."""
    _keep(
        connection,
        log,
        place,
        {"size": size, "confirmed_at": now, "tried_at": now, "outcome": "confirmed"},
    )


def failed(connection: Connection, log: int, place: str, outcome: str, now: datetime) -> None:
    """An attempt did not succeed; what the place had before counts on."""
    _keep(connection, log, place, {"tried_at": now, "outcome": outcome})


def cosigned(connection: Connection, log: int, least: int = 1) -> Sequence[bytes]:
    """The stored notes of `least` entries or more that some witness cosigned, the largest first."""
    sizes = select(anchors.c.size).where(
        anchors.c.log == log, anchors.c.size >= least, anchors.c.place.startswith(WITNESS)
    )
    found = select(checkpoints.c.note).where(
        checkpoints.c.log == log, checkpoints.c.size.in_(sizes)
    )
    in_order = found.order_by(checkpoints.c.size.desc())
    return [bytes(note) for note in connection.execute(in_order).scalars()]


def note_of(connection: Connection, log: int, size: int) -> bytes | None:
    """The note of one size, held by a transaction that is about to change it."""
    mine = (checkpoints.c.log == log) & (checkpoints.c.size == size)
    note = connection.execute(select(checkpoints.c.note).where(mine).with_for_update()).scalar()
    return None if note is None else bytes(note)


def put_note(connection: Connection, log: int, size: int, note: bytes) -> None:
    """Keep the note of one size with the cosignatures that it bears now."""
    mine = (checkpoints.c.log == log) & (checkpoints.c.size == size)
    connection.execute(update(checkpoints).where(mine).values(note=note))


def _keep(connection: Connection, log: int, place: str, values: dict[str, object]) -> None:
    mine = (anchors.c.log == log) & (anchors.c.place == place)
    if connection.execute(update(anchors).where(mine).values(values)).rowcount == 0:
        row = {"size": 0, "confirmed_at": None, **values}
        connection.execute(insert(anchors).values(log=log, place=place, **row))

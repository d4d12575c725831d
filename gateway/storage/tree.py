"""Keeps the hash tree over a log's entries: tiles, checkpoints, and reading them back for proofs."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, insert, select, update

from gateway.audit.faults import Malformed
from gateway.audit.growth import Edge, TileWrite
from gateway.audit.tiles import ENTRIES, WIDTH, Tile, TiledHashes, encode_bundle
from gateway.storage.prepared import Prepared
from gateway.storage.tables import checkpoints, entries, logs, tiles

_CHECKPOINTS = 1000
_TILE = Prepared(
    select(tiles.c.data).where(
        tiles.c.log == bindparam("of"),
        tiles.c.level == bindparam("level"),
        tiles.c.index == bindparam("index"),
    )
)


def waiting(connection: Connection) -> list[int]:
    """The logs that have entries which are not in their tree yet."""
    return list(
        connection.execute(select(logs.c.log).where(logs.c.size > logs.c.integrated)).scalars()
    )


def lag(connection: Connection) -> int:
    """How many entries of all logs are not in their tree yet."""
    behind = func.coalesce(func.sum(logs.c.size - logs.c.integrated), 0)
    return int(connection.execute(select(behind)).scalar_one())


def edge(connection: Connection, log: int, size: int) -> Edge:
    """The right edge of the tree of the first `size` entries; Malformed when tiles are missing."""
    found: list[bytes] = []
    rest, level = size, 0
    while rest:
        rest, width = divmod(rest, WIDTH)
        data = read(connection, log, Tile(level, rest, width)) if width else b""
        found.append(data or b"")
        level += 1
    return Edge(size, tuple(found))


def read(connection: Connection, log: int, tile: Tile) -> bytes | None:
    """The bytes of a tile or an entry bundle, cut to its width; None where it is not (yet) kept."""
    if tile.level == ENTRIES:
        first = tile.first_entry()
        bundle = leaves(connection, log, first, first + tile.width)
        return encode_bundle(bundle) if len(bundle) == tile.width else None
    row = _TILE.first(connection, {"of": log, "level": tile.level, "index": tile.index})
    if row is None or len(row.data) < tile.width * 32:
        return None
    return bytes(row.data[: tile.width * 32])


def hashes(connection: Connection, log: int, size: int) -> TiledHashes:
    """The tree of the first `size` entries, to make proofs from; Malformed where a tile is missing."""

    def stored(tile: Tile) -> bytes:
        data = read(connection, log, tile)
        if data is None:
            raise Malformed(f"{tile.path()} is missing")
        return data

    return TiledHashes(size, stored)


def leaves(connection: Connection, log: int, start: int, end: int) -> list[bytes]:
    """The leaves of the entries from `start` to before `end`, as far as they follow without a gap."""
    where = and_(entries.c.log == log, entries.c.index >= start, entries.c.index < end)
    found = select(entries.c.index, entries.c.leaf).where(where).order_by(entries.c.index)
    rows = connection.execute(found).all()
    return [bytes(leaf) for at, (index, leaf) in enumerate(rows, start) if index == at]


def write(connection: Connection, log: int, writes: Sequence[TileWrite]) -> None:
    """Store tiles; a wider one takes the place of a narrower one."""
    for written in writes:
        tile = written.tile
        where = and_(tiles.c.log == log, tiles.c.level == tile.level, tiles.c.index == tile.index)
        if connection.execute(update(tiles).where(where).values(data=written.data)).rowcount == 0:
            row = {"log": log, "level": tile.level, "index": tile.index, "data": written.data}
            connection.execute(insert(tiles).values(row))


def add_checkpoint(connection: Connection, log: int, size: int, note: bytes, now: datetime) -> None:
    """Store a signed checkpoint; the tree of the log has this size from now on."""
    connection.execute(
        insert(checkpoints).values({"log": log, "size": size, "note": note, "signed_at": now})
    )
    connection.execute(update(logs).where(logs.c.log == log).values(integrated=size))


def checkpoint(connection: Connection, log: int) -> bytes | None:
    """The latest checkpoint."""
    found = select(checkpoints.c.note).where(checkpoints.c.log == log)
    note = connection.execute(found.order_by(checkpoints.c.size.desc()).limit(1)).scalar()
    return None if note is None else bytes(note)


def signed_at(connection: Connection, log: int, size: int) -> datetime | None:
    """When the checkpoint of this size was signed."""
    mine = (checkpoints.c.log == log) & (checkpoints.c.size == size)
    found: datetime | None = connection.execute(
        select(checkpoints.c.signed_at).where(mine)
    ).scalar()
    return found


def checkpoint_before(connection: Connection, log: int, size: int) -> bytes | None:
    """The last checkpoint of at most `size` entries."""
    found = select(checkpoints.c.note).where(checkpoints.c.log == log, checkpoints.c.size <= size)
    note = connection.execute(found.order_by(checkpoints.c.size.desc()).limit(1)).scalar()
    return None if note is None else bytes(note)


def checkpoint_after(connection: Connection, log: int, size: int) -> bytes | None:
    """The first checkpoint of at least `size` entries."""
    found = select(checkpoints.c.note).where(checkpoints.c.log == log, checkpoints.c.size >= size)
    note = connection.execute(found.order_by(checkpoints.c.size).limit(1)).scalar()
    return None if note is None else bytes(note)


def note_at(connection: Connection, log: int, size: int) -> bytes | None:
    """The checkpoint of one size."""
    mine = (checkpoints.c.log == log) & (checkpoints.c.size == size)
    note = connection.execute(select(checkpoints.c.note).where(mine)).scalar()
    return None if note is None else bytes(note)


def checkpoints_by_size(connection: Connection, log: int) -> Iterator[tuple[int, bytes]]:
    """Every stored checkpoint with the size that it is kept under, smallest first, a few at a time."""
    mine = select(checkpoints.c.size, checkpoints.c.note).where(checkpoints.c.log == log)
    in_order = mine.order_by(checkpoints.c.size).limit(_CHECKPOINTS)
    rows = connection.execute(in_order).all()
    while rows:
        for size, note in rows:
            yield size, bytes(note)
        rows = connection.execute(in_order.where(checkpoints.c.size > rows[-1].size)).all()


def one(connection: Connection, log: int) -> Row[Any]:
    """A log's row."""
    return connection.execute(select(logs).where(logs.c.log == log)).one()


def last_index(connection: Connection, log: int) -> int:
    """The greatest index of a stored entry, -1 where there is none; whatever is stored in its place."""
    last = select(func.coalesce(func.max(entries.c.index), -1)).where(entries.c.log == log)
    found: int = connection.execute(last).scalar_one()
    return found

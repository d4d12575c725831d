"""What the tables hold beside a log's leaves, tiles and notes; none of it may tell another story."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Connection, LargeBinary, cast, func, select, type_coerce

from gateway.audit.merkle import HASH_SIZE
from gateway.audit.tiles import HEIGHT, WIDTH, Tile, tile_at
from gateway.audit.verdict import FaultKind, LogFault
from gateway.storage.logs import KeptLog
from gateway.storage.search_columns import first_false
from gateway.storage.tables import checkpoints, entries, tiles

_STREAMED = {"yield_per": 1000}


def first_fault(connection: Connection, log: KeptLog, size: int) -> LogFault | None:
    """The first thing that contradicts the log whose leaves, tiles and notes are sound up to `size`."""
    return next(_faults(connection, log, size), None)


def _faults(connection: Connection, log: KeptLog, size: int) -> Iterator[LogFault]:
    if not log.origin.endswith(f"/{log.merchant}/{log.period}"):
        yield _fault("row of the log", None, f"it is not of {log.merchant} and {log.period}")
    if log.integrated != size:
        reason = f"it says that the tree has {log.integrated} entries; {size} are signed"
        yield _fault("row of the log", min(log.integrated, size), reason)
    if log.size < size:
        reason = f"it says that the log has {log.size} entries; {size} are signed"
        yield _fault("row of the log", log.size, reason)
    false = first_false(connection, log.log, log.size)
    if false is not None:
        reason = "its columns do not show what was recorded"
        yield _fault("row of the entry", false, reason)
    last = select(type_coerce(entries.c.time, BigInteger)).where(entries.c.log == log.log)
    if connection.execute(last.where(entries.c.index == log.size - 1)).scalar() != log.last_time:
        reason = "the time that it names is not that of the last entry"
        yield _fault("row of the log", log.size - 1, reason)
    yield from _tile_faults(connection, log.log, size)
    yield from _checkpoint_faults(connection, log.log)


def _tile_faults(connection: Connection, log: int, size: int) -> Iterator[LogFault]:
    """Tiles that are longer than the tree is wide there, or that it does not have."""
    length = func.length(cast(tiles.c.data, LargeBinary))
    odd = select(tiles.c.level, tiles.c.index, length).where(tiles.c.log == log)
    in_order = odd.order_by(tiles.c.level, tiles.c.index)
    for level, index, found in connection.execute(in_order, execution_options=_STREAMED):
        if level < 0 or index < 0 or size >> HEIGHT * level <= index * WIDTH:
            yield _fault(Tile(level, index).path(), None, "the tree has no such tile")
        elif found != tile_at(level, index, size).width * HASH_SIZE:
            tile = tile_at(level, index, size)
            yield _fault(tile.path(), tile.first_entry(), f"it has {found} bytes")


def _checkpoint_faults(connection: Connection, log: int) -> Iterator[LogFault]:
    """Notes that are kept under another size than their own."""
    kept = select(checkpoints.c.size, checkpoints.c.note).where(checkpoints.c.log == log)
    in_order = kept.order_by(checkpoints.c.size)
    rows = connection.execute(in_order, execution_options=_STREAMED)
    for number, (size, note) in enumerate(rows, start=1):
        if note.split(b"\n", 2)[1] != b"%d" % size:
            yield _fault(f"stored checkpoint {number}", size, f"it is kept as if of {size} entries")


def _fault(place: str, index: int | None, reason: str) -> LogFault:
    return LogFault(FaultKind.CONTENTS, place, index, reason)

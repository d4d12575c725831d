"""What the tables hold beside a log's leaves, tiles and notes; none of it may tell another story."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    LargeBinary,
    Row,
    case,
    cast,
    func,
    select,
    type_coerce,
)

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.faults import AuditError
from gateway.audit.merkle import HASH_SIZE
from gateway.audit.tiles import WIDTH, Tile
from gateway.audit.verdict import FaultKind, LogFault
from gateway.storage import logs, tree
from gateway.storage.log_check import require_signed
from gateway.storage.logs import KeptLog
from gateway.storage.search_columns import first_false
from gateway.storage.tables import entries, tiles
from gateway.storage.tables import logs as log_rows

_FALSE = "its columns do not show what was recorded"


def row_fault(connection: Connection, log: KeptLog) -> LogFault | None:
    """What contradicts itself in the row of a log, before anything is read by it."""
    odd = logs.odd_column(connection, log.log)
    if odd is not None:
        return _fault("row of the log", None, f"its {odd} is none")
    if not log.origin.endswith(f"/{log.merchant}/{log.period}"):
        return _fault("row of the log", None, f"it is not of {log.merchant} and {log.period}")
    return None


def first_fault(connection: Connection, log: KeptLog, size: int) -> LogFault | None:
    """The first thing that contradicts the log whose leaves, tiles and notes are sound up to `size`."""
    return next(_faults(connection, log, size), None)


def remains_fault(connection: Connection, log: KeptLog, end: Checkpoint) -> LogFault | None:
    """What contradicts the end of a log that is being deleted, in those of its entries that are left."""
    odd = row_fault(connection, log)
    if odd is not None:
        return odd
    hashes, left = tree.hashes(connection, log.log, end.size), tree.last_index(connection, log.log)
    for start in range(0, left + 1, WIDTH):
        leaves = tree.leaves(connection, log.log, start, min(start + WIDTH, left + 1))
        for index, leaf in enumerate(leaves, start):
            try:
                require_signed(end, hashes, index, leaf)
            except (AuditError, ValueError):
                reason = f"entry {index} is not the one that was signed"
                return _fault("row of the entry", index, reason)
    false = first_false(connection, log.log, left + 1)
    return None if false is None else _fault("row of the entry", false, _FALSE)


def stray_entry(connection: Connection, merchant: str) -> tuple[int, int] | None:
    """Log and index of an entry of the merchant's that belongs to none of its logs."""
    mine = select(log_rows.c.log).where(log_rows.c.merchant == merchant)
    found = select(entries.c.log, entries.c.index).where(
        entries.c.merchant == merchant, entries.c.log.not_in(mine)
    )
    row = connection.execute(found.limit(1)).first()
    return None if row is None else (row[0], row[1])


def _faults(connection: Connection, log: KeptLog, size: int) -> Iterator[LogFault]:
    if log.integrated != size:
        reason = f"it says that the tree has {log.integrated} entries; {size} are signed"
        yield _fault("row of the log", min(log.integrated, size), reason)
    if log.size < size:
        reason = f"it says that the log has {log.size} entries; {size} are signed"
        yield _fault("row of the log", log.size, reason)
    false = first_false(connection, log.log, log.size)
    if false is not None:
        yield _fault("row of the entry", false, _FALSE)
    last = select(type_coerce(entries.c.time, BigInteger)).where(entries.c.log == log.log)
    if connection.execute(last.where(entries.c.index == log.size - 1)).scalar() != log.last_time:
        reason = "the time that it names is not that of the last entry"
        yield _fault("row of the log", log.size - 1, reason)
    yield from _tile_faults(connection, log.log, size)
    yield from _checkpoint_faults(connection, log.log)


def _tile_faults(connection: Connection, log: int, size: int) -> Iterator[LogFault]:
    """Tiles that are longer than the tree is wide there, or that it does not have."""
    length = func.length(cast(tiles.c.data, LargeBinary))
    mine = select(tiles.c.level, tiles.c.index, length).where(tiles.c.log == log)
    level = 0
    while size:
        size, width = divmod(size, WIDTH)
        wanted = case((tiles.c.index < size, WIDTH), (tiles.c.index == size, width), else_=0)
        odd = (tiles.c.index < 0) | (length != wanted * HASH_SIZE)
        found = mine.where(tiles.c.level == level, odd).order_by(tiles.c.index).limit(1)
        yield from map(_odd_tile, connection.execute(found))
        level += 1
    beyond = mine.where((tiles.c.level < 0) | (tiles.c.level >= level)).limit(1)
    yield from map(_odd_tile, connection.execute(beyond))


def _odd_tile(row: Row[*tuple[Any, ...]]) -> LogFault:
    level, index, length = row
    reason = f"{length} bytes are not what the tree has there"
    return _fault(Tile(level, index).path(), None, reason)


def _checkpoint_faults(connection: Connection, log: int) -> Iterator[LogFault]:
    """Notes that are kept under another size than their own."""
    for number, (size, note) in enumerate(tree.checkpoints_by_size(connection, log), start=1):
        if note.split(b"\n", 2)[1] != str(size).encode():
            yield _fault(f"stored checkpoint {number}", None, f"it is kept as if of {size} entries")


def _fault(place: str, index: int | None, reason: str) -> LogFault:
    return LogFault(FaultKind.CONTENTS, place, index, reason)

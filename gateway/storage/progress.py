"""How far a merchant's sync has come, and which orders it has turned away already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from gateway.storage.sync_tables import rejected_orders, sync_progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A pass under way: it asks for what changed from `since` on.

    `cursor` is where it goes on, None: at its first page. `reached` is the latest change that it has
    met; `begun_at` also names the pass.
    """

    since: datetime
    begun_at: datetime
    cursor: str | None
    reached: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`mark`: all that changed before has come; None before the first pass came to its end."""

    mark: datetime | None
    completed_at: datetime | None
    under_way: Pass | None


NONE = Progress(mark=None, completed_at=None, under_way=None)


def find(connection: Connection, merchant: str) -> Progress:
    """How far the merchant's sync has come."""
    row = connection.execute(
        select(sync_progress).where(sync_progress.c.merchant == merchant)
    ).first()
    if row is None:
        return NONE
    under_way = None
    if row.begun_at is not None:
        under_way = Pass(
            since=row.since, begun_at=row.begun_at, cursor=row.cursor, reached=row.reached
        )
    return Progress(mark=row.mark, completed_at=row.completed_at, under_way=under_way)


def save(connection: Connection, merchant: str, progress: Progress) -> None:
    """Remember how far it has come."""
    now = progress.under_way
    values = {
        "mark": progress.mark,
        "completed_at": progress.completed_at,
        "since": now and now.since,
        "begun_at": now and now.begun_at,
        "cursor": now and now.cursor,
        "reached": now and now.reached,
    }
    mine = sync_progress.c.merchant == merchant
    if connection.execute(update(sync_progress).where(mine).values(values)).rowcount == 0:
        connection.execute(insert(sync_progress).values(merchant=merchant, **values))


def turned_away(connection: Connection, merchant: str, digests: Sequence[bytes]) -> set[bytes]:
    """Which of these orders were turned away in just this shape before."""
    mine = (rejected_orders.c.merchant == merchant) & rejected_orders.c.digest.in_(digests)
    return set(connection.execute(select(rejected_orders.c.digest).where(mine)).scalars())


def turn_away(
    connection: Connection, merchant: str, digests: Iterable[bytes], seen_at: datetime
) -> None:
    """Remember that these were turned away, in the pass that began at `seen_at`."""
    wanted = set(digests)
    if not wanted:
        return
    known = turned_away(connection, merchant, list(wanted))
    mine = (rejected_orders.c.merchant == merchant) & rejected_orders.c.digest.in_(list(known))
    connection.execute(update(rejected_orders).where(mine).values(seen_at=seen_at))
    if wanted - known:
        rows = [
            {"merchant": merchant, "digest": digest, "seen_at": seen_at}
            for digest in sorted(wanted - known)
        ]
        connection.execute(insert(rejected_orders), rows)


def forget_turned_away(connection: Connection, merchant: str, before: datetime) -> None:
    """Forget those that no pass has met since `before`: none will meet them any more."""
    mine = (rejected_orders.c.merchant == merchant) & (rejected_orders.c.seen_at < before)
    connection.execute(delete(rejected_orders).where(mine))

"""Counts what goes to a carrier that takes only so much at once, for all processes and nodes together."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update

from gateway.storage.handover_tables import quotas
from gateway.storage.store import Store

_DAY_SECONDS = 86400


def take(
    store: Store, merchant: str, carrier_id: str, *, per_second: int | None, per_day: int | None
) -> timedelta | None:
    """Counts one more; None when it fits, else how long to wait until there is room.

    Never more than `per_second` within any second, nor more than `per_day` on a day (UTC). One that
    is refused counts for nothing.
    """
    mine = (quotas.c.merchant == merchant) & (quotas.c.carrier == carrier_id)
    with store.change() as connection:
        store.database.hold(connection, f"quota {merchant} {carrier_id}")
        row = connection.execute(select(quotas).where(mine)).first()
        now = store.clock().timestamp()
        day = int(now) // _DAY_SECONDS
        in_day = row.in_day if row is not None and row.day == day else 0
        recent = [time for time in row.recent if now - 1 < time <= now] if row is not None else []
        if per_day is not None and in_day >= per_day:
            return _until((day + 1) * _DAY_SECONDS, now)
        if per_second is not None and len(recent) >= per_second:
            return _until(recent[-per_second] + 1, now)
        counted = {"recent": [*recent, now], "day": day, "in_day": in_day + 1}
        if row is None:
            mine_too = {"merchant": merchant, "carrier": carrier_id}
            connection.execute(insert(quotas).values(**mine_too, **counted))
        else:
            connection.execute(update(quotas).where(mine).values(**counted))
    return None


def _until(second: float, now: float) -> timedelta:
    return datetime.fromtimestamp(second, UTC) - datetime.fromtimestamp(now, UTC)

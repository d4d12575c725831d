"""What came of each verification of the logs: bookkeeping that tells when, and never evidence itself.

Whoever can change the log can change this as well; only verifying it again shows how it stands.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, and_, delete, func, insert, select

from gateway.storage.verification_tables import verifications


class Result(StrEnum):
    """What a verification of one log ended in."""

    VERIFIED = "verified"
    DELETED = "deleted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One log as it was found at `verified_at`.

    `size` and `root` are of the checkpoint that all agreed with; `place`, `entry` and `reason` tell
    the first contradiction of a log that failed, `entry` None where it is about no entry.
    """

    merchant: str
    verified_at: datetime
    origin: str
    outcome: Result
    size: int | None = None
    root: bytes | None = None
    place: str | None = None
    entry: int | None = None
    reason: str | None = None


def keep(connection: Connection, found: Sequence[Verification]) -> None:
    """Keep what came of one verification, in place of another that began at the very same time."""
    for one in found:
        same = and_(
            verifications.c.merchant == one.merchant,
            verifications.c.verified_at == one.verified_at,
            verifications.c.origin == one.origin,
        )
        connection.execute(delete(verifications).where(same))
        connection.execute(insert(verifications).values(asdict(one)))


def latest(connection: Connection, merchant: str) -> Sequence[Verification]:
    """What came of the last one, log by log; nothing where there was none."""
    last = select(func.max(verifications.c.verified_at)).where(verifications.c.merchant == merchant)
    of_it = select(verifications).where(
        verifications.c.merchant == merchant,
        verifications.c.verified_at == last.scalar_subquery(),
    )
    rows = connection.execute(of_it.order_by(verifications.c.origin)).mappings()
    return [_verification(row) for row in rows]


def failing(connection: Connection) -> int:
    """How many logs, of all merchants, failed when they were last verified."""
    last = select(
        verifications.c.merchant, func.max(verifications.c.verified_at).label("at")
    ).group_by(verifications.c.merchant)
    newest = last.subquery()
    failed = (
        select(func.count())
        .select_from(verifications)
        .join(
            newest,
            and_(
                verifications.c.merchant == newest.c.merchant,
                verifications.c.verified_at == newest.c.at,
            ),
        )
        .where(verifications.c.outcome == Result.FAILED.value)
    )
    return connection.execute(failed).scalar_one()


def forget(connection: Connection, merchant: str, before: datetime) -> None:
    """Drop what is older than the logs it tells of."""
    old = verifications.c.verified_at < before
    connection.execute(delete(verifications).where(verifications.c.merchant == merchant, old))


def _verification(row: RowMapping) -> Verification:
    return Verification(**{**row, "outcome": Result(row["outcome"])})

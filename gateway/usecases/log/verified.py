"""Verifies a merchant's logs and keeps what came of it, so that others can tell when that was.

What is kept is never believed by the verification itself.
"""

from collections.abc import Sequence
from datetime import datetime

from gateway.audit.verdict import LogFault, LogReport
from gateway.storage import verifications
from gateway.storage.store import Store
from gateway.storage.verifications import Result, Verification
from gateway.usecases.log.retire_logs import months_before
from gateway.usecases.log.verify import Progress, Verdict, verify
from gateway.usecases.log.witnessed import Quorum


def verify_and_keep(
    store: Store,
    merchant: str,
    held: Sequence[bytes],
    progress: Progress,
    quorum: Quorum,
    keep_months: int,
) -> list[Verdict]:
    """The verdicts as `verify` gives them, once they are kept; those from before `keep_months` go."""
    now = store.clock()
    verdicts = verify(store, merchant, held, progress, quorum)
    with store.change() as connection:
        verifications.keep(connection, [_kept(merchant, now, one) for one in verdicts])
        verifications.forget(connection, merchant, months_before(now, keep_months))
    return verdicts


def failed(verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
    """Those of the logs that do not hold."""
    return [one for one in verdicts if isinstance(one.outcome, LogFault)]


def _kept(merchant: str, now: datetime, verdict: Verdict) -> Verification:
    found = verdict.outcome
    if isinstance(found, LogFault):
        return Verification(
            merchant=merchant,
            verified_at=now,
            origin=verdict.origin,
            outcome=Result.FAILED,
            place=found.place,
            entry=found.index,
            reason=found.reason,
        )
    return Verification(
        merchant=merchant,
        verified_at=now,
        origin=verdict.origin,
        outcome=Result.VERIFIED if isinstance(found, LogReport) else Result.DELETED,
        size=found.checkpoint.size,
        root=found.checkpoint.root,
    )

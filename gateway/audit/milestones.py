"""Earlier checkpoints of a log, its own and those held outside; one is never passed over unread."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.audit.checkpoint import Checkpoint, open_checkpoint
from gateway.audit.faults import AuditError
from gateway.audit.note import Verifier
from gateway.audit.verdict import FaultFound, FaultKind, LogFault


@dataclass(frozen=True, slots=True)
class Milestone:
    """A signed checkpoint that the log must have passed through; `name` says which."""

    name: str
    held: bool
    checkpoint: Checkpoint


def milestones(
    stored: Iterable[bytes],
    held: Sequence[bytes],
    log: Verifier,
    latest: Checkpoint,
) -> Iterator[Milestone]:
    """All of them by size, read as they are needed; `stored` ones must come smallest first.

    `FaultFound` where one is not signed by the log or is larger than its latest checkpoint.
    """
    outside = [
        _open(raw, f"held checkpoint {number}", log, latest, held=True)
        for number, raw in enumerate(held, start=1)
    ]
    outside.sort(key=_size)
    return heapq.merge(_stored(stored, log, latest), outside, key=_size)


def _stored(stored: Iterable[bytes], log: Verifier, latest: Checkpoint) -> Iterator[Milestone]:
    size = 0
    for number, raw in enumerate(stored, start=1):
        milestone = _open(raw, f"stored checkpoint {number}", log, latest, held=False)
        if _size(milestone) < size:
            reason = f"it has {_size(milestone)} entries, the one before it had {size}"
            raise _fault(FaultKind.TRUNCATED, milestone.name, _size(milestone), reason)
        size = _size(milestone)
        yield milestone


def _open(raw: bytes, name: str, log: Verifier, latest: Checkpoint, *, held: bool) -> Milestone:
    try:
        checkpoint = open_checkpoint(raw, log, latest.origin)
    except AuditError as error:
        raise _fault(FaultKind.CHECKPOINT, name, None, str(error)) from None
    if checkpoint.size > latest.size:
        reason = (
            f"it has {checkpoint.size} entries, the latest checkpoint only {latest.size}: "
            f"the entries from {latest.size} on were cut off"
        )
        raise _fault(FaultKind.TRUNCATED, name, latest.size, reason)
    return Milestone(name, held, checkpoint)


def _size(milestone: Milestone) -> int:
    return milestone.checkpoint.size


def _fault(kind: FaultKind, place: str, index: int | None, reason: str) -> FaultFound:
    return FaultFound(LogFault(kind, place, index, reason))

"""The proof that a log only grew over a period: its last checkpoint before, its first after, and between.

What it hands out was checked: a proof that does not hold is a fault, never a part of a report.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.audit.encoding import encode_base64
from gateway.audit.faults import AuditError
from gateway.audit.merkle import check_consistency, consistency_proof
from gateway.errors import Unavailable
from gateway.storage import tree
from gateway.storage.entries import Stretch
from gateway.storage.store import Store
from gateway.usecases.log.sequence import integrate


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuity:
    """One log over a period: `before` and `after` are signed notes, `proof` leads from one to the other.

    `first` and `last` are the indexes of the entries in the period. `before` is None where the
    period has the log's beginning in it: then `after` alone covers it. The proof is that of RFC
    9162, section 2.1.4, its hashes in base64.
    """

    origin: str
    first: int
    last: int
    before: str | None
    after: str
    proof: tuple[str, ...]


def continuity(store: Store, stretches: Sequence[Stretch]) -> tuple[Continuity, ...]:
    """The proofs of all logs that have entries in the period, the oldest first."""
    found = []
    for stretch in reversed(stretches):
        if stretch.low < stretch.high:
            integrate(store, stretch.log)
            with store.read() as connection:
                found.append(_of(store, connection, stretch))
    return tuple(found)


def _of(store: Store, connection: Connection, stretch: Stretch) -> Continuity:
    origin = tree.one(connection, stretch.log).origin
    before = tree.checkpoint_before(connection, stretch.log, stretch.low)
    after = tree.checkpoint_after(connection, stretch.log, stretch.high)
    if after is None:
        raise Unavailable("log", "the log has no checkpoint over the period; gateway audit verify")
    try:
        proof = _proof(store, connection, stretch.log, origin, before, after)
    except (AuditError, ValueError) as fault:
        why = f"the log {origin} cannot be proven over the period: {fault}; gateway audit verify"
        raise Unavailable("log", why) from fault
    return Continuity(
        origin=origin,
        first=stretch.low,
        last=stretch.high - 1,
        before=None if before is None else before.decode(),
        after=after.decode(),
        proof=tuple(map(encode_base64, proof)),
    )


def _proof(
    store: Store, connection: Connection, log: int, origin: str, before: bytes | None, after: bytes
) -> Sequence[bytes]:
    notary = store.logbook.notary
    new = notary.open(after, origin)
    if before is None:
        return ()
    old = notary.open(before, origin)
    proof = consistency_proof(old.size, new.size, tree.hashes(connection, log, new.size))
    check_consistency(
        old_size=old.size,
        new_size=new.size,
        old_root=old.root,
        new_root=new.root,
        proof=proof,
    )
    return proof

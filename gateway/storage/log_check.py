"""Holds a log against what was signed of it before it grows; what contradicts that is never built upon."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.entry import Entry
from gateway.audit.faults import AuditError, Malformed, ProofRefused
from gateway.audit.glance import glance
from gateway.audit.growth import Edge
from gateway.audit.merkle import (
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
)
from gateway.audit.tiles import WIDTH, TiledHashes
from gateway.audit.verdict import LogFault
from gateway.audit.verify import verify_log
from gateway.errors import GatewayError, Unavailable
from gateway.storage import logs, tree
from gateway.storage.log_source import StoredLog
from gateway.storage.notary import Notary

_WHOLE = 100 * WIDTH
"""A log of no more entries is checked whole at each start, of a longer one the last tile."""


class LogCheck:
    """What is asked of one log, by its row, which the caller holds.

    `is_set_back` is a log that a backup has set back behind the checkpoint that is held of it.
    """

    def __init__(
        self, connection: Connection, notary: Notary, row: Row[Any], *, is_set_back: bool = False
    ) -> None:
        self._connection = connection
        self._notary = notary
        self._row = row
        self._is_set_back = is_set_back

    def whole(self) -> None:
        """Unavailable, with the place, where the log is not as it was signed.

        Its end comes first, from which it goes on; then all that is before, if that is not too much.
        """
        row = self._row
        odd = logs.odd_column(self._connection, row.log)
        if odd is not None:
            raise tampered(str(row.origin), f"its {odd} is none")
        if not row.origin.endswith(f"/{row.merchant}/{row.period}"):
            raise tampered(row.origin, f"it is not the log of {row.merchant} and {row.period}")
        try:
            leaves = self._last_leaves()
        except AuditError as fault:
            raise tampered(row.origin, str(fault)) from fault
        self.edge()
        if row.integrated > _WHOLE:
            self._check_each(leaves)
        elif row.integrated:
            self._check_all()

    def edge(self) -> Edge:
        """The right edge of the tree, as the last checkpoint was signed over it.

        Unavailable where it is not, or where that checkpoint does not continue the held one: whoever
        can write the database must not have the service sign another history.
        """
        row = self._row
        try:
            held = None if self._is_set_back else self._held()
            if held is not None and held.size > row.integrated:
                what = f"the held checkpoint has {held.size} entries, it {row.integrated}"
                raise tampered(row.origin, what)
            if row.size < row.integrated:
                raise tampered(row.origin, f"it has {row.size} entries, its tree {row.integrated}")
            edge = tree.edge(self._connection, row.log, row.integrated)
            if row.integrated:
                last = self._last()
                if last.size != row.integrated or edge.root() != last.root:
                    raise tampered(
                        row.origin, f"its tiles do not have the root of checkpoint {last.size}"
                    )
                if held is not None:
                    self._require_continued(held, last)
        except AuditError as fault:
            raise tampered(row.origin, str(fault)) from fault
        return edge

    def _held(self) -> Checkpoint | None:
        note = self._notary.held(self._row.origin)
        return None if note is None else self._notary.open(note, self._row.origin)

    def _last(self) -> Checkpoint:
        note = tree.checkpoint(self._connection, self._row.log)
        if note is None:
            raise tampered(self._row.origin, "its last checkpoint is missing")
        return self._notary.open(note, self._row.origin)

    def _require_continued(self, held: Checkpoint, last: Checkpoint) -> None:
        hashes = tree.hashes(self._connection, self._row.log, last.size)
        try:
            check_consistency(
                old_size=held.size,
                new_size=last.size,
                old_root=held.root,
                new_root=last.root,
                proof=consistency_proof(held.size, last.size, hashes),
            )
        except ProofRefused as fault:
            what = f"its tree does not continue the held checkpoint of {held.size} entries"
            raise tampered(self._row.origin, what) from fault

    def _last_leaves(self) -> Sequence[bytes]:
        """The entries from the last tile on, which are all there."""
        row = self._row
        if tree.last_index(self._connection, row.log) != row.size - 1:
            raise tampered(row.origin, f"its last entry is not {row.size - 1}")
        start, end = self._last_tile(), max(row.size, row.integrated)
        leaves = tree.leaves(self._connection, row.log, start, end)
        if len(leaves) < max(end - start, 1):
            raise tampered(row.origin, f"entry {start + len(leaves)} is missing")
        before = max(row.integrated - 1 - start, 0)
        require_in_place(row, leaves[before:], start + before)
        if Entry.parse(leaves[-1]).time != row.last_time:
            raise tampered(row.origin, f"entry {row.size - 1} is of another time than its row says")
        return leaves

    def _last_tile(self) -> int:
        """The first entry of the last tile, full or not: what is appended goes on from it."""
        integrated: int = self._row.integrated
        return max(integrated - 1, 0) // WIDTH * WIDTH

    def _check_each(self, leaves: Sequence[bytes]) -> None:
        """Of entries from the last tile on, those that the tree holds."""
        row, signed = self._row, self._last()
        hashes = tree.hashes(self._connection, row.log, signed.size)
        for index, leaf in enumerate(
            leaves[: row.integrated - self._last_tile()], self._last_tile()
        ):
            try:
                require_signed(signed, hashes, index, leaf)
            except ProofRefused as fault:
                raise tampered(
                    row.origin, f"entry {index} is not the one that was signed"
                ) from fault

    def _check_all(self) -> None:
        source = _WithoutHistory(self._connection, self._row.log)
        found = verify_log(source, self._notary.verifier(self._row.origin).vkey(), ours=True)
        if isinstance(found, LogFault):
            raise tampered(self._row.origin, f"{found.place}: {found.reason}")


class _WithoutHistory(StoredLog):
    """The log under its latest checkpoint alone: there may be as many earlier ones as entries."""

    def history(self) -> Iterator[bytes]:
        return iter(())


def is_signed(connection: Connection, notary: Notary, log: int, index: int, leaf: bytes) -> bool:
    """Whether an entry stands in the tree that its log's last checkpoint was signed over."""
    try:
        note = tree.checkpoint(connection, log) or b""
        signed = notary.open(note, str(tree.one(connection, log).origin))
        require_signed(signed, tree.hashes(connection, log, signed.size), index, leaf)
    except (GatewayError, ValueError):
        return False
    return True


def require_signed(signed: Checkpoint, hashes: TiledHashes, index: int, leaf: bytes) -> None:
    """Raise `ProofRefused` or `Malformed` unless the leaf stands at this index of what was signed."""
    check_inclusion(
        index=index,
        size=signed.size,
        leaf=leaf_hash(leaf),
        proof=inclusion_proof(index, signed.size, hashes),
        root=signed.root,
    )


def require_in_place(row: Row[Any], leaves: Sequence[bytes], start: int) -> None:
    """That each of these is an entry, stands where it says, and is no older than the one before."""
    last = b""
    for index, leaf in enumerate(leaves, start):
        try:
            told, time = glance(leaf)
        except Malformed as fault:
            raise tampered(row.origin, f"entry {index}: {fault}") from fault
        if told != index or time < last:
            raise tampered(row.origin, f"entry {index} is not in its place")
        last = time


def tampered(origin: str, what: str) -> Unavailable:
    """The refusal to go on with a log."""
    return Unavailable(
        "log",
        f"the log {origin} was changed behind the service: {what}; gateway audit verify",
    )

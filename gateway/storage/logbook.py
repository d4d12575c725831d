"""The merchants' logs: opened, checked before first use, integrated into their trees, rolled over.

It must never let an entry be appended to a log that contradicts its last checkpoint.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from gateway.audit import chain
from gateway.audit.checkpoint import Checkpoint
from gateway.audit.entry import Action, Actor, Draft, Outcome
from gateway.audit.faults import AuditError
from gateway.audit.growth import grow
from gateway.audit.merkle import leaf_hash
from gateway.audit.tiles import WIDTH
from gateway.errors import Unavailable
from gateway.model.ids import Entropy, new_id
from gateway.storage import retired, tree
from gateway.storage.log import LogHead
from gateway.storage.log_check import LogCheck, require_in_place, tampered
from gateway.storage.logs import merchant_of
from gateway.storage.notary import Notary
from gateway.storage.prepared import Prepared
from gateway.storage.tables import logs, merchants

CHUNK = 16 * WIDTH
"""Entries that are hashed at once: bounds memory, and how long an append waits behind it."""

Period = Callable[[datetime], str]
"""The name of the period that a time is in; later periods have greater names."""


def quarter(time: datetime) -> str:
    """For example 2026q4."""
    return f"{time.year}q{(time.month + 2) // 3}"


def month(time: datetime) -> str:
    """For example 2026m11."""
    return f"{time.year}m{time.month:02d}"


def year(time: datetime) -> str:
    """For example 2026."""
    return str(time.year)


PERIODS: dict[str, Period] = {"month": month, "quarter": quarter, "year": year}
"""How often a log may roll over."""

_ACTOR = Actor(role="service", id="log")


@dataclass(frozen=True, slots=True)
class Loss:
    """A log that was longer once: the checkpoint that is held of it, and the entries it has here."""

    held: Checkpoint
    size: int

    @property
    def merchant(self) -> str:
        """Whose log it is."""
        return merchant_of(self.held.origin)


class Logbook:
    """All logs of one service, named `origin`/merchant/period."""

    def __init__(self, origin: str, period: Period, notary: Notary, entropy: Entropy) -> None:
        self.notary = notary
        self._origin = origin
        self._period = period
        self._entropy = entropy
        self._checked: set[int] = set()
        self._set_back: set[int] = set()
        self._unheld: set[int] = set()

    def elsewhere(self, notary: Notary) -> "Logbook":
        """The same logs in another database, against what another notary holds."""
        return Logbook(self._origin, self._period, notary, self._entropy)

    def head(self, connection: Connection, merchant: str, now: datetime) -> LogHead:
        """The merchant's current log, held by this transaction; Unavailable when it was tampered with."""
        row = _current(connection, merchant) or _anew(connection, merchant)
        if row is not None:
            self._check_once(connection, row)
            if self._period(now) <= row.period:
                return LogHead(connection, row, self._entropy)
        return self._opened(connection, merchant, row, now, self._period(now))

    def self_check(self, connection: Connection, merchant: str) -> None:
        """Unavailable where the merchant's current log was tampered with, as before its first use."""
        row = _current(connection, merchant)
        if row is not None:
            self._check_once(connection, row)

    def integrate(self, connection: Connection, log: int, now: datetime) -> bytes | None:
        """Take entries into the tree and sign: the new checkpoint, None when there was nothing to do.

        At most `CHUNK` entries; call again for more.
        """
        row = connection.execute(select(logs).where(logs.c.log == log).with_for_update()).one()
        if row.size == row.integrated:
            return None
        try:
            self._check_once(connection, row)
            # At each step, not at the first alone: what is signed here is what outsiders believe.
            edge = self._check(connection, row).edge()
            leaves = _waiting(connection, row)
        except Unavailable:
            # Until it has been checked anew, nothing is appended to it either.
            self._checked.discard(log)
            raise
        end = row.integrated + len(leaves)
        grown = grow(edge, [leaf_hash(it) for it in leaves])
        note = self.notary.sign(Checkpoint(row.origin, end, grown.edge.root()))
        tree.write(connection, log, [*grown.full, *grown.edge.writes()])
        tree.add_checkpoint(connection, log, end, note, now)
        return note

    def losses(self, connection: Connection, now: datetime) -> list[Loss]:
        """The logs of a restored database that are shorter than the checkpoint held of them.

        Entries that no tree had when the backup was made are taken in before: they are not lost.
        Nor is a log whose deletion is on record: another node than the one that did it holds it still.
        """
        for row in connection.execute(select(logs).where(logs.c.size > logs.c.integrated)).all():
            self._take_for_granted(row.log)
            while self.integrate(connection, row.log, now):
                pass
            self._checked.discard(row.log)
            self._set_back.discard(row.log)
        found = select(logs.c.origin, logs.c.size)
        sizes = {row.origin: row.size for row in connection.execute(found)}
        held = [_checkpoint(self.notary, note) for note in self.notary.notes()]
        deleted = {
            origin
            for merchant in {merchant_of(it.origin) for it in held}
            for origin in retired.deletions(connection, self.notary, merchant)
        }
        losses = [Loss(it, sizes.get(it.origin, 0)) for it in held]
        return [
            loss
            for loss in losses
            if loss.size < loss.held.size and loss.held.origin not in deleted
        ]

    def go_on_after(
        self, connection: Connection, merchant: str, lost: Checkpoint, now: datetime
    ) -> None:
        """Close the log that a backup has set back, and begin another whose first entry says so.

        An entry in the place of one that is lost would contradict a checkpoint that others hold.
        """
        row = _current(connection, merchant)
        if row is None:
            return
        self._take_for_granted(row.log)
        period = self._unused(connection, merchant, row.period, now)
        said: dict[str, str | int] = {
            f"lost_{name}": fact for name, fact in chain.deleting(lost).items()
        }
        self._opened(connection, merchant, row, now, period, said).flush()

    def _take_for_granted(self, log: int) -> None:
        """Bring a log to its end as the backup has it, however short of what is held it is."""
        self._checked.add(log)
        self._set_back.add(log)

    def _unused(self, connection: Connection, merchant: str, period: str, now: datetime) -> str:
        """A period after this one under whose name no log was ever signed."""
        usual = self._period(now)
        base = period.partition(".")[0]
        taken = set(connection.execute(select(logs.c.origin)).scalars())
        first = [usual] if usual > period else []
        for name in itertools.chain(first, (f"{base}.{n}" for n in itertools.count(1))):
            origin = self._name(merchant, name)
            if origin not in taken and self.notary.held(origin) is None:
                return name
        raise AssertionError("there is always another number")

    def _name(self, merchant: str, period: str) -> str:
        return f"{self._origin}/{merchant}/{period}"

    def _opened(
        self,
        connection: Connection,
        merchant: str,
        old: Row[Any] | None,
        now: datetime,
        period: str,
        further: Mapping[str, str | int] = MappingProxyType({}),
    ) -> LogHead:
        """A new log; its first entry commits to the last checkpoint of the one before."""
        origin = self._name(merchant, period)
        if self.notary.held(origin) is not None:
            raise tampered(origin, "it has signed checkpoints already, and its entries are gone")
        detail = {**({} if old is None else self._closed(connection, old, now)), **further}
        connection.execute(
            insert(logs).values(
                merchant=merchant,
                origin=origin,
                period=period,
                opened_at=now,
                size=0,
                integrated=0,
                last_time=now if old is None else max(now, old.last_time),
            )
        )
        row = _current(connection, merchant)
        if row is None:
            raise Unavailable("log", "a new log could not be opened")
        self._checked.add(row.log)
        head = LogHead(connection, row, self._entropy)
        head.append(
            Draft(
                id=new_id(now, self._entropy),
                merchant=merchant,
                actor=_ACTOR,
                action=Action.LOG_OPENED,
                outcome=Outcome.DONE,
                detail=detail,
            ),
            now,
        )
        return head

    def _closed(self, connection: Connection, old: Row[Any], now: datetime) -> dict[str, str | int]:
        """Bring a log's tree to its end and close it; what its successor says of it."""
        while self.integrate(connection, old.log, now):
            pass
        self._check(connection, tree.one(connection, old.log)).edge()
        connection.execute(update(logs).where(logs.c.log == old.log).values(closed_at=now))
        self._unheld.add(old.log)
        return chain.succeeding(self.end(connection, old.log))

    def hold_closed(self, connection: Connection) -> None:
        """Hold the last checkpoints of the logs that this process closed, once that is durable."""
        for log in list(self._unheld):
            row = tree.one(connection, log)
            if row.closed_at is not None:
                self.notary.hold(row.origin, tree.checkpoint(connection, log) or b"")
                self._unheld.discard(log)

    def end(self, connection: Connection, log: int) -> Checkpoint:
        """The last checkpoint of a log that is closed; Unavailable when it was tampered with."""
        row = tree.one(connection, log)
        try:
            return self.notary.open(tree.checkpoint(connection, log) or b"", row.origin)
        except AuditError as fault:
            raise tampered(row.origin, str(fault)) from fault

    def _check_once(self, connection: Connection, row: Row[Any]) -> None:
        if row.log not in self._checked:
            self._check(connection, row).whole()
            self._checked.add(row.log)

    def _check(self, connection: Connection, row: Row[Any]) -> LogCheck:
        return LogCheck(connection, self.notary, row, is_set_back=row.log in self._set_back)


def _waiting(connection: Connection, row: Row[Any]) -> Sequence[bytes]:
    """The next entries to take in."""
    start = max(row.integrated - 1, 0)
    end = min(row.size, row.integrated + CHUNK)
    leaves = tree.leaves(connection, row.log, start, end)
    if len(leaves) < end - start:
        raise tampered(row.origin, f"entry {start + len(leaves)} is missing")
    require_in_place(row, leaves, start)
    return leaves[row.integrated - start :]


def _checkpoint(notary: Notary, note: bytes) -> Checkpoint:
    origin = note.partition(b"\n")[0].decode("utf-8", "replace")
    try:
        return notary.open(note, origin)
    except AuditError as fault:
        raise Unavailable("log", f"a held checkpoint of {origin} is not ours: {fault}") from fault


_CURRENT = Prepared(
    select(logs)
    .where(logs.c.merchant == bindparam("merchant"), logs.c.closed_at.is_(None))
    .order_by(logs.c.log.desc())
    .with_for_update()
)
_MERCHANT = (
    select(merchants.c.merchant)
    .where(merchants.c.merchant == bindparam("merchant"))
    .with_for_update()
)


def _current(connection: Connection, merchant: str) -> Row[Any] | None:
    return _CURRENT.first(connection, {"merchant": merchant})


def _anew(connection: Connection, merchant: str) -> Row[Any] | None:
    """The log that another node opened while this transaction waited, None where there never was one."""
    # Whoever opens a log holds the merchant as well, or two nodes would each open the first one.
    connection.execute(_MERCHANT, {"merchant": merchant})
    row = _current(connection, merchant)
    if row is None:
        kept = select(logs.c.origin).where(logs.c.merchant == merchant).order_by(logs.c.log.desc())
        closed = connection.execute(kept.limit(1)).scalar()
        if closed is not None:
            raise tampered(closed, "it was closed, and no log follows")
    return row

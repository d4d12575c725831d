"""Appends to a merchant's audit log inside the transaction whose changes the entries tell of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, insert, select, update

from gateway.audit.entry import Action, Draft, Entry
from gateway.model.ids import Entropy
from gateway.storage.prepared import Prepared
from gateway.storage.tables import entries, entry_reasons, logs
from gateway.storage.tombstones import Kind, Tombstone

DEPARTURES = {Action.CONTACT_EXPIRED: Kind.CONTACT, Action.SUBJECT_ERASED: Kind.SUBJECT}
"""Entries that tell of an erasure, and what went by it."""

_CHANGELESS = frozenset({Action.CONTACT_RELEASED, Action.CONTACT_REFUSED})
"""What is put on record without changing anything that a decision could rest on."""

_POSITION = Prepared(
    select(logs.c.log, logs.c.size)
    .where(logs.c.merchant == bindparam("merchant"), logs.c.closed_at.is_(None))
    .order_by(logs.c.log.desc())
)
_LAST_CHANGE = Prepared(
    select(entries.c.index)
    .where(
        entries.c.log == bindparam("log"),
        entries.c.index >= bindparam("since"),
        and_(*(entries.c.action != action.value for action in sorted(_CHANGELESS))),
    )
    .order_by(entries.c.index.desc())
    .limit(1)
)
_ADD = Prepared(insert(entries))
_ADD_REASONS = Prepared(insert(entry_reasons))
_GROW = Prepared(
    update(logs)
    .where(logs.c.log == bindparam("of_log"))
    .values(size=bindparam("to_size"), last_time=bindparam("to_time"))
)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a merchant's log was when something was looked up."""

    log: int
    size: int


def position(connection: Connection, merchant: str) -> Position | None:
    """How far the merchant's log is; None where there is none yet."""
    row = _POSITION.first(connection, {"merchant": merchant})
    return None if row is None else Position(row.log, row.size)


class LogHead:
    """The end of a merchant's current log, held by this transaction alone.

    Holding it also puts all writes of one merchant in a row, on every node.
    """

    def __init__(self, connection: Connection, row: Row[Any], entropy: Entropy) -> None:
        self.merchant: str = row.merchant
        self._connection = connection
        self._log: int = row.log
        self._size: int = row.size
        self._last_time: datetime = row.last_time
        self._entropy = entropy
        self._looked_from: int = row.size
        self._last_change = -1
        self._entries: list[dict[str, Any]] = []
        self._reasons: list[dict[str, Any]] = []
        self.departed: list[Tombstone] = []
        """What this transaction erases, to be buried before it is."""

    def is_unchanged_since(self, seen: Position | None) -> bool:
        """Whether nothing has changed since: every change of an order or a carrier is an entry.

        But for new dates (`retention.redate`, `set_right`), which count from the next look-up. One
        query serves all works of a group, unless one of them saw the log shorter still.
        """
        if seen is None or seen.log != self._log:
            return False
        if seen.size < self._looked_from:
            last = _LAST_CHANGE.first(self._connection, {"log": self._log, "since": seen.size})
            self._last_change = max(self._last_change, -1 if last is None else last.index)
            self._looked_from = seen.size
        return self._last_change < seen.size

    def append(self, draft: Draft, now: datetime) -> Entry:
        """The draft as the next entry; its time never runs backwards, whatever the clock does."""
        time = max(now, self._last_time)
        entry = draft.at(index=self._size, time=time, salt=self._entropy(16).hex())
        self._size += 1
        self._last_time = time
        self._entries.append(
            {
                "log": self._log,
                "index": entry.index,
                "id": entry.id,
                "merchant": entry.merchant,
                "time": entry.time,
                "action": entry.action.value,
                "outcome": entry.outcome.value,
                "purpose": entry.purpose,
                "actor_role": entry.actor.role,
                "actor": entry.actor.id,
                "carrier": entry.carrier,
                "subject": entry.subject,
                "leaf": entry.leaf(),
            }
        )
        self._note(entry, entry.index, entry.subject)
        return entry

    def append_further(self, like: Entry, named: Iterable[tuple[str, str | None]]) -> None:
        """Entries that tell the same as the one that was appended last, each by its own id and subject."""
        row, alike = self._entries[-1], like.alike()
        for id_, subject in named:
            index, salt = self._size, self._entropy(16).hex()
            self._size += 1
            leaf = alike.leaf(id_, index, salt, subject)
            self._entries.append(
                {**row, "index": index, "id": id_, "subject": subject, "leaf": leaf}
            )
            self._note(like, index, subject)

    def _note(self, entry: Entry, index: int, subject: str | None) -> None:
        """What goes with an entry like this: that it changes something, who is gone, its reasons."""
        if entry.action not in _CHANGELESS:
            self._last_change = index
        kind = DEPARTURES.get(entry.action)
        if kind is not None and subject is not None:
            self.departed.append(Tombstone(entry.time, kind, entry.merchant, subject))
        self._reasons += [
            {"merchant": entry.merchant, "reason": code, "log": self._log, "index": index}
            for code in entry.reasons
        ]

    def flush(self) -> None:
        """Write what was appended; the last statement before the commit."""
        if not self._entries:
            return
        _ADD.run(self._connection, self._entries)
        if self._reasons:
            _ADD_REASONS.run(self._connection, self._reasons)
        grown = {"of_log": self._log, "to_size": self._size, "to_time": self._last_time}
        _GROW.run(self._connection, [grown])

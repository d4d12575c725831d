"""The two keys that sealing needs, handed to a process of our own; nothing here reaches the provider.

Whoever holds them can seal for one day and make digests; it cannot open what other days sealed, sign
the log, or ask for any further key.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Self

from gateway.vault.keys import Key, KeyRecord, unlocked


@dataclass(frozen=True, slots=True)
class _Lent:
    record: KeyRecord
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, key: Key) -> Self:
        record = KeyRecord(key.key_id, key.use, key.epoch, key.version, key.created_at)
        return cls(record, bytes(key.secret.reveal()))

    def key(self) -> Key:
        return unlocked(self.record, self.secret)


@dataclass(frozen=True, slots=True)
class Loan:
    """What goes to the other process, through a pipe that only it reads."""

    contact: _Lent
    index: _Lent

    @classmethod
    def of(cls, contact: Key, index: Key) -> Self:
        """The loan of these keys."""
        return cls(_Lent.of(contact), _Lent.of(index))


class BorrowedKeys:
    """A loan, as what seals takes its keys from; they stay these, whatever day it is."""

    def __init__(self, loan: Loan) -> None:
        self._contact, self._index = loan.contact.key(), loan.index.key()

    def contact_key(self, day: date, now: datetime) -> Key:  # noqa: ARG002  there is but one
        """The key that was lent."""
        return self._contact

    def index_key(self, now: datetime) -> Key:  # noqa: ARG002  there is but one
        """The key that was lent."""
        return self._index

    def index_keys(self) -> list[Key]:
        """The one that was lent."""
        return [self._index]

    def index_version(self, version: int) -> Key | None:
        """It, where it is of this version."""
        return self._index if self._index.version == version else None

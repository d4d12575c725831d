"""The unit of work: a state change and its audit entries become durable together, or not at all.

Works of several threads share one transaction and one durable commit: whoever finds nobody leading
leads, commits for all who wait, and appoints the next before it waits for the disk. Works of one
merchant run one after another in the order of its log, so each decides on the state that its entry is
committed with.
"""

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from typing import Any, Generic, TypedDict, TypeVar, Unpack

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.audit.entry import Action, Actor, Draft, Entry, Outcome
from gateway.errors import Unavailable
from gateway.model.ids import Clock, Entropy, new_id
from gateway.storage.database import Database
from gateway.storage.log import LogHead, Position
from gateway.storage.logbook import Logbook
from gateway.storage.tombstones import Tombstone, Tombstones

T = TypeVar("T")

_GROUP = 64
"""Works that share a commit at the most: bounds how long the first of them waits."""


class Facts(TypedDict, total=False):
    """The members of an entry that do not apply to every action; see `Draft`."""

    purpose: str | None
    reasons: tuple[str, ...]
    policy: str | None
    subject: str | None
    carrier: str | None
    fields: tuple[str, ...]
    request_id: str | None
    detail: Mapping[str, str | int]


class Transaction:
    """What a work may touch: the connection, the time, and the merchant's log."""

    def __init__(
        self, connection: Connection, now: datetime, head: LogHead, entropy: Entropy
    ) -> None:
        self.connection = connection
        self.now = now
        self.merchant = head.merchant
        self.entropy = entropy
        self._head = head

    def is_unchanged_since(self, seen: Position | None) -> bool:
        """Whether what was looked up when the log was there still stands, as a decision sees it."""
        return self._head.is_unchanged_since(seen)

    def new_id(self) -> str:
        """A fresh opaque id."""
        return new_id(self.now, self.entropy)

    def record(
        self, actor: Actor, action: Action, outcome: Outcome, **facts: Unpack[Facts]
    ) -> Entry:
        """Put an entry on the merchant's log; durable with the state change, at this index."""
        draft = Draft(
            id=self.new_id(),
            merchant=self.merchant,
            actor=actor,
            action=action,
            outcome=outcome,
            **facts,
        )
        return self._head.append(draft, self.now)

    def record_each(
        self,
        actor: Actor,
        action: Action,
        outcome: Outcome,
        subjects: Iterable[str | None],
        request_id: str | None = None,
    ) -> None:
        """As `record` of one subject after another; what they have in common is made once."""
        named = iter(subjects)
        for first in named:
            like = self.record(actor, action, outcome, subject=first, request_id=request_id)
            self._head.append_further(like, ((self.new_id(), one) for one in named))


Work = Callable[[Transaction], T]


class _Ticket(Generic[T]):
    """A work in the queue, and what became of it."""

    def __init__(self, merchant: str, work: Work[T], buried: Collection[Tombstone]) -> None:
        self.merchant = merchant
        self.work = work
        self.buried = buried
        self.result: T
        self.fault: Exception | None = None
        self.committed = False
        self.done = False
        # Waited for by one thread and let go of once: an event would cost two locks and a list.
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def settle(self, lost: Exception | None) -> None:
        """Say that it is over: well when it was committed, unless `lost` says why the disk has it not."""
        if self.fault is None and (lost or not self.committed):
            self.fault = _unwritten(lost)
        self.done = True
        self._asleep.release()

    def appoint(self) -> None:
        """Have its thread lead."""
        self._asleep.release()

    def wait(self) -> None:
        """Sleep until it is settled or appointed."""
        self._asleep.acquire()

    def outcome(self) -> T:
        if self.fault is not None:
            raise self.fault
        return self.result


class Store:
    """Reads snapshots and writes in groups."""

    def __init__(
        self,
        database: Database,
        logbook: Logbook,
        tombstones: Tombstones,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self.database = database
        self.logbook = logbook
        self.tombstones = tombstones
        self.clock = clock
        self.entropy = entropy
        self._waiting: deque[_Ticket[Any]] = deque()
        self._led = False
        self._queue = threading.Lock()
        self._disk = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent snapshot; Unavailable when the database does not answer."""
        try:
            with self.database.reading() as connection:
                yield connection
        except (DBAPIError, PoolTimeout) as fault:
            raise Unavailable("database", "the database cannot be read") from fault

    @contextmanager
    def look(self, merchant: str) -> Iterator[Connection]:
        """As `read`, of one merchant's rows alone."""
        with self.read() as connection:
            self.database.confine(connection, merchant)
            yield connection

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """For one statement that reads what is committed now; Unavailable as for `read`."""
        try:
            with self.database.glancing() as connection:
                yield connection
        except (DBAPIError, PoolTimeout) as fault:
            raise Unavailable("database", "the database cannot be read") from fault

    @contextmanager
    def change(self) -> Iterator[Connection]:
        """A durable change that no log tells of, such as housekeeping; Unavailable: it did not happen."""
        try:
            with self.database.writing() as connection:
                yield connection
        except (DBAPIError, PoolTimeout) as fault:
            raise Unavailable("database", "the database cannot be written") from fault

    def write(self, merchant: str, work: Work[T], buried: Collection[Tombstone] = ()) -> T:
        """What `work` returns, once its changes and entries are durable.

        A work may run again: when one of its group fails, the group is undone and tried without it.
        It must change nothing but the database. Unavailable: nothing of it came out; should the
        connection have broken in the very commit, or the disk after it, it may still stand on record.
        `buried` are tombstones of what it erases that are durable already: nobody waits for them then.
        """
        ticket = _Ticket(merchant, work, buried)
        with self._queue:
            self._waiting.append(ticket)
            leads, self._led = not self._led, True
        if not leads:
            ticket.wait()
        if not ticket.done:
            self._lead()
        return ticket.outcome()

    def _lead(self) -> None:
        """Commit for all who wait, have another lead those who came meanwhile, and wait for the disk."""
        group: list[_Ticket[Any]] = []
        try:
            self._commit(group)
        finally:
            group = group or self._joined()
            # Those who come while this group goes to the disk are the next, and as many as can be.
            with self._disk:
                self._pass_on()
                lost = self._lost()
            for ticket in group:
                ticket.settle(lost)

    def _pass_on(self) -> None:
        """Have somebody else lead, where somebody waits."""
        with self._queue:
            if self._waiting:
                self._waiting[0].appoint()
            else:
                self._led = False

    def _lost(self) -> Exception | None:
        """Why what was committed may not be on the disk; None where it is."""
        try:
            self.database.sync()
        except Unavailable as fault:
            return fault
        return None

    def _commit(self, group: list[_Ticket[Any]]) -> None:
        """Do the works that wait, which it puts into `group`; each that fails, by itself."""
        rest = group
        failed = self._tried(group, join=True)
        while failed is not None:
            rest = [ticket for ticket in rest if ticket is not failed]
            self._tried([failed])
            failed = self._tried(rest) if rest else None

    def _tried(self, group: list[_Ticket[Any]], *, join: bool = False) -> _Ticket[Any] | None:
        """Commit a group; or none of it, and give the one that failed among others."""
        at: _Ticket[Any] | None = None
        try:
            with self.database.committing() as connection:
                if join:
                    # Only now: while this process waited for its turn to write, more came.
                    group += self._joined()
                for ticket in self._run(connection, group):
                    at = ticket
                at = None
        except Exception as fault:  # noqa: BLE001  it is raised where the work was handed in
            if at is not None and len(group) > 1:
                return at
            if join and not group:
                group += self._joined()
            for ticket in group:
                ticket.fault = _told(fault)
        else:
            for ticket in group:
                ticket.committed = True
        return None

    def _run(self, connection: Connection, group: list[_Ticket[Any]]) -> Iterator[_Ticket[Any]]:
        """Do the works and record them; gives each ticket before anything is done for it."""
        now = self.clock()
        for merchant, tickets in groupby(group, key=_merchant):
            head: LogHead | None = None
            buried: set[object] = set()
            for ticket in tickets:
                yield ticket
                buried.update(one.whose for one in ticket.buried)
                if head is None:
                    self.database.confine(connection, merchant)
                    head = self.logbook.head(connection, merchant, now)
                ticket.result = ticket.work(Transaction(connection, now, head, self.entropy))
            if head is not None:
                # Durable before the commit: no restored backup brings back what goes with it.
                if left := [one for one in head.departed if one.whose not in buried]:
                    self.tombstones.bury(left)
                head.flush()

    def _joined(self) -> list[_Ticket[Any]]:
        """Those who wait, in one order of merchants: two nodes never wait for each other's logs."""
        with self._queue:
            count = min(_GROUP, len(self._waiting))
            group = [self._waiting.popleft() for _ in range(count)]
        return sorted(group, key=_merchant)


def _merchant(ticket: _Ticket[Any]) -> str:
    return ticket.merchant


def _told(fault: Exception) -> Exception:
    if not isinstance(fault, DBAPIError | PoolTimeout | OSError):
        return fault
    return _unwritten(fault)


def _unwritten(why: Exception | None) -> Unavailable:
    refusal = Unavailable("log", "the record cannot be written: nothing was stored or released")
    refusal.__cause__ = why
    return refusal

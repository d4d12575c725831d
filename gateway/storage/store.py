"""The unit of work: a state change and its audit entries become durable together, or not at all.

Works of several threads share one transaction and one durable commit: whoever finds nobody leading
leads, and commits for all who wait. Works of one merchant run one after another in the order of its
log, so each decides on the state that its entry is committed with.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Generic, TypedDict, TypeVar, Unpack

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.audit.entry import Action, Actor, Draft, Entry, Outcome
from gateway.errors import Unavailable
from gateway.model.ids import Clock, Entropy, new_id
from gateway.storage.database import Database
from gateway.storage.log import LogHead
from gateway.storage.logbook import Logbook
from gateway.storage.tombstones import Tombstones

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


Work = Callable[[Transaction], T]


class _Ticket(Generic[T]):
    """A work in the queue, and what became of it."""

    def __init__(self, merchant: str, work: Work[T]) -> None:
        self.merchant = merchant
        self.work = work
        self.done = False
        self._result: T
        self._fault: BaseException | None = None

    def succeed(self, result: T) -> None:
        self._result, self.done = result, True

    def fail(self, fault: BaseException) -> None:
        self._fault, self.done = fault, True

    def outcome(self) -> T:
        if self._fault is not None:
            raise self._fault
        return self._result


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
        self._lead = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent snapshot; Unavailable when the database does not answer."""
        try:
            with self.database.reading() as connection:
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

    def write(self, merchant: str, work: Work[T]) -> T:
        """What `work` returns, once its changes and entries are durable.

        A work may run twice: when another of its group fails, the group is undone and each runs
        alone. It must change nothing but the database. Unavailable: nothing of it was stored.
        """
        ticket = _Ticket(merchant, work)
        self._waiting.append(ticket)
        with self._lead:
            if not ticket.done:
                self._lead_group()
        return ticket.outcome()

    def _lead_group(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(_GROUP, len(self._waiting)))]
        # One order of merchants everywhere: two nodes never wait for each other's logs.
        group.sort(key=lambda ticket: ticket.merchant)
        try:
            if len(group) == 1 or not self._committed(group):
                for ticket in group:
                    self._commit_alone(ticket)
        finally:
            for ticket in group:
                if not ticket.done:
                    ticket.fail(Unavailable("log", "interrupted: nothing was stored"))

    def _committed(self, group: Sequence[_Ticket[Any]]) -> bool:
        try:
            results = self._commit(group)
        except Exception:  # noqa: BLE001  whoever failed is found when each runs alone
            return False
        for ticket, result in zip(group, results, strict=True):
            ticket.succeed(result)
        return True

    def _commit_alone(self, ticket: _Ticket[Any]) -> None:
        try:
            ticket.succeed(self._commit([ticket])[0])
        except (DBAPIError, PoolTimeout) as fault:
            refusal = Unavailable(
                "log", "the record cannot be written: nothing was stored or released"
            )
            refusal.__cause__ = fault
            ticket.fail(refusal)
        except Exception as fault:  # noqa: BLE001  it is raised where the work was handed in
            ticket.fail(fault)

    def _commit(self, group: Sequence[_Ticket[Any]]) -> list[Any]:
        with self.database.writing() as connection:
            now = self.clock()
            heads: dict[str, LogHead] = {}
            results = []
            for ticket in group:
                head = heads.get(ticket.merchant)
                if head is None:
                    head = self.logbook.head(connection, ticket.merchant, now)
                    heads[ticket.merchant] = head
                results.append(ticket.work(Transaction(connection, now, head, self.entropy)))
            # Before the commit, and durably: no restored backup brings back what goes with it.
            departed = [one for head in heads.values() for one in head.departed]
            if departed:
                self.tombstones.bury(departed)
            for head in heads.values():
                head.flush()
            return results

"""A recurring task in one pair of hands at a time, over all nodes; held while it works, then let go."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway.errors import Conflict
from gateway.storage import tasks
from gateway.storage.store import Store

HOLD = timedelta(minutes=2)
"""How long a holder that died keeps others waiting; one that lives renews its hold in time.

Syncs come every ten minutes and deletion every hour, so a killed node delays neither by a turn; a
shorter hold would be lost to a database that is slow for a moment, and the page under way with it.
"""

ORDERS = "otto.orders:"
"""Begins the name of the task that brings a merchant's orders over."""

DONE, FAILED, STOPPED = "done", "failed", "stopped"
"""How a turn ended."""

Renew = Callable[[Connection, datetime], None]


class Hold:
    """A turn at a task that is this holder's."""

    def __init__(self, store: Store, task: str, holder: str) -> None:
        self._store = store
        self._task = task
        self._holder = holder

    def renew(self, connection: Connection, now: datetime) -> None:
        """Stay its holder, in the transaction that the work is done in.

        Conflict when the hold ran out and another took the task: nothing of the transaction stays.
        """
        if not tasks.renew(connection, self._task, self._holder, now + HOLD):
            raise Conflict(f"{self._task} has gone on elsewhere in the meantime")

    def let_go(self, outcome: str, again_after: timedelta | None = None) -> None:
        """End the turn; the next one comes that much later, None: when it would have come anyway."""
        now = self._store.clock()
        next_at = None if again_after is None else now + again_after
        with self._store.change() as connection:
            tasks.let_go(connection, self._task, self._holder, now, outcome, next_at)


def take(store: Store, task: str, holder: str, *, only_due: bool = False) -> Hold | None:
    """The turn; None while it is somebody else's, or where the task must be due and is not."""
    now = store.clock()
    tasks.ensure(store.database, task, now)
    with store.change() as connection:
        won = tasks.take(connection, task, holder, now, now + HOLD, only_due=only_due)
    return Hold(store, task, holder) if won else None

"""The sequencer: takes entries into their log's tree within a second, in order, one at a time."""

import threading

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from gateway.errors import GatewayError
from gateway.storage import tree
from gateway.storage.store import Store
from gateway.storage.tables import logs

PAUSE_SECONDS = 0.25
"""Between two looks for new entries; well under the second within which they are in the tree."""


def integrate(store: Store, log: int) -> None:
    """Bring one log's tree to its end.

    Each step is one transaction that holds the log's row: two sequencers, on two nodes, cannot take
    the same entries. The checkpoint is held outside the database once it is durable inside.
    """
    while (signed := _step(store, log)) is not None:
        store.logbook.notary.hold(*signed)


def integrate_waiting(store: Store) -> None:
    """Bring every log's tree to its end."""
    with store.read() as connection:
        found = tree.waiting(connection)
    for log in found:
        integrate(store, log)


class Sequencer:
    """Looks for new entries until it is stopped; every worker has one, and any one suffices."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step under way; what is left waits for the next sequencer."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            try:
                integrate_waiting(self._store)
            except (GatewayError, DBAPIError) as fault:
                # The entries stay durable and waiting; the next look tries again.
                structlog.get_logger().error("log.not_integrated", fault=type(fault).__name__)


def _step(store: Store, log: int) -> tuple[str, bytes] | None:
    with store.database.writing() as connection:
        note = store.logbook.integrate(connection, log, store.clock())
        origin = connection.execute(select(logs.c.origin).where(logs.c.log == log)).scalar_one()
    return None if note is None else (origin, note)

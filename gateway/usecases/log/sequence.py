"""The sequencer: takes entries into their log's tree within a second, in order, one at a time."""

import threading
from collections.abc import Callable, Sequence

import structlog

from gateway.errors import GatewayError, Unavailable
from gateway.storage import merchants, tree
from gateway.storage.store import Store

PAUSE_SECONDS = 0.25
"""Between two looks for new entries; well under the second within which they are in the tree."""


def integrate(store: Store, log: int) -> None:
    """Bring one log's tree to the end that the log has now; what comes meanwhile is for the next look.

    Each step is one transaction that holds the log's row: two sequencers, on two nodes, cannot take
    the same entries. The checkpoint is held outside the database once it is durable inside.
    """
    has_more = True
    while has_more:
        has_more = _step(store, log)


def integrate_waiting(store: Store) -> None:
    """Bring every log's tree to its end; Unavailable names the first that was tampered with.

    One that refuses keeps no other from growing.
    """
    with store.read() as connection:
        store.logbook.hold_closed(connection)
        found = tree.waiting(connection)
    refused: Unavailable | None = None
    for log in found:
        try:
            integrate(store, log)
        except Unavailable as fault:
            refused = refused or fault
    if refused is not None:
        raise refused


def refusing(store: Store) -> Sequence[str]:
    """Of each log that takes no entry, because it is not as it was signed: where it is not."""
    found = []
    with store.read() as connection:
        known = merchants.every(connection)
    for one in known:
        try:
            with store.change() as connection:
                store.logbook.self_check(connection, one.merchant)
        except Unavailable as fault:
            found.append(str(fault))
    return found


class Sequencer:
    """Looks for new entries until it is stopped; every worker has one, and any one suffices.

    Before its first look it says which logs take none: not only to the first who would be refused.
    """

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
        self._alone(self._tell_refusing)
        told = ""
        while not self._stopped.wait(PAUSE_SECONDS):
            why = self._alone(self._look)
            # The entries stay durable and waiting; the next look tries again.
            if why and why != told:
                structlog.get_logger().error("log.not_integrated", why=why)
            told = why

    def _tell_refusing(self) -> None:
        for why in refusing(self._store):
            structlog.get_logger().error("log.refused", why=why)

    def _look(self) -> None:
        integrate_waiting(self._store)
        self._store.database.settle()

    def _alone(self, work: Callable[[], None]) -> str:
        """Do it, unless another process is at it; why it was not done, empty where nothing was in the way."""
        try:
            with self._store.database.sole("sequencer") as is_sole:
                if is_sole:
                    work()
        except GatewayError as fault:
            return str(fault)
        except Exception as fault:  # noqa: BLE001  a sequencer that ended would be missed by nobody
            return type(fault).__name__
        return ""


def _step(store: Store, log: int) -> bool:
    """Take a part of the entries in; whether more than that were there."""
    with store.database.writing() as connection:
        note = store.logbook.integrate(connection, log, store.clock())
        row = tree.one(connection, log)
    if note is not None:
        store.logbook.notary.hold(row.origin, note)
    return bool(row.size > row.integrated)

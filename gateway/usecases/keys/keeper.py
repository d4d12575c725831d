"""The keeper: keeps the keys in use at hand, and brings unfinished work on keys to its end.

Every worker has one: what is in memory is each process's own. Of the rest, one worker does it.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from gateway.errors import GatewayError
from gateway.usecases.actors import SERVICE
from gateway.usecases.keys.rotate import KeyCare
from gateway.vault.keyring import Keyring

PAUSE_SECONDS = 5.0
"""Between two looks: well under half of any sensible time that keys stay in memory."""

_PAGE_PAUSE_SECONDS = 0.05
"""Between two pages of rewrapping, in which requests go first."""


class Keeper:
    """Looks after the keys until it is stopped."""

    def __init__(self, keyring: Keyring, care: KeyCare, lock: Path) -> None:
        self._keyring = keyring
        self._care = care
        self._lock = lock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._rewrapped: frozenset[str] = frozenset()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the page under way; what is left waits for the next keeper."""
        self._stopped.set()
        self._thread.join()

    def look(self) -> None:
        """One look: confirm keys, finish destructions, go on rewrapping where a rotation left off."""
        self._keyring.keep()
        outdated = frozenset(record.key_id for record in self._keyring.outdated())
        unfinished = any(not grave.recorded for grave in self._keyring.graves())
        if outdated <= self._rewrapped and not unfinished:
            return
        with self._alone() as alone:
            if alone:
                self._care.tell(SERVICE)
                if self._care.rewrap(self._go_on).finished:
                    self._rewrapped = outdated

    def _go_on(self, done: int, total: int) -> bool:
        structlog.get_logger().info("keys.rewrapping", done=done, total=total)
        # Keys in memory run out while this takes its time.
        self._keyring.keep()
        return not self._stopped.wait(_PAGE_PAUSE_SECONDS)

    def _run(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            try:
                self.look()
            except (GatewayError, OSError) as fault:
                # Nothing is lost: the next look tries again.
                structlog.get_logger().error("keys.not_kept", fault=type(fault).__name__)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other process is at it."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

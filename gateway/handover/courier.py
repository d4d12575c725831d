"""Looks for messages that are due and has them sent, until it is stopped; it must never stop by itself."""

import threading
from collections.abc import Callable

import structlog

PAUSE_SECONDS = 1.0
"""Between two looks when nothing is due."""

SENDERS = 2
"""Threads of one worker process that send: a slow carrier does not hold up all the others."""


class Courier:
    """Runs `push`, which tells whether there was anything to do; every worker has one."""

    def __init__(self, push: Callable[[], bool]) -> None:
        self._push = push
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"courier-{count}", daemon=True)
            for count in range(SENDERS)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the messages under way; what is left waits for the next courier."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            if not self._pushed():
                self._stopped.wait(PAUSE_SECONDS)

    def _pushed(self) -> bool:
        try:
            return self._push()
        except Exception as fault:  # noqa: BLE001  the messages stay leased, and are taken up again
            # By its type alone: a fault's text could hold what must not be shown.
            structlog.get_logger().error("push.failed", fault=type(fault).__name__)
            return False

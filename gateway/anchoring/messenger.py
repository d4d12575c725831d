"""Has checkpoints brought outside while the gateway serves; it must never stop by itself."""

import threading

import structlog

from gateway.anchoring.anchoring import Anchoring, Place

PAUSE_SECONDS = 1.0
"""Between two looks at whether a place is due."""


class Messenger:
    """A thread for each place: one that is slow holds up no other, and nothing else at all."""

    def __init__(self, anchoring: Anchoring, holder: str) -> None:
        self._anchoring = anchoring
        self._holder = holder
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._run, args=(place,), name=f"anchor-{place.name}", daemon=True
            )
            for place in anchoring.places
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; an exchange under way is left, its place is asked again by the next messenger."""
        self._stopped.set()

    def _run(self, place: Place) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            try:
                self._anchoring.turn(place, self._holder, only_due=True)
            except Exception as fault:  # noqa: BLE001  a messenger that ended would be missed by nobody
                structlog.get_logger().error(
                    "anchor.failed", place=place.name, fault=type(fault).__name__
                )

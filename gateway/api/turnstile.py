"""Lets as many requests in as are worked on at once, and some to wait; the others are told to come again.

It must never let a pile grow: who waited too long, or finds the room full, is answered at once.
"""

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from gateway.api import problems

_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
WAIT_SECONDS = 2.0

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Turnstile:
    """A WSGI application in front of another: `working` requests in it, `waiting` before it.

    Probes and counters pass: whoever watches must see that the service is busy, not that it is down.
    `refused` counts a request that is sent away for want of "room" or "time", and names it.
    """

    def __init__(
        self,
        app: WsgiApp,
        *,
        working: int,
        waiting: int,
        refused: Callable[[str], str],
        seconds: float = WAIT_SECONDS,
    ) -> None:
        self._app = app
        self._places = threading.Semaphore(working)
        self._room = threading.Semaphore(working + waiting)
        self._refused = refused
        self._seconds = seconds

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in _PROBES:
            return self._app(environ, start_response)
        if not self._room.acquire(blocking=False):
            return self._refuse(start_response, "room")
        try:
            if not self._places.acquire(timeout=self._seconds):
                return self._refuse(start_response, "time")
            try:
                return self._app(environ, start_response)
            finally:
                self._places.release()
        finally:
            self._room.release()

    def _refuse(self, start_response: Any, why: str) -> list[bytes]:
        problem = problems.unavailable(
            {"capacity": "more requests than can be answered; nothing of this one was done"}
        )
        headers = {
            "Content-Type": problems.MEDIA_TYPE,
            "Cache-Control": "no-store",
            "Server": "gateway",
        }
        start_response("503 Service Unavailable", list((headers | dict(problem.headers)).items()))
        return [json.dumps(problem.body(self._refused(why))).encode()]

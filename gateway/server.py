"""How the HTTP server is set, and how it is told to end; it never knows what it serves."""

import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing import resource_tracker
from threading import Thread
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

WAITING_FOR_EACH = 2
"""Requests that may wait for each one that is worked on."""

_LAST_REQUESTS_SECONDS = 30
_WORDS = frozenset({signal.SIGINT, signal.SIGTERM})
_AGAIN_SECONDS = 0.2
_SERVER_SECONDS = 5


def http_server(
    host: str, port: int, workers: int, threads: int, logging: dict[str, Any] | None = None
) -> MPServer:
    """granian: in our measurement it answered twice as many requests a second as gunicorn.

    `logging` is a `logging.config.dictConfig` for its own messages.
    """
    return MPServer(
        "gateway",
        host,
        port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        blocking_threads=threads,
        respawn_failed_workers=True,
        workers_kill_timeout=_LAST_REQUESTS_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig=logging,
    )


def end_when_told(server: MPServer) -> None:
    """Have a thread of its own hear SIGTERM and SIGINT, from now on and for workers that start later.

    A handler would run in the middle of what the main thread does, and a second one in the middle of the
    first: both would wait for the one lock of the event that ends the server, for ever.
    """
    # Started with the first worker, it would end the blocking in this thread.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, _WORDS)

    def hear() -> None:
        signal.sigwait(_WORDS)
        # Again and again: the server forgets a word that comes while it replaces a worker.
        while True:
            server.signal_handler_interrupt()  # type: ignore[no-untyped-call]  # not typed there
            time.sleep(_AGAIN_SECONDS)

    Thread(target=hear, name="told to end", daemon=True).start()


def end_when_server_says() -> None:
    """The same for a worker: SIGTERM once, however often it comes, and no SIGINT, which a terminal sends to all.

    granian's own handler, run a second time, waits for ever in the middle of the process.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _WORDS)
    Thread(target=_hear_server, name="told to end", daemon=True).start()


def _hear_server() -> None:
    if sys.platform == "linux":
        told = signal.sigwaitinfo({signal.SIGTERM})
        if told.si_pid != os.getppid():
            # Its server was told as well, and would take an end that it did not ask for as a failure.
            signal.sigtimedwait({signal.SIGTERM}, _SERVER_SECONDS)
    else:
        signal.sigwait({signal.SIGTERM})
    # granian puts its handler there once the application is made.
    end: Callable[[int, None], Any] | int | None = signal.getsignal(signal.SIGTERM)
    while not callable(end):
        time.sleep(_AGAIN_SECONDS)
        end = signal.getsignal(signal.SIGTERM)
    end(signal.SIGTERM, None)

"""How the HTTP server is set; it never knows what it serves."""

from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

WAITING_FOR_EACH = 2
"""Requests that may wait for each one that is worked on."""

_LAST_REQUESTS_SECONDS = 30


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

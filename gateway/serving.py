"""Starts the WSGI server with its workers; loudly, or not at all."""

import multiprocessing
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from threading import Event, Thread
from typing import TYPE_CHECKING

import structlog

from gateway.api import logs, metrics
from gateway.app import assemble
from gateway.errors import ConfigurationError, Unavailable
from gateway.server import WAITING_FOR_EACH, end_when_told, http_server
from gateway.settings import Settings
from gateway.storage import schema
from gateway.storage.choice import open_database
from gateway.usecases.services import Services

if TYPE_CHECKING:
    from gateway.api.patience import Patience

_LOOK_AGAIN_SECONDS = 0.05


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Answer requests, and do what is due, until SIGTERM or SIGINT; what is under way is finished.

    ConfigurationError where the database is not at the newest migration, or the address is taken.
    """
    _check_database(settings)
    _check_address(host, port)
    logs.configure(sys.stderr)
    if settings.unsafe_allow_loopback:
        structlog.get_logger().warning(
            "carriers' endpoints may be on this very machine: for trials only",
            setting="handover.unsafe_allow_loopback",
        )
    metrics.share_between_processes(settings.data / "metrics" / str(port))
    # A forked worker would inherit connections and locks in whatever state they are in.
    multiprocessing.set_start_method("spawn", force=True)
    # Beside those that work, those that wait for them, and some who tell the others to come again.
    threads = (2 + WAITING_FOR_EACH) * settings.service.threads
    server = http_server(host, port, workers, threads, logs.configuration())
    end_when_told(server)
    services = assemble(settings)
    with suppress(Unavailable):
        # Before anything is due: a clock that jumps in the first seconds is not believed either.
        services.timekeeping.leap(services.store.clock())
    rounds = _Rounds(services, partial(_announce_once_it_answers, host, port, workers))
    server.on_startup(rounds.start)
    try:
        server.serve(target_loader=partial(worker, settings), wrap_loader=False)
    finally:
        rounds.stop()


def worker(settings: Settings) -> "Patience":
    """The application of one worker process, to be made there."""
    # The process that starts the workers needs none of what they load.
    from gateway.worker import application  # noqa: PLC0415

    return application(settings)


class _Rounds:
    """What is done unasked: in this process, which does not come and go as workers may.

    It begins once `answering` has seen the first answer; until then the processors are the workers'.
    """

    def __init__(self, services: Services, answering: Callable[[Event], None]) -> None:
        self._services = services
        self._answering = answering
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="rounds", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the step under way."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        self._answering(self._stopped)
        # Loaded here, while the workers answer already.
        from gateway.anchoring import siem  # noqa: PLC0415
        from gateway.anchoring.anchoring import Anchoring  # noqa: PLC0415
        from gateway.anchoring.messenger import Messenger  # noqa: PLC0415
        from gateway.anchoring.sending import Sender  # noqa: PLC0415
        from gateway.usecases.incoming.connections import connections  # noqa: PLC0415
        from gateway.usecases.schedule import Scheduler  # noqa: PLC0415

        services = self._services
        streaming = siem.duties(services.store, services.settings.siem, Sender())
        scheduler = Scheduler(services, partial(connections, services), streaming)
        messenger = Messenger(Anchoring.over(services, Sender()), services.store.entropy(8).hex())
        scheduler.start()
        messenger.start()
        self._stopped.wait()
        messenger.stop()
        scheduler.stop()


def _check_database(settings: Settings) -> None:
    database = open_database(settings.database_url, threads=1)
    try:
        if not schema.fits(database):
            raise ConfigurationError("the database is not on this version's tables: gateway init")
    finally:
        database.engine.dispose()


def _check_address(host: str, port: int) -> None:
    """Every worker listens for itself, so a second gateway would silently share the port."""
    try:
        [(family, _, _, _, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        socket.create_server(address[:2], family=family).close()
    except OSError as fault:
        why = (fault.strerror or "").partition(" (")[0]
        raise ConfigurationError(
            f"service.host, service.port: cannot listen on {host}:{port}: {why}; "
            "--port takes another (make up PORT=…)"
        ) from None


def _announce_once_it_answers(host: str, port: int, workers: int, stopped: Event) -> None:
    """The first worker needs a moment; who reads the line may send a request at once."""
    while not _answers(host, port):
        if stopped.wait(_LOOK_AGAIN_SECONDS):
            return
    _announce(host, port, workers)


def _announce(host: str, port: int, workers: int) -> None:
    log = structlog.get_logger()
    log.info("listening", host=host, port=port, workers=workers)
    if not _is_loopback(host):
        log.warning(
            "reachable from other machines, and not encrypted: put a TLS proxy in front, "
            "or listen on 127.0.0.1",
            host=host,
        )


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

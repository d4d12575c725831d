"""Starts the WSGI server with its workers; loudly, or not at all."""

import multiprocessing
import signal
import socket
import sys
import time
from functools import partial
from ipaddress import ip_address
from threading import Thread

import structlog
from flask import Flask

from gateway.anchoring import siem
from gateway.anchoring.anchoring import Anchoring
from gateway.anchoring.messenger import Messenger
from gateway.anchoring.sending import Sender
from gateway.api import logs, metrics
from gateway.api.turnstile import WAITING_FOR_EACH
from gateway.app import assemble, create_app
from gateway.errors import ConfigurationError
from gateway.handover.courier import Courier
from gateway.handover.outbound import Outbound
from gateway.handover.push import Pusher
from gateway.server import http_server
from gateway.settings import Settings
from gateway.storage import schema
from gateway.storage.database import Database
from gateway.usecases.incoming.connections import connections
from gateway.usecases.keys.keeper import Keeper
from gateway.usecases.log.sequence import Sequencer
from gateway.usecases.reviewing.tallying import Counter
from gateway.usecases.schedule import Scheduler

_LOOK_AGAIN_SECONDS = 0.05
_TURN_SECONDS = 0.0005


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Answer requests, and do what is due, until SIGTERM or SIGINT; what is under way is finished.

    ConfigurationError where the database is not at the newest migration, or the address is taken.
    """
    _check_database(settings)
    _check_address(host, port)
    logs.configure(sys.stderr)
    metrics.share_between_processes(settings.data / "metrics")
    # A forked worker would inherit connections and locks in whatever state they are in.
    multiprocessing.set_start_method("spawn", force=True)
    # Beside those that work, those that wait for them, and some who tell the others to come again.
    threads = (2 + WAITING_FOR_EACH) * settings.service.threads
    server = http_server(host, port, workers, threads, logs.configuration())
    announcing = partial(_announce_once_it_answers, host, port, workers)
    server.on_startup(Thread(target=announcing, name="announcing", daemon=True).start)
    # In this process, which has little else to do and does not come and go as workers may.
    services = assemble(settings)
    streaming = siem.duties(services.store, settings.siem, Sender())
    scheduler = Scheduler(services, partial(connections, services), streaming)
    messenger = Messenger(Anchoring.over(services, Sender()), services.store.entropy(8).hex())
    scheduler.start()
    messenger.start()
    try:
        server.serve(target_loader=partial(worker, settings), wrap_loader=False)
    finally:
        messenger.stop()
        scheduler.stop()


def worker(settings: Settings) -> Flask:
    """The application of one worker process, with its sequencer, its counter, its keeper and its courier."""
    # Ctrl-C reaches every process at a terminal; a worker that hears it beside its server's word hangs.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # A commit is waited for by many: whoever leads it must not wait ten times for its turn to compute.
    sys.setswitchinterval(_TURN_SECONDS)
    logs.configure(sys.stderr)
    services = assemble(settings)
    Sequencer(services.store).start()
    Counter(services.store, services.settings.console.time_zone).start()
    Keeper(services.keyring, services.key_care, settings.data / "rewrap.lock").start()
    Courier(Pusher.over(services, Outbound())).start()
    return create_app(services)


def _check_database(settings: Settings) -> None:
    database = Database(settings.database_url, threads=1)
    try:
        if not schema.at_head(database):
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
            f"service.host, service.port: cannot listen on {host}:{port}: {why}"
        ) from None


def _announce_once_it_answers(host: str, port: int, workers: int) -> None:
    """The first worker needs a moment; who reads the line may send a request at once."""
    while not _answers(host, port):
        time.sleep(_LOOK_AGAIN_SECONDS)
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

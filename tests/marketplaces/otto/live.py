"""OTTO's imitation on a port of the loopback interface, and a connection to it on a clock of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response
from werkzeug.serving import make_server

from gateway.marketplaces.otto.api_facts import ApiFacts
from gateway.marketplaces.otto.calls import Surroundings
from gateway.marketplaces.otto.client import OttoClient
from gateway.marketplaces.otto.local import CLIENT_ID, CLIENT_SECRET, LocalOtto, Trouble
from gateway.marketplaces.otto.tokens import Credentials

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Time:
    """The time of day and the seconds, both moved by sleeping alone; who sleeps wakes at once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def clock(self) -> datetime:
        """The time of day."""
        return NOON + timedelta(seconds=self.seconds)

    def ticks(self) -> float:
        """The seconds."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.seconds += seconds

    def around(self, chance: float = 0.5) -> Surroundings:
        """As a connection takes it."""
        return Surroundings(self.clock, self.ticks, self.sleep, lambda: chance)


@contextmanager
def serving(otto: LocalOtto) -> Iterator[str]:
    """The address at which it answers."""
    server = make_server("127.0.0.1", 0, otto.app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Connected:
    """A connection with its other end."""

    def __init__(self, otto: LocalOtto, time: Time, facts: ApiFacts, url: str) -> None:
        self.otto = otto
        self.time = time
        self.facts = facts
        self.url = url

    def client(self, secret: str = CLIENT_SECRET, **changes: Any) -> OttoClient:
        """A client that has asked nothing yet; `changes` to the facts."""
        facts = replace(self.facts, **changes)
        return OttoClient(
            facts, self.url, Credentials("local", CLIENT_ID, secret), self.time.around()
        )

    def asked(self, path: str) -> list[str]:
        """What was asked for at a path, in order, with its query."""
        return [target for target in self.otto.seen if target.partition("?")[0] == path]


def fails(status: int, **headers: str) -> Trouble:
    """OTTO answers with this status."""
    return lambda: Response(b"erika@example.org", status, headers)


def is_cut_off() -> Response:
    """OTTO announces more than it sends."""
    response = Response(b'{"resources": [', 200)
    response.headers["Content-Length"] = "4096"
    response.headers["Connection"] = "close"
    return response


def passes() -> None:
    """Nothing happens to this request."""


def drips(time: Time, seconds: float) -> Trouble:
    """OTTO sends a byte, and the next so much later, without end."""

    def endless() -> Iterator[bytes]:
        while True:
            time.seconds += seconds
            yield b" "

    return lambda: Response(endless(), 200)


def is_silent(until: threading.Event) -> Trouble:
    """OTTO does not answer before the event."""

    def wait() -> Response:
        until.wait(timeout=30)
        return Response(b"{}", 200)

    return wait

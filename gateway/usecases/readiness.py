"""Tells which part of the service works and which does not, and why; it holds no data of anybody."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.errors import GatewayError, Unavailable
from gateway.storage import liveness, schema
from gateway.usecases.asking import ask
from gateway.usecases.services import Services
from policies.question import Question
from policies.verdict import Permit

_FRESH = timedelta(seconds=1)
"""Whoever asks more often gets the last answer: asking needs no token, and costs a durable commit."""


class Readiness:
    """Asks every part at most once a second, for all who ask."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._asking = threading.Lock()
        self._asked_at: datetime | None = None
        self._found: Mapping[str, str | None] = {}

    def parts(self) -> Mapping[str, str | None]:
        """By the part's name why it does not work, None where it does."""
        with self._asking:
            now = self._services.store.clock()
            if self._asked_at is None or not timedelta() <= now - self._asked_at < _FRESH:
                self._found = {name: _fault(self._services, part) for name, part in _PARTS.items()}
                self._asked_at = now
            return self._found


def _database(services: Services) -> None:
    """A commit becomes durable."""
    with services.store.database.writing() as connection:
        liveness.beat(connection, services.store.clock())


def _migrations(services: Services) -> None:
    if not schema.fits(services.store.database):
        raise Unavailable("migrations", "the database is from another version: gateway init")


def _keyring(services: Services) -> None:
    """It can be read, and holds a key that a stored contact names: a lost keyring is a loud fault."""
    services.keyring.all()
    with services.store.read() as connection:
        in_use = liveness.a_key_in_use(connection)
    if in_use is not None:
        services.opener.require(in_use)


def _policy(services: Services) -> None:
    """It permits what it is there for; that it permits nothing else was proved at the start."""
    if not isinstance(ask(services.engine, Question.best()), Permit):
        raise Unavailable("policy", "the policy refuses the responsible carrier")


_PARTS: Mapping[str, Callable[[Services], None]] = {
    "database": _database,
    "migrations": _migrations,
    "keyring": _keyring,
    "policy": _policy,
}


def _fault(services: Services, part: Callable[[Services], None]) -> str | None:
    try:
        part(services)
    except Unavailable as fault:
        return fault.told
    except GatewayError as fault:
        return str(fault)
    except (DBAPIError, PoolTimeout):
        return "the database cannot be written: nothing is released until it can"
    return None

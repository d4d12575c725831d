"""What rows measure against: a gateway with orders, its served processes, the bare Flask beside it."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select, update

from gateway import settings
from gateway.app import assemble, now
from gateway.audit.entry import Action, Actor
from gateway.marketplaces.otto.derive import derive
from gateway.model.order import Order
from gateway.storage import schema
from gateway.storage.tables import entries, items
from gateway.usecases import clients, merchants, publishing, register
from gateway.usecases.incoming.intake import BATCH
from gateway.usecases.services import Services
from policies.question import Role
from tests.builders import an_address, an_order, order_number
from tests.conftest import a_carrier
from tests.databases import Postgres, serve, stand_by
from tests.end_to_end.live import ROOT, Live, free_port

WORKERS, THREADS = 2, 8
"""As shipped in config/gateway.toml, and for both sides alike."""

UNLIMITED = {"GATEWAY_LIMITS__REQUESTS_PER_MINUTE": "100000000"}
"""One client stands for many: its own rate is not what is measured."""

_DURABLE = ("listen_addresses=", "max_connections=100", "shared_buffers=256MB")
_CARRIER = "dachser"
_PROOF = "policy-proof.json"
SETTER = Actor(role="operator", id="bench")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A data directory that is set up; `told` are its settings, `token` the carrier's."""

    data: Path
    token: str
    numbers: Sequence[str]
    told: Mapping[str, str] = field(default_factory=dict)

    def services(self) -> Services:
        """The use cases over it, in this process; for whoever closes the database after use."""
        named = {"GATEWAY_DATA": str(self.data), **self.told}
        return assemble(settings.load(named))

    @contextmanager
    def served(self, workers: int = WORKERS, **around: str) -> Iterator[Live]:
        """The gateway over it, as its users run it; `around` is further environment.

        It verifies no log meanwhile: that comes once a day, and would be measured instead.
        """
        quiet = {"GATEWAY_SCHEDULE__VERIFICATION_MINUTES": "0"}
        live = Live(self.data, workers, **UNLIMITED, **quiet, **self.told, **around)
        try:
            yield live
        finally:
            live.stop()


def prepared(data: Path, orders: int, url: str | None = None) -> Prepared:
    """A gateway with this many freight orders that the carrier may have; each with phone and e-mail."""
    told = {} if url is None else {"GATEWAY_DATABASE": url}
    remember_proof(data)
    services = assemble(settings.load({"GATEWAY_DATA": str(data), **told}))
    store = services.store
    with closing_database(services):
        schema.upgrade(store.database)
        merchants.create(store, "default", "Default")
        publishing.adopt(services.rulebook)
        register.apply(store, "default", SETTER, [_current_carrier()])
        made = clients.create(store, "default", Role.CARRIER, _CARRIER, "bench", None, None)
        numbers = [order_number(at) for at in range(orders)]
        for first in range(0, orders, BATCH):
            batch = [
                derived(services, a_freight_order(at))
                for at in range(first, min(orders, first + BATCH))
            ]
            services.intake("default", SETTER, batch, 0, None)
        with store.change() as connection:
            # As an assignment leaves it; one by one they would take longer than the measurement.
            connection.execute(update(items).values(carrier=_CARRIER, assigned_at=now()))
    return Prepared(data=data, token=made[1], numbers=numbers, told=told)


def remember_proof(data: Path) -> None:
    """Make a data directory that knows the policy's proof, which is the same for all and takes seconds."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data / _PROOF).write_bytes(_proof())


@cache
def _proof() -> bytes:
    with tempfile.TemporaryDirectory() as once:
        with closing_database(assemble(settings.load({"GATEWAY_DATA": once}))):
            pass
        return (Path(once) / _PROOF).read_bytes()


def a_freight_order(at: int, **changes: Any) -> Mapping[str, Any]:
    """An OTTO order of today, another buyer for each number; `changes` of its address by OTTO's names."""
    today = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    address = an_address(
        **{
            "firstName": f"Erika{at}",
            "phoneNumber": f"+49 30 23125{at % 1000:03d}",
            "email": f"e{at}@example.org",
            **changes,
        }
    )
    return an_order(
        order_number(at), deliveryAddress=address, orderDate=today, lastModifiedDate=today
    )


def copy(database: sqlite3.Connection, table: str, changed: Mapping[str, str], size: int) -> None:
    """Have `size` rows where one is: copies of it, by what changes with the number `at` of each."""
    names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(changed.get(name, f'"{name}"') for name in names)
    counted = "SELECT 1 AS at UNION ALL SELECT at + 1 FROM counted WHERE at < ?"
    database.execute(
        f"INSERT INTO {table} WITH RECURSIVE counted AS ({counted})"
        f" SELECT {values} FROM {table}, counted",
        (size - 1,),
    )


def with_bytecode(directory: Path) -> Mapping[str, str]:
    """Environment of a Python that keeps its bytecode here: it compiles at its first start alone."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(directory / "bytecode")}


@contextmanager
def closing_database(services: Services) -> Iterator[Services]:
    """Lets go of the connections at the end."""
    try:
        yield services
    finally:
        services.store.database.engine.dispose()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of its own that commits durably, on a disk that outlives a restart."""
    # A socket's path may have 107 bytes, and another user has to reach it.
    home = Path(tempfile.mkdtemp(prefix="bench", dir="/var/tmp"))
    home.chmod(0o711)
    try:
        with closing(serve(home / "server", _DURABLE)) as servers:
            yield next(servers)
    finally:
        shutil.rmtree(home)


@contextmanager
def standby(primary: Postgres) -> Iterator[Postgres]:
    """A server beside such a one, that follows it and can take over."""
    home = primary.socket.parent
    with closing(stand_by(primary, home / "standby", _DURABLE)) as servers:
        yield next(servers)


@contextmanager
def bare() -> Iterator[int]:
    """The bare Flask view on the same server and settings; its port, once it answers."""
    with bare_process() as (_, port):
        yield port


@contextmanager
def bare_process(**around: str) -> Iterator[tuple[int, int]]:
    """As `bare`: the process that started its workers, and the port; `around` is environment."""
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.bare", *map(str, (port, WORKERS, THREADS))]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **around}, start_new_session=True
    )
    try:
        until_ready(port)
        yield process.pid, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def until_ready(port: int, seconds: float = 30) -> None:
    """Waits until /readyz answers 200."""
    end = time.monotonic() + seconds
    while True:
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
        except (OSError, HTTPException):
            if time.monotonic() > end:
                raise
        time.sleep(0.005)


def derived(services: Services, value: Mapping[str, Any]) -> Order:
    """An OTTO order as the gateway's own."""
    order = derive(value, services.otto)
    if not isinstance(order, Order):
        raise TypeError(f"the benchmark's own order is rejected: {order.errors}")
    return order


def _current_carrier() -> Any:
    today = now()
    year = timedelta(days=365)
    return a_carrier(_CARRIER, valid_from=today - year, valid_until=today + year)


def releases_on_record(connection: Connection) -> int:
    """How many releases the log tells of."""
    found = select(func.count()).where(entries.c.action == Action.CONTACT_RELEASED.value)
    return connection.execute(found).scalar_one()

"""All contacts under new keys, and the blind index with them, beside the same cryptography alone."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

from gateway.model.contact import FreightContact, Private, ShopContact
from gateway.storage import rewrap
from gateway.storage.orders import FREIGHT
from gateway.usecases.services import Services
from gateway.vault import envelope
from gateway.vault.envelope import Binding, Envelope
from tests.benchmarks import scenery
from tests.benchmarks.bench import Bench
from tests.benchmarks.row import Figures, Row, Sides, own, share
from tests.builders import order_number

_CONTACTS = 1_000_000, 10_000
_SAMPLE = 10_000


@contextmanager
def _rotation(bench: Bench) -> Iterator[Sides]:
    count = bench.size(*_CONTACTS)
    place = scenery.prepared(bench.directory / "data", 1)
    with scenery.closing_database(place.services()) as services:
        _fill(services, count)
        yield Sides(
            ours=partial(_rotated, services, count),
            yardstick=partial(_rewrapped_alone, services),
        )


def _fill(services: Services, size: int) -> None:
    """So many contacts: each order has a freight contact with its digests, and a shop contact."""
    orders, now = size // 2, services.store.clock()
    path = services.settings.data / "gateway.db"
    with closing(sqlite3.connect(path)) as database:
        number = {"order_number": "printf('t%09d', at)"}
        other = {"sales_order_id": "'s' || at", "subject": "printf('%032x', at)"}
        scenery.copy(database, "orders", number | other, orders)
        known = database.execute("SELECT kind, version, key_id, delete_by FROM contacts").fetchall()
        key, _ = services.sealer.keys(now)

        def rows() -> Iterator[tuple[Any, ...]]:
            for at in range(1, orders):
                for kind, version, key_id, delete_by in known:
                    bound = Binding("default", order_number(at), f"{at:032x}", kind, version)
                    made = _sealed(services, at, bound)
                    names = ("default", bound.order_number, kind, bound.contact_id, version)
                    yield *names, key_id, made.wrapped_key, made.sealed, delete_by

        def digests() -> Iterator[tuple[Any, ...]]:
            for at in range(1, orders):
                for digest in services.sealer.digests("default", _contact(at), now):
                    yield "default", digest, order_number(at)

        if {row[2] for row in known} != {key.key_id}:
            raise RuntimeError("the day is over: begin again")
        database.executemany(f"INSERT INTO contacts VALUES ({', '.join('?' * 9)})", rows())
        database.executemany("INSERT INTO contact_digests VALUES (?, ?, ?)", digests())
        database.commit()
    with services.store.read() as connection:
        found = rewrap.count(connection, {key.key_id})
    if found != size:
        raise RuntimeError(f"{found} contacts instead of {size}")


def _sealed(services: Services, at: int, bound: Binding) -> Envelope:
    now = services.store.clock()
    if bound.kind == FREIGHT:
        return services.sealer.freight(_contact(at), bound, now)
    relay = ShopContact(Private(f"relay{at}@customer.otto.market"), deliverable=True)
    return services.sealer.shop(relay, bound, now)


def _contact(at: int) -> FreightContact:
    return FreightContact(
        name=Private(f"Erika{at} Mustermann"),
        phone=Private(f"+493023125{at % 1000:03d}"),
        phone_as_given=None,
        email=Private(f"e{at}@example.org"),
    )


def _rotated(services: Services, count: int) -> Figures:
    """As `gateway keys rotate` does it: new versions, then everything under them."""
    services.key_care.rotate(scenery.SETTER)
    began = time.perf_counter()
    done = services.rewrap()
    seconds = time.perf_counter() - began
    if (done.contacts, done.digests, done.unreadable) != (count, count, 0):
        raise RuntimeError(f"not everything was rewrapped: {done}")
    return {
        "contacts_per_second": count / seconds,
        "minutes_for_a_million": 1_000_000 / count * seconds / 60,
    }


def _rewrapped_alone(services: Services) -> Figures:
    """Unwrap and wrap data keys in memory, and nothing else."""
    key, _ = services.sealer.keys(services.store.clock())
    with services.store.read() as connection:
        page = rewrap.page(connection, "default", rewrap.START, {key.key_id}, _SAMPLE)
    began = time.perf_counter()
    for one in page:
        envelope.rewrap(one.wrapped_key, one.binding, key, key, services.store.entropy)
    seconds = time.perf_counter() - began
    return {"contacts_per_second": len(page) / seconds}


ROWS = (
    Row(
        name="rewrap",
        measure="contacts under new keys, blind index included, SQLite",
        yardstick="AES-GCM unwrap and wrap of the same data keys, one thread",
        figure="contacts_per_second",
        targets=(
            own("minutes_for_a_million", at_most=10),
            share("contacts_per_second", at_least=0.05),
        ),
        sides=_rotation,
        rounds=1,
        about=lambda bench: f"{bench.size(*_CONTACTS):,} contacts",
    ),
)

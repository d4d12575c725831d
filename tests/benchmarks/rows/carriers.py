"""The ways of carriers: contacts pushed, sealed for the carrier's key; and a long worklist, paged."""

import json
import random
import sqlite3
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from statistics import quantiles

from sqlalchemy import select

from gateway.handover.destination import Destinations
from gateway.handover.keys import carrier_keys
from gateway.handover.line import Line
from gateway.handover.outbound import Outbound
from gateway.handover.push import Pusher
from gateway.model.kept import Stage
from gateway.model.message import Fate, Message, Topic
from gateway.storage import outbox
from gateway.storage.tables import items
from gateway.storage.worklist import Place
from gateway.usecases import appoint, register
from gateway.usecases.services import Services
from tests.benchmarks import inbox, scenery
from tests.benchmarks.bench import Bench
from tests.benchmarks.row import Figures, Row, Sides, own
from tests.builders import order_number
from tests.conftest import a_carrier
from tests.handover.conftest import here

_PUSHES = 500, 50
_OPEN = 1_000_000, 20_000
_SHORT = 1000
_SECOND = "assigned_at - ({} - at) * 1000000"
_PAGES = 400, 60
"""Pages of a round, each behind another random delivery."""


# ---- Pushes -------------------------------------------------------------------------------------


@contextmanager
def _pushes(bench: Bench) -> Iterator[Sides]:
    with ExitStack() as stack:
        carrier = stack.enter_context(inbox.carrier())
        count = bench.size(*_PUSHES)
        place = scenery.prepared(bench.directory / "data", count)
        services = stack.enter_context(scenery.closing_database(place.services()))
        trust = ssl.create_default_context(cadata=carrier.authority)
        outbound = Outbound(trust, here, unsafe_allow_loopback=True)
        now = services.store.clock()
        dachser = a_carrier(
            "dachser",
            endpoint=carrier.url,
            public_key=carrier.public_pem,
            valid_from=now - timedelta(1),
            valid_until=now + timedelta(1),
        )
        register.apply(services.store, "default", scenery.SETTER, [dachser])
        keys = carrier_keys(services.keyring, "default", "dachser", now)
        carrier.told(keys.shown_secret(), keys.shown_public_key())
        letter = _letter(services, outbound)
        yield Sides(
            ours=partial(_pushed, services, outbound, place.numbers),
            yardstick=partial(_posted, outbound, carrier.url, letter, count),
        )


def _pushed(services: Services, outbound: Outbound, numbers: Sequence[str]) -> Figures:
    """Every step of each: claimed, decided, on record, opened, sealed, signed, taken, settled."""
    with services.store.change() as connection:
        for number in numbers:
            outbox.add(connection, _message(services, number))
    pusher = Pusher.over(services, outbound)
    began = time.perf_counter()
    while pusher():
        pass
    seconds = time.perf_counter() - began
    with services.store.read() as connection:
        waiting = outbox.of_merchant(connection, "default", Fate.WAITING, None, None)
    if waiting:
        raise RuntimeError(f"{len(waiting)} messages were not taken: {waiting[0].outcome}")
    return {"pushes_per_second": len(numbers) / seconds}


def _posted(outbound: Outbound, url: str, body: bytes, count: int) -> Figures:
    """As many bytes to the same server over one line, and nothing else done for them."""
    line = outbound.dial(url)
    if not isinstance(line, Line):
        raise TypeError(line.hindrance)
    began = time.perf_counter()
    with line:
        for _ in range(count):
            line.post({}, body)
    return {"pushes_per_second": count / (time.perf_counter() - began)}


def _letter(services: Services, outbound: Outbound) -> bytes:
    """A message as long as a pushed one."""
    destinations = Destinations(
        services.store, services.keyring, outbound, services.settings.origin
    )
    [dachser] = register.listing(services.store, "default")
    destination = destinations.of("default", dachser)
    if destination is None:
        raise RuntimeError("the carrier has no endpoint")
    return destination.notice.body(
        "contact.test", "0" * 32, services.store.clock(), {"a": "b" * 400}
    )


def _message(services: Services, number: str) -> Message:
    now = services.store.clock()
    return Message(
        message_id=services.store.entropy(16).hex(),
        topic=Topic.CONTACT,
        merchant="default",
        carrier_id="dachser",
        order_number=number,
        consignment=None,
        actor_role=scenery.SETTER.role,
        actor_id=scenery.SETTER.id,
        queued_at=now,
        fate=Fate.WAITING,
        attempts=0,
        due_at=now,
        settled_at=None,
        outcome=None,
    )


# ---- The worklist -------------------------------------------------------------------------------


@contextmanager
def _worklist(bench: Bench) -> Iterator[Sides]:
    with ExitStack() as stack:
        yield Sides(
            ours=_listed(stack, bench, "long", bench.size(*_OPEN)),
            yardstick=_listed(stack, bench, "short", _SHORT),
        )


def _listed(stack: ExitStack, bench: Bench, name: str, size: int) -> Callable[[], Figures]:
    place = scenery.prepared(bench.directory / name, 1)
    with scenery.closing_database(place.services()) as services:
        cursors = _many(services, size, bench.size(*_PAGES))
    live = stack.enter_context(place.served())
    return partial(_paged, live.port, place.token, cursors)


def _many(services: Services, size: int, pages: int) -> list[str]:
    """As many open deliveries as there are to be, a second apart; cursors at random places."""
    with services.store.read() as connection:
        [last] = connection.execute(select(items.c.assigned_at)).scalars()
    begins = last - timedelta(seconds=size)
    with closing(sqlite3.connect(services.settings.data / "gateway.db")) as database:
        number = {"order_number": "printf('t%09d', at)"}
        other = {"sales_order_id": "'s' || at", "subject": "printf('%032x', at)"}
        scenery.copy(database, "orders", number | other, size)
        scenery.copy(database, "items", number | {"assigned_at": _SECOND.format(size)}, size)
        database.commit()
    chosen = random.Random(0).choices(range(1, size), k=pages)
    places = [Place(begins + timedelta(seconds=at), order_number(at)) for at in chosen]
    return [appoint._cursor(Stage.OPEN, it) for it in places]


def _paged(port: int, token: str, cursors: Sequence[str]) -> Figures:
    """Milliseconds of one page of a hundred, over HTTP, wherever in the list it begins."""
    took = []
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        for cursor in cursors:
            path = f"/v1/appointments?status=open&limit=100&cursor={cursor}"
            began = time.perf_counter()
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            page = json.loads(answer.read())
            took.append((time.perf_counter() - began) * 1000)
            if "appointments" not in page:
                raise RuntimeError(f"{path}: {answer.status}")
    cuts = quantiles(took, n=20)
    return {"p50_ms": cuts[9], "p95_ms": cuts[18]}


ROWS = (
    Row(
        name="push",
        measure="contacts pushed as JWE over https, one sender, SQLite",
        yardstick="the same bytes posted, and nothing else done",
        figure="pushes_per_second",
        targets=(own("pushes_per_second", at_least=50),),
        sides=_pushes,
        about=lambda bench: f"{bench.size(*_PUSHES):,} messages",
    ),
    Row(
        name="worklist",
        measure="a page of a carrier's open deliveries, SQLite",
        yardstick=f"the same of {_SHORT:,}",
        figure="p95_ms",
        targets=(own("p95_ms", at_most=50),),
        sides=_worklist,
        rounds=3,
        about=lambda bench: f"{bench.size(*_OPEN):,} open",
    ),
)

"""A whole gateway over a database of its own, with a clock that stands until it is moved."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import settings
from gateway.app import assemble
from gateway.audit.entry import Actor, Entry
from gateway.marketplaces.otto.derive import derive
from gateway.model.carrier import Carrier
from gateway.model.client import Client
from gateway.model.kept import KeptOrder
from gateway.model.order import Order
from gateway.storage import entries, orders, schema
from gateway.storage.store import Store
from gateway.usecases import clients, merchants, publishing, register
from gateway.usecases.actors import actor
from gateway.usecases.assign import Assignment, assign
from gateway.usecases.desk import Asked, Wanted
from gateway.usecases.incoming.intake import Tally
from gateway.usecases.release import Refused, Released
from policies.question import Mode, Purpose, Role
from tests.databases import Postgres

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TESTER = Actor(role="operator", id="test")


class Clock:
    """The time, moved by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


class World:
    """The services, and short ways to do what most tests begin with."""

    def __init__(
        self, data: Path, url: str | None = None, *, bare: bool = False, **environment: str
    ) -> None:
        self.clock = Clock()
        named = {"GATEWAY_DATA": str(data), **environment}
        if url is not None:
            named["GATEWAY_DATABASE"] = url
        self.settings = settings.load(named)
        self.services = assemble(self.settings, self.clock, os.urandom)
        self.store = self.services.store
        if not bare and not schema.at_head(self.store.database):
            schema.upgrade(self.store.database)
            self.merchant("default")
            publishing.adopt(self.services.rulebook)

    def merchant(self, merchant: str) -> None:
        """A merchant with two current carriers and a lapsed one."""
        merchants.create(self.store, merchant, merchant.title())
        lapsed = a_carrier("hellmann", valid_until=NOON - timedelta(days=1))
        wanted = [a_carrier("dachser"), a_carrier("rhenus"), lapsed]
        register.apply(self.store, merchant, TESTER, wanted)

    def close(self) -> None:
        """Let go of the database."""
        self.store.database.engine.dispose()

    def client(
        self, role: Role = Role.CARRIER, carrier: str | None = None, merchant: str = "default"
    ) -> Client:
        """A new client; a carrier's is dachser's unless told."""
        if role is Role.CARRIER:
            carrier = carrier or "dachser"
        return clients.create(self.store, merchant, role, carrier, "test", None, None)[0]

    def take_in(self, *values: Mapping[str, Any], merchant: str = "default") -> Tally:
        """Import OTTO orders in one batch."""
        batch = [self.derived(value) for value in values]
        return self.services.intake(merchant, TESTER, batch, 0, None)

    def derived(self, value: Mapping[str, Any]) -> Order:
        """An OTTO order as the gateway's own."""
        order = derive(value, self.services.otto)
        assert isinstance(order, Order), order
        return order

    def assign(
        self,
        number: str,
        carrier: str = "dachser",
        consignment: str | None = None,
        item_ids: Sequence[str] | None = None,
    ) -> KeptOrder:
        """Give an order's freight pieces to a carrier."""
        assignment = Assignment(
            order_number=number,
            carrier_id=carrier,
            consignment=consignment,
            item_ids=item_ids,
        )
        return assign(self.store, "default", TESTER, assignment, None)

    def ask(
        self,
        client: Client,
        number: str | None = None,
        purpose: str = Purpose.DELIVERY_APPOINTMENT,
        consignment: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Released | Refused:
        """Ask for one order's freight contact."""
        asked = Asked(
            recipient=client,
            actor=actor(client),
            items=[Wanted(order_number=number, consignment=consignment)],
            purpose=purpose,
            fields=fields,
            request_id="test",
        )
        return self.services.release(asked)[0]

    def kept(self, number: str, merchant: str = "default") -> KeptOrder:
        """An order as it is stored."""
        with self.store.read() as connection:
            return orders.kept(connection, merchant, [number])[number]

    def log(self, merchant: str = "default") -> list[Entry]:
        """Every entry of the merchant, oldest first."""
        with self.store.read() as connection:
            found: list[Entry] = []
            for stretch in reversed(entries.stretches(connection, merchant, None, None)):
                part = entries.oldest(connection, stretch, entries.Sought(), 10_000)
                found += [Entry.parse(one.leaf) for one in part]
            return found

    def said(self, merchant: str = "default") -> list[str]:
        """The actions on record, oldest first, without those of setting the world up."""
        quiet = ("log.", "carrier.", "client.", "policy.")
        return [it.action.value for it in self.log(merchant) if not it.action.startswith(quiet)]


def a_carrier(carrier_id: str, **changes: Any) -> Carrier:
    """A freight carrier registered for the appointment and all fields, a month around noon."""
    terms: dict[str, Any] = {
        "carrier_id": carrier_id,
        "name": carrier_id.title(),
        "otto_codes": (carrier_id.upper(),),
        "modes": frozenset({Mode.FREIGHT}),
        "fields": frozenset({"name", "phone", "email"}),
        "purposes": frozenset({Purpose.DELIVERY_APPOINTMENT}),
        "valid_from": NOON - timedelta(days=30),
        "valid_until": NOON + timedelta(days=300),
        "endpoint": None,
        "public_key": None,
    }
    return Carrier(**{**terms, **changes})


def codes(outcome: Released | Refused) -> list[str]:
    """The reason codes of a refusal; none for a release."""
    if isinstance(outcome, Released):
        return []
    return [reason.code.value for reason in outcome.refusal.reasons]


def shown(outcome: Released | Refused) -> dict[str, str | None]:
    """The contact of a release, in the clear."""
    assert isinstance(outcome, Released), outcome
    return {name: value and value.reveal() for name, value in outcome.contact.items()}


@dataclass(frozen=True)
class Template:
    """A world to copy: its data directory, and on PostgreSQL its server and database."""

    data: Path
    postgres: Postgres | None = None
    name: str = ""

    @contextmanager
    def copied(self, directory: Path) -> Iterator[World]:
        """A world of its own in `directory`."""
        shutil.copytree(self.data, directory)
        if self.postgres is None:
            with closing(World(directory)) as world:
                yield world
            return
        name = self.postgres.create(self.name)
        with closing(World(directory, self.postgres.url(name))) as world:
            yield world
        self.postgres.drop(name)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def world_template(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Template:
    """Migrated database, keys, proved policy and the default merchant; once on each database."""
    data = tmp_path_factory.mktemp("template") / "data"
    template = Template(data)
    url = None
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        template = Template(data, postgres, postgres.create())
        url = postgres.url(template.name)
    World(data, url).close()
    return template


@pytest.fixture
def world(world_template: Template, tmp_path: Path) -> Iterator[World]:
    """A gateway of its own."""
    with world_template.copied(tmp_path / "data") as world:
        yield world


@pytest.fixture
def a_node(world: World) -> Iterator[Callable[[], Store]]:
    """Makes stores over the world's database that share nothing with its own but the clock."""
    made: list[Store] = []

    def make() -> Store:
        made.append(assemble(world.settings, world.clock, os.urandom).store)
        return made[-1]

    yield make
    for store in made:
        store.database.engine.dispose()

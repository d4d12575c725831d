"""Fills a gateway with demo carriers, orders and clients, all invented; running it again adds nothing."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from gateway.errors import ConfigurationError, NotFound
from gateway.marketplaces.window import Readable
from gateway.model.account import Office
from gateway.model.order import OTTO
from gateway.settings import Settings
from gateway.usecases import clients, register
from gateway.usecases.actors import OPERATOR
from gateway.usecases.assign import Assignment, assign
from gateway.usecases.carrier_file import read_carriers
from gateway.usecases.incoming.importing import Counts, import_orders
from gateway.usecases.people import accounts
from gateway.usecases.register import Changes
from gateway.usecases.services import Services
from policies.question import Role

_LIFE = timedelta(days=7)
_CARRIER = "dachser"
_ROLES = {
    "demo carrier": (Role.CARRIER, _CARRIER),
    "demo merchant": (Role.MERCHANT, None),
    "demo shop": (Role.SHOP, None),
    "demo reviewer": (Role.REVIEWER, None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoClient:
    """A client whose token is shown, because everything that it opens is invented."""

    role: Role
    client_id: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What there is to try; `links` are the tokens of sign-in links to the console."""

    carriers: Changes
    orders: Counts
    assigned: int
    clients: tuple[DemoClient, ...]
    links: Mapping[Office, str]

    def token(self, role: Role) -> str:
        """The token of the demo client in this role."""
        return next(client.token for client in self.clients if client.role is role)


def prepare(services: Services, merchant: str, request_id: str) -> Demo:
    """Carriers, orders and assignments as the demo files have them; clients that live a week."""
    settings = services.settings
    wanted = read_carriers(settings.config_file("carriers.toml"), services.otto)
    changes = register.apply(services.store, merchant, OPERATOR, wanted)
    with settings.config_file("demo/orders.json").open("rb") as source:
        counts = _take_in(services, merchant, source, request_id)
    assignments = _assignments(settings)
    for assignment in assignments:
        assign(services.store, merchant, OPERATOR, assignment, request_id)
    return Demo(
        carriers=changes,
        orders=counts,
        assigned=len(assignments),
        clients=tuple(_clients(services, merchant)),
        links={office: _link(services, merchant, office) for office in Office},
    )


def _take_in(services: Services, merchant: str, source: Readable, request_id: str) -> Counts:
    done = import_orders(
        services,
        merchant,
        OPERATOR,
        services.marketplaces[OTTO],
        source,
        request_id=request_id,
        on_rejected=lambda _: None,
        on_batch=lambda _: None,
    )
    if done.ended is not None or done.counts.rejected:
        raise ConfigurationError(
            "demo/orders.json holds orders that are not taken in: gateway orders import shows which"
        )
    return done.counts


def _assignments(settings: Settings) -> list[Assignment]:
    path: Path = settings.config_file("demo/assignments.toml")
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["assignment"]
    return [
        Assignment(
            order_number=table["order"],
            carrier_id=table["carrier"],
            consignment=table.get("consignment"),
            item_ids=table.get("items"),
        )
        for table in tables
    ]


def _link(services: Services, merchant: str, office: Office) -> str:
    """The token of a fresh sign-in link for the demo account of this office."""
    store, name = services.store, f"demo-{office.value}"
    try:
        account = accounts.find(store, merchant, name)
    except NotFound:
        carrier_id = _CARRIER if office is Office.CARRIER else None
        account = accounts.create(store, merchant, name, office, carrier_id)
    return accounts.link(store, account)


def _clients(services: Services, merchant: str) -> list[DemoClient]:
    """New ones, since nobody knows the tokens of earlier ones, which end here."""
    store, now = services.store, services.store.clock()
    for client in clients.listing(store, merchant):
        if client.name in _ROLES and client.is_live(now):
            clients.revoke(store, merchant, client.client_id)
    made = []
    for name, (role, carrier_id) in _ROLES.items():
        client, token = clients.create(store, merchant, role, carrier_id, name, None, _LIFE)
        made.append(DemoClient(role=role, client_id=client.client_id, token=token))
    return made

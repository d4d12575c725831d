"""Fixtures for whoever needs a working gateway: a fresh one for each test, copied from a template."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from gateway.app import assemble
from gateway.model.carrier import Carrier
from gateway.settings import Settings, load
from gateway.storage import schema
from gateway.usecases import clients, merchants, publishing, register
from gateway.usecases.actors import OPERATOR
from gateway.usecases.services import Services
from policies import proof
from policies.question import Mode, Purpose, Role
from tests.room import quick_disk

# A slow machine is no failure, and a change is judged by the same examples each time: the profile of
# that name does both, where CI is set; elsewhere each run tries new ones.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("ci" if "CI" in os.environ else "unhurried")

pytest_plugins = ("tests.databases", "tests.stricter", "tests.world")

# Each process that a test starts finds its bytecode, as an installation's does from its second start.
os.environ["PYTHONPYCACHEPREFIX"] = str(Path(sys.prefix) / "bytecode")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A database is files that are made, synchronised and removed again: in memory where there is room.
if (room := quick_disk()) is not None:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(room))

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""When every test begins."""


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **by: float) -> None:
        """Let time pass, given as to `timedelta`."""
        self.time += timedelta(**by)


@dataclass(frozen=True)
class Template:
    """A data directory to copy, and the tokens of the clients in it, by name."""

    data: Path
    tokens: Mapping[str, str]


def a_carrier(carrier_id: str, **changes: Any) -> Carrier:
    """A carrier registered for everything, this year and the next; `changes` by its attributes."""
    terms: dict[str, Any] = {
        "name": carrier_id.title(),
        "otto_codes": (carrier_id.upper(),),
        "modes": frozenset({Mode.FREIGHT}),
        "fields": frozenset({"name", "phone", "email"}),
        "purposes": frozenset({Purpose.DELIVERY_APPOINTMENT}),
        "valid_from": datetime(2026, 1, 1, tzinfo=UTC),
        "valid_until": datetime(2028, 1, 1, tzinfo=UTC),
        "endpoint": None,
        "public_key": None,
    }
    return Carrier(carrier_id=carrier_id, **(terms | changes))


@pytest.fixture(scope="session", autouse=True)
def proven_once() -> Iterator[None]:
    """A policy is proven once in a process, whichever directory asks: it never changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proof, "prove", cache(proof.prove))
        yield


def remember_proof(template: Template, data: Path) -> None:
    """Make an empty data directory that holds nothing but the memory of the policy's proof."""
    data.mkdir(mode=0o700)
    shutil.copy(template.data / "policy-proof.json", data)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Two merchants, three carriers (Emons lapsed, Rhenus without e-mail), a client for each role."""
    data = tmp_path_factory.mktemp("template")
    services = assemble(load({"GATEWAY_DATA": str(data)}), Clock())
    store = services.store
    schema.upgrade(store.database)
    tokens = {}
    for merchant, prefix in (("default", ""), ("other", "other-")):
        merchants.create(store, merchant, merchant.title())
        publishing.adopt(services.rulebook)
        carriers = [
            a_carrier("dachser"),
            a_carrier("rhenus", fields=frozenset({"name", "phone"})),
            a_carrier("emons", valid_until=datetime(2026, 11, 1, tzinfo=UTC)),
        ]
        register.apply(store, merchant, OPERATOR, carriers)
        for role in Role:
            if role is not Role.CARRIER:
                made = clients.create(store, merchant, role, None, role.value, None, None)
                tokens[f"{prefix}{role}"] = made[1]
        for carrier in carriers:
            carrier_id = carrier.carrier_id
            made = clients.create(store, merchant, Role.CARRIER, carrier_id, carrier_id, None, None)
            tokens[f"{prefix}{carrier_id}"] = made[1]
    store.database.engine.dispose()
    return Template(data, tokens)


@pytest.fixture
def clock() -> Clock:
    """The time of this test."""
    return Clock()


@pytest.fixture
def data(template: Template, tmp_path: Path) -> Path:
    """A data directory of this test's own."""
    return Path(shutil.copytree(template.data, tmp_path / "data"))


@pytest.fixture
def a_gateway(data: Path, clock: Clock) -> Iterator[Callable[..., Services]]:
    """Assembles a gateway over the data directory; settings as in the environment."""
    made: list[Services] = []

    def make(**environment: str) -> Services:
        settings: Settings = load({"GATEWAY_DATA": str(data), **environment})
        made.append(assemble(settings, clock, os.urandom))
        return made[-1]

    yield make
    for services in made:
        services.store.database.engine.dispose()


@pytest.fixture
def services(a_gateway: Callable[..., Services]) -> Services:
    """A gateway with the settings as shipped."""
    return a_gateway()

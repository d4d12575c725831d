"""A gateway that is set up and served for a soak: two merchants, their clients, a clock, a small disk."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway import settings
from gateway.app import assemble
from gateway.storage import schema
from gateway.usecases import clients, merchants, publishing, register
from gateway.usecases.actors import OPERATOR
from gateway.usecases.services import Services
from gateway.vault import age_files
from policies.question import Role
from tests.conftest import NOW, a_carrier
from tests.end_to_end.live import Live
from tests.end_to_end.soak import shifted

WORKERS = 2
_MODULE = "tests.end_to_end.soak.shifted"


@dataclass
class House:
    """Its directory, its data directory, and its settings as they stand in the environment."""

    home: Path
    data: Path
    told: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Set the clock to when every test begins, make the keys of backups, and set all up."""
        self.base = (NOW + timedelta(hours=1) - datetime.now(UTC)).total_seconds()
        self.shift(0)
        self.identities = [self.home / "database.key", self.home / "keyring.key"]
        self.temporary = self.home / "temporary"
        self.temporary.mkdir()
        self.told |= {
            "GATEWAY_BACKUP__RECIPIENTS": age_files.make_identity(self.identities[0]),
            "GATEWAY_BACKUP__KEYRING_RECIPIENTS": age_files.make_identity(self.identities[1]),
            "GATEWAY_LIMITS__REQUESTS_PER_MINUTE": "100000000",
            "GATEWAY_SCHEDULE__RETENTION_MINUTES": "1",
            shifted.NAMED_BY: str(self._clock),
            "TMPDIR": str(self.temporary),
        }
        services = self.services()
        schema.upgrade(services.store.database)
        for merchant, prefix in (("default", ""), ("other", "other-")):
            self._furnish(services, merchant, prefix)
        publishing.adopt(services.rulebook)
        services.store.database.engine.dispose()

    def shift(self, seconds: float) -> None:
        """Have the clock be so far ahead of where a quiet one would be; for all processes at once."""
        fresh = self._clock.with_suffix(".new")
        fresh.write_text(str(self.base + seconds))
        fresh.replace(self._clock)

    def services(self) -> Services:
        """The use cases, in this process, on the same clock."""
        named = {key: value for key, value in self.told.items() if key.startswith("GATEWAY_")}
        loaded = settings.load({"GATEWAY_DATA": str(self.data), **named})
        return assemble(loaded, shifted.clock(self._clock), os.urandom)

    def serve(self) -> Live:
        """The gateway as its users run it, on this clock."""
        return Live(self.data, WORKERS, module=_MODULE, **self.told)

    @property
    def _clock(self) -> Path:
        return self.home / "shift"

    def _furnish(self, services: Services, merchant: str, prefix: str) -> None:
        store = services.store
        merchants.create(store, merchant, merchant.title())
        carriers = [a_carrier("dachser"), a_carrier("rhenus")]
        register.apply(store, merchant, OPERATOR, carriers)
        wanted: Mapping[str, tuple[Role, str | None]] = {
            "merchant": (Role.MERCHANT, None),
            "dachser": (Role.CARRIER, "dachser"),
            "rhenus": (Role.CARRIER, "rhenus"),
        }
        for name, (role, carrier) in wanted.items():
            made = clients.create(store, merchant, role, carrier, name, None, None)
            self.tokens[prefix + name] = made[1]

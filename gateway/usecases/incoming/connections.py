"""The live connections to OTTO, one a merchant, each opened by the credentials that are kept for it."""

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.errors import ConfigurationError, InvalidInput
from gateway.marketplaces.otto.api_facts import ApiFacts
from gateway.marketplaces.otto.calls import Surroundings
from gateway.marketplaces.otto.client import OttoClient
from gateway.marketplaces.otto.tokens import Credentials
from gateway.usecases.services import Services
from gateway.vault.credentials import CredentialFile

_OWNER = "otto:"


@dataclass(slots=True)
class Connections:
    """The connections of one process; each keeps its token and its pace for as long as it serves."""

    facts: ApiFacts
    around: Surroundings
    file: CredentialFile
    _clients: dict[str, tuple[Credentials, OttoClient]] = field(default_factory=dict)
    _changing: threading.Lock = field(default_factory=threading.Lock)

    def merchants(self) -> list[str]:
        """Who has credentials."""
        owners = self.file.owners()
        return [owner.removeprefix(_OWNER) for owner in owners if owner.startswith(_OWNER)]

    def host(self, merchant: str) -> str:
        """Where the merchant's credentials belong. ConfigurationError where there are none."""
        return self._credentials(merchant).host

    def client(self, merchant: str) -> OttoClient:
        """The merchant's connection. ConfigurationError where there are no credentials for it."""
        credentials = self._credentials(merchant)
        with self._changing:
            known = self._clients.get(merchant)
            if known is None or known[0] != credentials:
                known = (credentials, self._opened(credentials))
                self._clients[merchant] = known
            return known[1]

    def keep(self, merchant: str, credentials: Credentials) -> None:
        """Keep new credentials, once OTTO has given a token for them.

        InvalidInput where their host is not configured; Unavailable where OTTO gives none.
        """
        if credentials.host not in self.facts.hosts:
            known = ", ".join(sorted(self.facts.hosts))
            raise InvalidInput(
                {"host": [f"must be one of {known} (config/marketplaces/otto.toml)"]}
            )
        self._opened(credentials).missing_scopes()
        secret = {
            "host": credentials.host,
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
        }
        self.file.keep(_OWNER + merchant, secret, self.around.clock())

    def _credentials(self, merchant: str) -> Credentials:
        kept = self.file.find(_OWNER + merchant)
        if kept is None:
            raise ConfigurationError(
                f"there are no credentials for OTTO of {merchant}: "
                "gateway orders sync --set-credentials FILE"
            )
        return Credentials(**kept)

    def _opened(self, credentials: Credentials) -> OttoClient:
        host = self.facts.hosts.get(credentials.host)
        if host is None:
            raise ConfigurationError(
                f"api.hosts.{credentials.host}: the kept credentials belong there, "
                "and config/marketplaces/otto.toml has no such host"
            )
        return OttoClient(self.facts, host, credentials, self.around)


def connections(services: Services, sleep: Callable[[float], None] = time.sleep) -> Connections:
    """The connections over a gateway's own configuration and keys."""
    around = Surroundings(
        clock=services.store.clock,
        ticks=time.monotonic,
        sleep=sleep,
        chance=random.random,
    )
    return Connections(services.otto.api, around, services.credentials)


def parsed(text: str, host: str) -> Credentials:
    """Credentials from a JSON object with `client_id` and `client_secret`; InvalidInput otherwise."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    given = value if isinstance(value, dict) else {}
    names = ("client_id", "client_secret")
    missing = [name for name in names if not isinstance(given.get(name), str) or not given[name]]
    if missing:
        raise InvalidInput(
            {name: ['is missing: write {"client_id": …, "client_secret": …}'] for name in missing}
        )
    return Credentials(host, given["client_id"], given["client_secret"])

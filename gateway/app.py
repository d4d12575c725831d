"""Wires the gateway together; the only place that knows all of its parts."""

import os
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING

from gateway.errors import ConfigurationError
from gateway.marketplaces.feed.facts import FeedFacts, check_prefixes
from gateway.marketplaces.feed.marketplace import Feed
from gateway.marketplaces.marketplace import Marketplace
from gateway.marketplaces.otto.facts import OttoFacts
from gateway.marketplaces.otto.marketplace import Otto
from gateway.model.ids import Clock, Entropy
from gateway.model.order import OTTO
from gateway.settings import Settings
from gateway.storage.choice import open_database
from gateway.storage.key_traces import KeyTraces
from gateway.storage.logbook import PERIODS, Logbook
from gateway.storage.notary import Notary
from gateway.storage.store import Store
from gateway.storage.timekeeping import Timekeeping
from gateway.storage.tombstones import Tombstones
from gateway.usecases.readiness import Readiness
from gateway.usecases.rulebook import Rulebook
from gateway.usecases.services import Services
from gateway.vault.keyfile import KeyFile
from gateway.vault.keyring import Keyring
from gateway.vault.opening import Opener
from gateway.vault.providers.choice import providers
from gateway.vault.sealing import Sealer
from policies.engine import Engine
from policies.errors import EngineFault, PolicyError
from policies.proof import Broken, Proof, prove_once

if TYPE_CHECKING:
    from flask import Flask

    from gateway.handover.outbound import Outbound


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def assemble(settings: Settings, clock: Clock = now, entropy: Entropy = os.urandom) -> Services:
    """The use cases over the settings' database and keys.

    The policy is proved first: an edit that lets a contact out wrongly stops everything here, with
    the case that broke.
    """
    installed = _proved_engine(settings)
    otto = Otto(OttoFacts.load(settings.config_file("marketplaces/otto.toml")))

    def seed() -> bytes:
        key = keyring.log_key(clock())
        return bytes(key.secret.reveal())

    notary = Notary(seed, settings.data / "held")
    logbook = Logbook(settings.origin, PERIODS[settings.period], notary, entropy)
    database = open_database(settings.database_url, settings.service.threads)
    store = Store(database, logbook, Tombstones(settings.backup.tombstones), clock, entropy)
    keyring = Keyring(
        KeyFile(settings.keys.keyring),
        providers(settings, entropy),
        settings.keys.provider,
        entropy,
        settings.keys.cache,
        KeyTraces(store),
    )
    return Services(
        settings=settings,
        store=store,
        timekeeping=Timekeeping(settings.data / "seen-time"),
        keyring=keyring,
        sealer=Sealer(keyring, entropy),
        opener=Opener(keyring),
        rulebook=Rulebook(store, installed, partial(_proof, settings)),
        otto=otto.facts,
        marketplaces={otto.name: otto, **_feeds(settings)},
    )


def _feeds(settings: Settings) -> dict[str, Marketplace]:
    """Every marketplace that has a file, but OTTO."""
    files = [file for file in settings.config_files("marketplaces") if file.stem != OTTO]
    facts = {file.stem: FeedFacts.load(file) for file in files}
    check_prefixes(facts)
    return {name: Feed(one) for name, one in facts.items()}


@cache
def _engine() -> Engine:
    """The shipped policy, one for a process: it never changes."""
    return Engine.load()


def _proved_engine(settings: Settings) -> Engine:
    try:
        engine = _engine()
        proof = _proof(settings, engine)
    except (PolicyError, EngineFault) as fault:
        raise ConfigurationError(f"the policy does not load: {fault}") from fault
    if isinstance(proof, Broken):
        raise ConfigurationError(str(proof))
    return engine


def _proof(settings: Settings, rules: Engine) -> Proof | Broken:
    """Remembered beside the data; what is installed apart from what was, as both may be asked about."""
    name = "policy-proof"
    if rules.version != _engine().version:
        name += f"-{rules.version.removeprefix('sha256:')[:12]}"
    return prove_once(rules, settings.data / f"{name}.json")


def create_app(services: Services, outbound: "Outbound | None" = None) -> "Flask":
    """The WSGI application over these services; `outbound` is its way to carriers, if not the usual."""
    # Half of what a command would take to begin: only who serves needs these.
    import structlog  # noqa: PLC0415

    from gateway.api import application, routes  # noqa: PLC0415
    from gateway.console import mounting  # noqa: PLC0415
    from gateway.handover.outbound import Outbound  # noqa: PLC0415
    from gateway.handover.relay import NativeRelay  # noqa: PLC0415

    log = structlog.get_logger()
    usual = Outbound(unsafe_allow_loopback=services.settings.unsafe_allow_loopback)
    relay = NativeRelay(services, outbound or usual, services.credentials)
    endpoints = routes.endpoints(Readiness(services), relay)
    app = application.build(services, endpoints, log)
    mounting.mount(app, services, log)
    return app

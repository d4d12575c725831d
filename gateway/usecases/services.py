"""The use cases of one running gateway, as the edges receive them; wired in `gateway.app` alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from gateway.marketplaces.marketplace import Marketplace
from gateway.marketplaces.otto.facts import OttoFacts
from gateway.settings import Settings
from gateway.storage.store import Store
from gateway.storage.timekeeping import Timekeeping
from gateway.usecases.decide import Decide
from gateway.usecases.incoming.intake import Intake
from gateway.usecases.keys.reseal import Reseal
from gateway.usecases.keys.rewrap import Rewrap
from gateway.usecases.keys.rotate import KeyCare
from gateway.usecases.log.witnessed import Quorum, configured
from gateway.usecases.release import Release
from gateway.usecases.rulebook import Rulebook
from gateway.vault.credentials import CredentialFile, beside
from gateway.vault.keyring import Keyring
from gateway.vault.keys import KeyUse
from gateway.vault.opening import Opener
from gateway.vault.sealing import Sealer
from gateway.vault.seals import Seals
from policies.engine import Engine


@dataclass(frozen=True)
class Services:
    """What the edges work with. Nothing here is per request."""

    settings: Settings
    store: Store
    timekeeping: Timekeeping
    keyring: Keyring
    sealer: Sealer
    opener: Opener
    rulebook: Rulebook
    otto: OttoFacts
    marketplaces: Mapping[str, Marketplace]

    @property
    def engine(self) -> Engine:
        """The rules that decide now; Unavailable where none do."""
        return self.rulebook.deciding()

    @cached_property
    def intake(self) -> Intake:
        """Orders in."""
        return Intake(self.store, self.sealer, self.settings.deadlines)

    @cached_property
    def release(self) -> Release:
        """Contacts out."""
        return Release(self.store, self.rulebook, self.opener, self.settings.deadlines)

    @cached_property
    def decide(self) -> Decide:
        """What would be decided."""
        return Decide(self.store, self.rulebook, self.settings.deadlines)

    @cached_property
    def quorum(self) -> Quorum:
        """Whose word makes a checkpoint witnessed."""
        return configured(self.settings.witnessing)

    @cached_property
    def rewrap(self) -> Rewrap:
        """Contacts under the newest keys."""
        reseal = Reseal(self.store, self.credentials, self.authenticators)
        return Rewrap(self.store, self.keyring, self.sealer, self.opener, reseal)

    @cached_property
    def credentials(self) -> CredentialFile:
        """What opens other services' doors: OTTO's and carriers' alike."""
        seals = Seals(self.keyring, KeyUse.CREDENTIALS, self.store.entropy)
        return CredentialFile(beside(self.settings.keys.keyring), seals)

    @cached_property
    def authenticators(self) -> Seals:
        """What seals the secrets of people's authenticators."""
        return Seals(self.keyring, KeyUse.CONSOLE, self.store.entropy)

    @cached_property
    def key_care(self) -> KeyCare:
        """New keys in, old ones out."""
        return KeyCare(self.store, self.keyring, self.rewrap)

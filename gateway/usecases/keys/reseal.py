"""Brings small secrets of the service itself under the newest keys: credentials, authenticators.

It must never leave one half written, and may be stopped anywhere: what is done no longer needs doing.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.storage import accounts
from gateway.storage.store import Store
from gateway.vault.credentials import CredentialFile
from gateway.vault.keys import KeyUse
from gateway.vault.seals import Seals, key_of

SEALING = (KeyUse.CREDENTIALS, KeyUse.CONSOLE)
"""Uses of keys whose secrets name the key that they are under, so that another may take its place."""


@dataclass(frozen=True, slots=True)
class Reseal:
    """The use case, with what it works on."""

    store: Store
    credentials: CredentialFile
    authenticators: Seals

    def __call__(self) -> int:
        """How many were under another key. Unavailable: go on later."""
        now, done = self.store.clock(), self.credentials.reseal(self.store.clock())
        with self.store.read() as connection:
            every = accounts.sealed_authenticators(connection)
        for account_id, sealed in every.items():
            fresh = self.authenticators.renewed(sealed, account_id, now)
            if fresh is not None:
                with self.store.change() as connection:
                    done += accounts.reseal_authenticator(connection, account_id, sealed, fresh)
        return done

    def is_under(self, connection: Connection, key_id: str) -> bool:
        """Whether any secret names this key."""
        every = accounts.sealed_authenticators(connection).values()
        return key_id in {*self.credentials.key_ids(), *map(key_of, every)}

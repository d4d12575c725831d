"""Shows the keys there are and how far a change of keys has come; it must never show a secret."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.storage import erasure
from gateway.storage.store import Store
from gateway.usecases.keys.rotate import over
from gateway.vault.keyring import Keyring
from gateway.vault.keys import KeyRecord


@dataclass(frozen=True, slots=True)
class KeyState:
    """A key, how many contacts it wraps, and when it may be destroyed (None: it serves on).

    `current`: new contacts of its day are sealed with it. What is under another version of the day
    waits to be rewrapped.
    """

    key: KeyRecord
    current: bool
    contacts: int
    over_at: datetime | None


def status(store: Store, keyring: Keyring, latest: timedelta) -> list[KeyState]:
    """Every key there is, oldest first; `latest` is the longest that a contact is kept."""
    outdated = keyring.outdated()
    with store.read() as connection:
        wrapped = erasure.contacts_by_key(connection)
    return [
        KeyState(key, key not in outdated, wrapped.get(key.key_id, 0), over(key, latest))
        for key in keyring.all()
    ]

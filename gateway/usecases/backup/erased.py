"""Keeps the list of erasures complete: one that was lost must not have a backup bring anybody back."""

from collections.abc import Iterator
from datetime import timedelta

from gateway.storage import departures, merchants
from gateway.storage.store import Store
from gateway.storage.tombstones import NO_MERCHANT, Kind, Tombstone
from gateway.vault.keyring import Keyring


def is_complete(store: Store, keyring: Keyring, kept: timedelta) -> bool:
    """Whether the list knows each merchant's last erasures and all destroyed keys.

    `kept` is how long a contact is kept at the most: one that went before that is due in any backup.
    """
    buried, since = store.tombstones.read(), store.clock() - kept
    with store.read() as connection:
        last = [
            one
            for merchant in merchants.every(connection)
            for one in departures.last(connection, merchant.merchant)
            if one.kind is Kind.SUBJECT or one.time >= since
        ]
    return all(map(buried.knows, (*last, *_keys(keyring))))


def complete(store: Store, keyring: Keyring, kept: timedelta) -> None:
    """Where it is not, add what the log and the keyring tell of."""
    if is_complete(store, keyring, kept):
        return
    buried, since = store.tombstones.read(), store.clock() - kept
    with store.read() as connection:
        lacking = [
            one
            for merchant in merchants.every(connection)
            for one in departures.every(connection, merchant.merchant, since)
            if not buried.knows(one)
        ]
    lacking += [one for one in _keys(keyring) if not buried.knows(one)]
    store.tombstones.bury(lacking)


def _keys(keyring: Keyring) -> Iterator[Tombstone]:
    for grave in keyring.graves():
        yield Tombstone(grave.destroyed_at, Kind.KEY, NO_MERCHANT, grave.record.key_id)

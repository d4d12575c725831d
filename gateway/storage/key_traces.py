"""Which keys the database names, so that a keyring that was lost is not made anew beside it."""

from sqlalchemy import Connection, exists, inspect, select

from gateway.storage.store import Store
from gateway.storage.tables import checkpoints, contact_digests, contacts, merchants
from gateway.vault.blind_index import version_of
from gateway.vault.keys import KeyUse, key_name

_MOST_VERSIONS = 100
"""Versions of one day's key that are looked for, each by the index: far more than anybody makes."""


class KeyTraces:
    """What a store's rows say. Unavailable where the database does not answer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def are_any(self) -> bool:
        """Whether a contact is sealed, or a checkpoint signed."""
        with self._store.read() as connection:
            used = select(exists(select(contacts.c.key_id)) | exists(select(checkpoints.c.log)))
            return _is_set_up(connection) and bool(connection.execute(used).scalar_one())

    def newest_version(self, use: KeyUse, epoch: str) -> int:
        """Of a day's key, by the contacts under it; of the index key, by its digests."""
        if use not in {KeyUse.CONTACT, KeyUse.INDEX}:
            return 0
        with self._store.read() as connection:
            if not _is_set_up(connection):
                return 0
            if use is KeyUse.CONTACT:
                return _of_contacts(connection, epoch)
            return _of_digests(connection)


def _is_set_up(connection: Connection) -> bool:
    """A database is restored into one without tables, the keyring before it."""
    return inspect(connection).has_table(contacts.name)


def _of_contacts(connection: Connection, epoch: str) -> int:
    versions = {
        key_name(KeyUse.CONTACT, epoch, version): version
        for version in range(1, _MOST_VERSIONS + 1)
    }
    found = select(contacts.c.key_id).where(contacts.c.key_id.in_(versions)).distinct()
    return max((versions[key_id] for key_id in connection.execute(found).scalars()), default=0)


def _of_digests(connection: Connection) -> int:
    newest = (
        select(contact_digests.c.digest)
        .where(contact_digests.c.merchant == merchants.c.merchant)
        .order_by(contact_digests.c.digest.desc())
        .limit(1)
        .scalar_subquery()
    )
    return max(
        (
            version_of(digest)
            for digest in connection.execute(select(newest)).scalars()
            if digest is not None
        ),
        default=0,
    )

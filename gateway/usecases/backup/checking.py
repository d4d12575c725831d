"""Looks whether a backup would do: it opens, is whole, its logs hold, and the keys it needs are there.

The database is made of it once, in a private directory, and thrown away; no contact is opened.
"""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gateway.storage import dump, erasure, merchants
from gateway.storage.choice import open_database
from gateway.storage.dump import NoDump
from gateway.storage.store import Store
from gateway.usecases.backup.reading import BackupRefused, bundle_of, opened
from gateway.usecases.log.verify import Verdict, verify
from gateway.usecases.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """`unreadable` counts contacts by the key that they are under, where no keyring holds it.

    They are unreadable for good where the key was destroyed in its time, so that is no fault.
    """

    rows: int
    verdicts: Sequence[Verdict]
    unreadable: Mapping[str, int]
    destroyed: Mapping[str, int]


def check(
    services: Services, database: Path, keyring: Path | None, identities: Sequence[Path]
) -> Checked:
    """The backup, against the keyring of its own backup, or without one against this gateway's.

    BackupRefused and DoesNotOpen say what it is instead of a backup.
    """
    held = (
        {key.key_id for key in services.keyring.all()}
        if keyring is None
        else set(bundle_of(keyring, identities).key_ids())
    )
    with (
        opened(database, identities, services.settings.data) as lines,
        tempfile.TemporaryDirectory(dir=services.settings.data) as scratch,
        closing(_Scratch(services, Path(scratch))) as made,
    ):
        with made.store.change() as connection:
            try:
                rows = dump.load(connection, lines)
            except NoDump as fault:
                raise BackupRefused(f"{database}: {fault}") from fault
        with made.store.read() as connection:
            everyone = [one.merchant for one in merchants.every(connection)]
            wrapped = erasure.contacts_by_key(connection)
        verdicts = [
            verdict for merchant in everyone for verdict in verify(made.store, merchant, [])
        ]
    lost = {key_id: count for key_id, count in wrapped.items() if key_id not in held}
    buried = services.store.tombstones.read().keys
    return Checked(
        rows=rows,
        verdicts=verdicts,
        unreadable={key_id: count for key_id, count in lost.items() if key_id not in buried},
        destroyed={key_id: count for key_id, count in lost.items() if key_id in buried},
    )


class _Scratch:
    """A database that lives as long as somebody looks at it; nothing is held of its logs."""

    def __init__(self, services: Services, directory: Path) -> None:
        store = services.store
        notary = store.logbook.notary.elsewhere(directory / "held")
        self.store = Store(
            open_database(f"sqlite:///{directory / 'backup.db'}", 1),
            store.logbook.elsewhere(notary),
            store.tombstones,
            store.clock,
            store.entropy,
        )

    def close(self) -> None:
        self.store.database.engine.dispose()

"""Brings a backup back where nothing is; what was erased since goes again before anything is served.

A log that is shorter than what others hold of it must never pass for the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.audit.entry import Action, Actor, Outcome
from gateway.errors import Conflict
from gateway.storage import dump
from gateway.storage.dump import NoDump
from gateway.storage.logbook import Loss
from gateway.storage.store import Transaction
from gateway.usecases import retention
from gateway.usecases.backup import apart
from gateway.usecases.backup.reading import BackupRefused, bundle_of, opened
from gateway.usecases.backup.replay import Replayed, replay
from gateway.usecases.merchants import DEFAULT
from gateway.usecases.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came back, what was erased of it at once, and the logs that lost entries."""

    rows: int
    replayed: Replayed
    expired: int
    losses: Sequence[Loss]


def restore(
    services: Services,
    asker: Actor,
    database: Path,
    keyring: Path | None,
    identities: Sequence[Path],
    *,
    accept_loss: bool,
) -> Restored:
    """Bring the database back, and the keyring where a backup of it is given.

    Conflict where something stands in their place, or no keyring anywhere. BackupRefused where a log is shorter than the
    checkpoint that is held of it, unless `accept_loss`: then the log is closed, and another one says
    what was lost. Interrupted, it may be run again.
    """
    store = services.store
    with opened(database, identities, services.settings.data) as lines:
        # 1. Nothing is written over.
        with store.read() as connection:
            if not dump.is_empty(connection):
                raise Conflict("the database has tables already: restore into an empty one")
        # 2. The keys: without them no log could be checked.
        if keyring is not None:
            apart.put_back(bundle_of(keyring, identities), services.settings, store)
        elif not services.keyring.all():
            raise Conflict("there is no keyring here: name its backup with --keyring")
        # 3. The database in one transaction, which a log that is too short undoes.
        with store.change() as connection:
            try:
                rows = dump.load(connection, lines)
            except NoDump as fault:
                raise BackupRefused(f"{database}: {fault}") from fault
            losses = store.logbook.losses(connection, store.clock())
            if losses and not accept_loss:
                raise BackupRefused(_told(losses))
            for merchant, loss in {loss.merchant: loss for loss in losses}.items():
                store.logbook.go_on_after(connection, merchant, loss.held, store.clock())
    # 4. What was erased since, and what is due by now, goes; until then `serve` does not start.
    replayed = replay(store, services.key_care, asker)
    believed = services.timekeeping.leap(store.clock()) is None
    expired = retention.run(store, store.clock()) if believed else 0
    _record(services, asker, {"rows": rows, "logs_set_back": len(losses)})
    return Restored(rows=rows, replayed=replayed, expired=expired, losses=losses)


def restore_keyring(
    services: Services, asker: Actor, keyring: Path, identities: Sequence[Path]
) -> Replayed:
    """Bring back the keyring alone, beside a database that stands; what was erased since stays so.

    Conflict where another keyring stands in its place.
    """
    apart.put_back(bundle_of(keyring, identities), services.settings, services.store)
    replayed = replay(services.store, services.key_care, asker)
    _record(services, asker, {"rows": 0, "logs_set_back": 0})
    return replayed


def _record(services: Services, asker: Actor, detail: dict[str, int]) -> None:
    def work(tx: Transaction) -> None:
        tx.record(asker, Action.BACKUP_RESTORED, Outcome.DONE, detail=detail)

    services.store.write(DEFAULT, work)


def _told(losses: Sequence[Loss]) -> str:
    worst = max(losses, key=lambda loss: loss.held.size - loss.size)
    return (
        f"the log {worst.held.origin} has {worst.size} entries in this backup, and the checkpoint "
        f"that is held of it has {worst.held.size}: take a newer backup, or give up what came since "
        "with --accept-loss, which is put on record"
    )

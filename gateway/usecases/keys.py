"""Shows, renews and destroys the keys that wrap contacts; it must never show a secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from gateway.audit.entry import Action, Actor, Outcome
from gateway.storage import erasure
from gateway.storage.store import Store, Transaction
from gateway.usecases.merchants import DEFAULT
from gateway.vault.keyring import Keyring
from gateway.vault.keys import KeyRecord, KeyUse


@dataclass(frozen=True, slots=True)
class KeyState:
    """A key, how many contacts it wraps, and when it may be destroyed (None: it serves on)."""

    key: KeyRecord
    contacts: int
    over_at: datetime | None


@dataclass(frozen=True, slots=True)
class Destroyed:
    """Keys that are gone, and those whose time is over but that still wrap contacts."""

    key_ids: tuple[str, ...]
    held: Mapping[str, int]


def status(store: Store, keyring: Keyring, latest: timedelta) -> list[KeyState]:
    """Every key there is, oldest first; `latest` is the longest that a contact is kept."""
    with store.read() as connection:
        wrapped = erasure.contacts_by_key(connection)
    return [
        KeyState(key, wrapped.get(key.key_id, 0), _over_at(key, latest)) for key in keyring.all()
    ]


def rotate(store: Store, keyring: Keyring, asker: Actor) -> KeyRecord:
    """A new version of today's key; what older ones wrap stays readable."""
    now = store.clock()
    key = keyring.add_version(KeyUse.CONTACT, now.date().isoformat(), now)
    _record(store, asker, Action.KEY_ROTATED, key.key_id)
    return key


def destroy_expired(
    store: Store, keyring: Keyring, asker: Actor, latest: timedelta, now: datetime
) -> Destroyed:
    """Destroys the contact keys of days whose contacts must all be gone, and are.

    From then on every copy of those contacts, in old backups too, is unreadable.
    """
    over = [
        state
        for state in status(store, keyring, latest)
        if state.over_at is not None and state.over_at <= now
    ]
    for state in over:
        if not state.contacts:
            # On record first: if this stops here, the next run finishes it.
            _record(store, asker, Action.KEY_DESTROYED, state.key.key_id)
            keyring.destroy(state.key.key_id, now)
    return Destroyed(
        key_ids=tuple(state.key.key_id for state in over if not state.contacts),
        held={state.key.key_id: state.contacts for state in over if state.contacts},
    )


def _over_at(key: KeyRecord, latest: timedelta) -> datetime | None:
    """The end of the key's day, and the longest time that a contact of that day is kept."""
    if key.use is not KeyUse.CONTACT:
        return None
    day = date.fromisoformat(key.epoch) + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + latest


def _record(store: Store, asker: Actor, action: Action, key_id: str) -> None:
    """Keys serve all merchants; the operator's own log tells of them."""

    def work(tx: Transaction) -> None:
        tx.record(asker, action, Outcome.DONE, detail={"key": key_id})

    store.write(DEFAULT, work)

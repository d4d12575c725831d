"""Makes new versions of keys, and lets old ones go; it must never destroy a key that still opens a contact.

Keys serve all merchants. The default merchant's log, the operator's own, tells of every key; so does
the log of each merchant whose contacts a key wraps at that time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection

from gateway.audit.entry import Action, Actor, Outcome
from gateway.errors import Conflict, NotFound, Unavailable
from gateway.storage import merchants, rewrap
from gateway.storage.store import Store, Transaction
from gateway.usecases.keys.reseal import SEALING
from gateway.usecases.keys.rewrap import Progress, Rewrap
from gateway.usecases.merchants import DEFAULT
from gateway.vault.blind_index import prefix
from gateway.vault.envelope import proves
from gateway.vault.keyfile import Grave
from gateway.vault.keyring import LOOK_SECONDS, Keyring
from gateway.vault.keys import ALL_DAYS, KeyRecord, KeyUse

REVOKED = "revoked"
EXPIRED = "expired"
REPLAYED = "replayed"

_PAGE = 5000
_ATTEMPTS = 5

Pause = Callable[[float], None]
"""Waits so many seconds."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """The new versions, and the keys that moved to the configured provider."""

    key_ids: tuple[str, ...]
    moved: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Revoked:
    """A version that is gone; `replaced_by` None where nothing had to take its place."""

    key_id: str
    replaced_by: str | None
    contacts: int


@dataclass(frozen=True, slots=True)
class Destroyed:
    """Keys that are gone, and those whose day is over but that still wrap contacts in their time."""

    key_ids: tuple[str, ...]
    held: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class KeyCare:
    """The use cases, with what they work on."""

    store: Store
    keyring: Keyring
    rewrap: Rewrap

    def rotate(self, asker: Actor, *, every_day: bool = False) -> Rotated:
        """New versions of today's contact key, of the index key, and of those of sealed secrets.

        With `every_day` of each day's that contacts may still be under. What older versions sealed
        stays readable; `rewrap` brings it under the new ones.
        """
        moved = self.keyring.adopt()
        now = self.store.clock()
        days = {now.date().isoformat()}
        if every_day:
            days |= {one.epoch for one in self.keyring.all() if one.use is KeyUse.CONTACT}
        made = [
            *(self.keyring.add_version(KeyUse.CONTACT, day, now) for day in sorted(days)),
            self.keyring.add_version(KeyUse.INDEX, ALL_DAYS, now),
            *(
                self.keyring.add_version(use, ALL_DAYS, now)
                for use in SEALING
                if self.keyring.newest(use, ALL_DAYS)
            ),
        ]
        for key in made:
            self._record(asker, Action.KEY_ROTATED, key, {})
        return Rotated(tuple(key.key_id for key in made), tuple(moved))

    def revoke(
        self,
        asker: Actor,
        key_id: str,
        pause: Pause,
        progress: Progress = lambda _done, _total: True,
    ) -> Revoked:
        """Destroy one version, once everything is under another.

        No contact is lost here; a backup from before opens no more what was under this key. NotFound
        and Conflict say why a key cannot be revoked; Unavailable: nothing was destroyed.
        """
        record = self._revocable(key_id)
        newest = self.keyring.newest(record.use, record.epoch)
        if newest == record:
            newest = self.keyring.add_version(record.use, record.epoch, self.store.clock())
            self._record(asker, Action.KEY_ROTATED, newest, {"replaces": key_id})
        # Until then another process may still seal with the old one.
        pause(LOOK_SECONDS)
        contacts = 0
        for _ in range(_ATTEMPTS):
            done = self.rewrap(progress)
            contacts += done.contacts
            if not done.finished:
                break
            if record.use is KeyUse.INDEX:
                self._forget_fingerprints(record)
            if self._destroyed_unused(record):
                self.tell(asker)
                return Revoked(key_id, newest.key_id if newest else None, contacts)
        raise Unavailable(
            "keys", f"{key_id} is not revoked yet: something is still under it; revoke it again"
        )

    def destroy_expired(self, asker: Actor, latest: timedelta, now: datetime) -> Destroyed:
        """Destroys the contact keys of days whose contacts must all be gone at `now`.

        From then on every copy of those contacts, in old backups too, is unreadable. A contact that
        is overdue does not hold its key back; one that is still in its time does.
        """
        destroyed, held = [], {}
        for record in self.keyring.all():
            over_at = over(record, latest)
            if over_at is None or over_at > now:
                continue
            with self.store.change() as connection:
                rewrap.wait_for_writers(connection)
                alive = rewrap.count_alive(connection, record.key_id, now)
                if not alive:
                    self._destroy(record.key_id, EXPIRED)
            if alive:
                held[record.key_id] = alive
            else:
                destroyed.append(record.key_id)
        self.tell(asker)
        return Destroyed(tuple(destroyed), held)

    def tell(self, asker: Actor) -> None:
        """Bring destructions to their end: at the provider, and on record."""
        for grave in self.keyring.settle():
            detail = {"reason": grave.reason, "destroyed_at": _text(grave)}
            self._record(asker, Action.KEY_DESTROYED, grave.record, detail)
            self.keyring.acknowledge(grave.record.key_id)

    def bury_again(self, asker: Actor, buried: Mapping[str, datetime]) -> int:
        """Destroy keys that a backup of the keyring brought back; how many that were.

        A key that is younger than the end of its namesake is another: the keyring was made anew.
        """
        again = [
            record.key_id
            for record in self.keyring.all()
            if record.key_id in buried and record.created_at < buried[record.key_id]
        ]
        for key_id in again:
            self.keyring.destroy(key_id, REPLAYED, self.store.clock())
        if again:
            self.tell(asker)
        return len(again)

    def _revocable(self, key_id: str) -> KeyRecord:
        record = next((one for one in self.keyring.all() if one.key_id == key_id), None)
        if record is None:
            raise NotFound(f"there is no key {key_id}: gateway keys status shows which there are")
        if record.use not in {KeyUse.CONTACT, KeyUse.INDEX, *SEALING}:
            raise Conflict(
                f"{key_id} cannot be revoked: what it signed or sealed names no other key"
            )
        return record

    def _destroyed_unused(self, record: KeyRecord) -> bool:
        """Destroy the key while nobody writes, if it opens nothing that another key would not."""
        with self.store.change() as connection:
            rewrap.wait_for_writers(connection)
            if record.use is KeyUse.CONTACT:
                used = self._opens_any(connection, record.key_id)
            elif record.use in SEALING:
                used = self.rewrap.reseal.is_under(connection, record.key_id)
            else:
                beyond = prefix(record.version + 1)
                used = rewrap.count_indexed_before(connection, beyond) > 0
            if not used:
                self._destroy(record.key_id, REVOKED)
            return not used

    def _opens_any(self, connection: Connection, key_id: str) -> bool:
        """Whether the key opens any contact that names it; damaged ones name it for nothing."""
        key = self.keyring.by_id(key_id)
        for merchant in rewrap.merchants_of(connection, [key_id]):
            place = rewrap.START
            while page := rewrap.page(connection, merchant, place, [key_id], _PAGE):
                if key and any(proves(one.wrapped_key, one.binding, key) for one in page):
                    return True
                place = page[-1].place
        return False

    def _destroy(self, key_id: str, reason: str) -> None:
        # Its name is buried first: a backup restored in between does not bring it back.
        now = self.store.clock()
        self.store.tombstones.bury_key(key_id, now)
        self.keyring.destroy(key_id, reason, now)

    def _forget_fingerprints(self, record: KeyRecord) -> None:
        beyond = prefix(record.version + 1)
        with self.store.read() as connection:
            everyone = [one.merchant for one in merchants.every(connection)]
        for merchant in everyone:
            after: str | None = ""
            while after is not None:
                with self.store.change() as connection:
                    after = rewrap.forget_fingerprints(connection, merchant, beyond, after, _PAGE)

    def _record(
        self, asker: Actor, action: Action, key: KeyRecord, detail: Mapping[str, str]
    ) -> None:
        """One entry in each log concerned."""

        def work(tx: Transaction) -> None:
            tx.record(asker, action, Outcome.DONE, detail={"key": key.key_id, **detail})

        for merchant in self._concerned(key):
            self.store.write(merchant, work)

    def _concerned(self, key: KeyRecord) -> list[str]:
        """The default merchant, and those with contacts under any version of the key."""
        if key.use is not KeyUse.CONTACT:
            return [DEFAULT]
        named = {
            one.key_id
            for one in (*self.keyring.all(), *(grave.record for grave in self.keyring.graves()))
            if (one.use, one.epoch) == (key.use, key.epoch)
        }
        with self.store.read() as connection:
            return sorted({DEFAULT, *rewrap.merchants_of(connection, named)})


def over(key: KeyRecord, latest: timedelta) -> datetime | None:
    """The end of a contact key's day, and the longest time that a contact of that day is kept."""
    if key.use is not KeyUse.CONTACT:
        return None
    day = date.fromisoformat(key.epoch) + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + latest


def _text(grave: Grave) -> str:
    return grave.destroyed_at.isoformat(timespec="seconds")

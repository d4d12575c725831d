"""The keyring: versioned keys, wrapped by a provider, apart from the database.

`contact` keys belong to the import day's epoch: one day's contacts become unreadable together when
its keys are destroyed. `index` and `log` keys belong to no day. It must never write a key unwrapped,
and never give the name of a destroyed key to another.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from gateway.errors import Unavailable
from gateway.model.ids import Entropy
from gateway.vault.cache import KeyCache
from gateway.vault.keyfile import EMPTY, Contents, Grave, KeyFile, Stamp, WrappedKey
from gateway.vault.keys import ALL_DAYS, KEY_BYTES, Key, KeyRecord, KeyUse, key_name, unlocked
from gateway.vault.providers.provider import KeyDamaged, Provider, ProviderDown
from gateway.vault.traces import Traces

LOOK_SECONDS = 1.0
"""How old this process's view of the file may be: what another process changed counts after this."""

_RETRY_SECONDS = 5.0
"""After a provider did not answer, how long nobody waits for it again."""

_BRING_BACK = (
    "bring it back from its newest backup: gateway backup restore --keyring FILE --identity FILE"
)

Ticks = Callable[[], float]
"""Seconds of a clock that only runs forward, whatever is done to the time of day."""


class Keyring:
    """The keys of a file. `provider` gives a provider by name; `current` names the one that wraps.

    No key is made beside `traces` of one that the file should hold and does not: it was lost.

    Unwrapped keys are cached for `lifetime`, and used without asking their provider meanwhile.
    Unavailable("keys", …) when a key is needed that neither cache nor provider gives.
    """

    def __init__(
        self,
        file: KeyFile,
        provider: Callable[[str], Provider],
        current: str,
        entropy: Entropy,
        lifetime: timedelta,
        traces: Traces,
        ticks: Ticks = time.monotonic,
    ) -> None:
        self._file = file
        self._provider = provider
        self._current = current
        self._entropy = entropy
        self._traces = traces
        self._ticks = ticks
        self._cache = KeyCache(lifetime.total_seconds())
        self._asking = threading.Lock()
        self._contents = EMPTY
        self._newest: Mapping[tuple[KeyUse, str], KeyRecord] = {}
        self._stamp: Stamp = None
        self._looked_at = float("-inf")
        self._down: dict[str, tuple[float, ProviderDown]] = {}

    # ---- Keys that work -------------------------------------------------------------------------

    def contact_key(self, day: date, now: datetime) -> Key:
        """The newest key of the day's epoch, for sealing; made when the day has none yet."""
        return self._newest_or_new(KeyUse.CONTACT, day.isoformat(), now)

    def index_key(self, now: datetime) -> Key:
        """The newest key of the blind index."""
        return self._newest_or_new(KeyUse.INDEX, ALL_DAYS, now)

    def index_keys(self) -> list[Key]:
        """Every version of the blind index's key that is left, the newest first."""
        versions = [record for record in self.all() if record.use is KeyUse.INDEX]
        versions.sort(key=lambda record: record.version, reverse=True)
        keys = (self.by_id(record.key_id) for record in versions)
        return [key for key in keys if key is not None]

    def index_version(self, version: int) -> Key | None:
        """A version of the blind index's key; None when it was destroyed or never existed."""
        return self.by_id(key_name(KeyUse.INDEX, ALL_DAYS, version))

    def log_key(self, now: datetime) -> Key:
        """The seed of the Ed25519 key that signs the audit log's checkpoints."""
        return self._newest_or_new(KeyUse.LOG, ALL_DAYS, now)

    def carrier_keys(self, use: KeyUse, merchant: str, carrier_id: str, now: datetime) -> list[Key]:
        """Every version of a key that this carrier alone knows us by, newest first; made if there is none."""
        epoch = carrier_epoch(merchant, carrier_id)
        self._newest_or_new(use, epoch, now)
        versions = [record for record in self.all() if (record.use, record.epoch) == (use, epoch)]
        versions.sort(key=lambda record: record.version, reverse=True)
        keys = (self.by_id(record.key_id) for record in versions)
        return [key for key in keys if key is not None]

    def by_id(self, key_id: str) -> Key | None:
        """The key that a ciphertext names; None when it was destroyed or never existed."""
        self._look()
        key = self._cache.get(key_id, self._ticks())
        if key is not None:
            return key
        if key_id not in self._contents.keys:
            self._load()
        stored = self._contents.keys.get(key_id)
        return None if stored is None else self._unwrapped(stored)

    # ---- What there is to know about them -------------------------------------------------------

    def all(self) -> list[KeyRecord]:
        """Every key there is now, oldest first; asks no provider."""
        self._load()
        return sorted(
            (stored.record for stored in self._contents.keys.values()),
            key=lambda record: (record.created_at, record.key_id),
        )

    def newest(self, use: KeyUse, epoch: str) -> KeyRecord | None:
        """The version that seals."""
        self._look()
        return self._newest.get((use, epoch))

    def outdated(self) -> list[KeyRecord]:
        """Every version that a newer one of its epoch has taken the place of, oldest first."""
        records = self.all()
        newest = _newest(records)
        return [one for one in records if one != newest[one.use, one.epoch]]

    def graves(self) -> list[Grave]:
        """The keys that were destroyed."""
        self._load()
        return list(self._contents.graves.values())

    def check(self) -> None:
        """Unavailable when a provider that wraps any key does not unwrap one; asks each of them."""
        self._load()
        for stored in {stored.provider: stored for stored in self._contents.keys.values()}.values():
            self._ask(stored)

    # ---- Changes --------------------------------------------------------------------------------

    def add_version(self, use: KeyUse, epoch: str, now: datetime) -> Key:
        """A new version of a key; older versions still open what they sealed."""
        with self._file.alone():
            self._load()
            self._prove_not_gone()
            return self._add(use, epoch, now)

    def destroy(self, key_id: str, reason: str, now: datetime) -> bool:
        """Forget a key for ever; whatever only it can open is unreadable from now on.

        `reason` is one word for the log, such as "expired". False when there is no such key.
        `settle` has the provider destroy its part.
        """
        with self._file.alone():
            self._load()
            stored = self._contents.keys.get(key_id)
            if stored is None:
                return False
            keys = {name: key for name, key in self._contents.keys.items() if name != key_id}
            grave = Grave(
                stored.record,
                stored.provider,
                now.astimezone(UTC),
                reason,
                forgotten=False,
                recorded=False,
            )
            self._replace(Contents(keys, {**self._contents.graves, key_id: grave}))
            return True

    def settle(self) -> list[Grave]:
        """Bring destructions to their end at the providers; those that the log does not tell of yet."""
        for grave in self.graves():
            if not grave.forgotten:
                try:
                    self._named(grave.provider).forget(grave.record.key_id)
                except ProviderDown:
                    continue
                self._bury(replace(grave, forgotten=True))
        return [grave for grave in self.graves() if not grave.recorded]

    def acknowledge(self, key_id: str) -> None:
        """Note that the log tells of this destruction."""
        self._bury(replace(self._contents.graves[key_id], recorded=True))

    def adopt(self) -> list[str]:
        """Let the current provider wrap what another one wrapped; the names of the keys that moved."""
        moved = []
        with self._file.alone():
            self._load()
            for stored in list(self._contents.keys.values()):
                if stored.provider == self._current:
                    continue
                key = self._unwrapped(stored)
                self._replace(self._with(self._wrapped(stored.record, bytes(key.secret.reveal()))))
                moved.append(stored)
        for stored in moved:
            self._named(stored.provider).forget(stored.record.key_id)
        return [stored.record.key_id for stored in moved]

    def keep(self) -> None:
        """Confirm keys in use before their time in memory is over, and let go of those whose is.

        To be called every few seconds by whoever runs for long.
        """
        self._look()
        ageing = self._cache.ageing(self._ticks())
        for stored in filter(None, map(self._contents.keys.get, ageing)):
            try:
                key = self._ask(stored)
            except ProviderDown:
                # Releases go on with what is cached until its time is over; the next call asks again.
                break
            except KeyDamaged:
                continue
            self._cache.confirm(key, self._ticks())
        self._cache.drop_expired(self._ticks())

    # ---- Behind them ----------------------------------------------------------------------------

    def _newest_or_new(self, use: KeyUse, epoch: str, now: datetime) -> Key:
        record = self.newest(use, epoch)
        key = None if record is None else self.by_id(record.key_id)
        if key is not None:
            return key
        with self._file.alone():
            self._load()
            record = self._newest.get((use, epoch))
            if record is None:
                self._prove_not_gone()
                self._prove_not_lost(use, epoch)
                return self._add(use, epoch, now)
            return self._unwrapped(self._contents.keys[record.key_id])

    def _add(self, use: KeyUse, epoch: str, now: datetime) -> Key:
        """The next version; the caller is alone with the file and has just loaded it."""
        self._prove_provider()
        version = 1 + max(self._last_version(use, epoch), self._traces.newest_version(use, epoch))
        key_id = key_name(use, epoch, version)
        record = KeyRecord(key_id, use, epoch, version, now.astimezone(UTC))
        secret = self._entropy(KEY_BYTES)
        self._replace(self._with(self._wrapped(record, secret)))
        key = unlocked(record, secret)
        self._cache.put(key, self._ticks())
        return key

    def _last_version(self, use: KeyUse, epoch: str) -> int:
        """Of all that there are or were: no name is given twice."""
        kept = (stored.record for stored in self._contents.keys.values())
        gone = (grave.record for grave in self._contents.graves.values())
        mine = (one for one in (*kept, *gone) if (one.use, one.epoch) == (use, epoch))
        return max((one.version for one in mine), default=0)

    def _prove_not_gone(self) -> None:
        """Unavailable where the file is gone: none is begun beside what the lost one's keys made."""
        if not (self._contents.keys or self._contents.graves) and self._traces.are_any():
            raise Unavailable(
                "keyring", f"{self._file.path} is gone: {_BRING_BACK}", self._file.path
            )

    def _prove_not_lost(self, use: KeyUse, epoch: str) -> None:
        """Unavailable where this file lacks a key that is in use, as an older copy of it would."""
        version = self._traces.newest_version(use, epoch)
        if version > self._last_version(use, epoch):
            key_id = key_name(use, epoch, version)
            raise Unavailable(
                "keyring",
                f"{self._file.path} lacks {key_id}, which is in use: {_BRING_BACK}",
                self._file.path,
            )

    def _prove_provider(self) -> None:
        """A provider that lost its wrapping key must not begin anew beside keys it cannot unwrap."""
        mine = (one for one in self._contents.keys.values() if one.provider == self._current)
        newest = max(mine, key=lambda one: one.record.created_at, default=None)
        if newest is not None:
            self._refuse_while_down(self._current)
            # Asked, whatever the cache holds.
            self._ask(newest)

    def _wrapped(self, record: KeyRecord, secret: bytes) -> WrappedKey:
        self._refuse_while_down(self._current)
        try:
            wrapped = self._named(self._current).wrap(record.key_id, secret)
        except ProviderDown as fault:
            self._note_down(self._current, fault)
            raise
        return WrappedKey(record, self._current, wrapped)

    def _unwrapped(self, stored: WrappedKey) -> Key:
        """The key from the cache, else from its provider; of many threads that miss it, one asks."""
        with self._asking:
            key = self._cache.get(stored.record.key_id, self._ticks())
            if key is None:
                self._refuse_while_down(stored.provider)
                key = self._ask(stored)
                self._cache.put(key, self._ticks())
            return key

    def _ask(self, stored: WrappedKey) -> Key:
        key_id = stored.record.key_id
        try:
            secret = self._named(stored.provider).unwrap(key_id, stored.wrapped)
            key = unlocked(stored.record, secret)
        except ProviderDown as fault:
            self._note_down(stored.provider, fault)
            raise
        except ValueError as fault:
            raise KeyDamaged(stored.provider, key_id) from fault
        self._down.pop(stored.provider, None)
        return key

    def _named(self, name: str) -> Provider:
        return self._provider(name)

    def _refuse_while_down(self, name: str) -> None:
        """Who asks a provider that has just failed would hold up all the others behind it."""
        since, fault = self._down.get(name, (float("-inf"), None))
        if fault is not None and self._ticks() - since < _RETRY_SECONDS:
            raise ProviderDown(fault.provider, fault.reason, fault.file) from fault

    def _note_down(self, name: str, fault: ProviderDown) -> None:
        self._down[name] = (self._ticks(), fault)

    def _look(self) -> None:
        """Load what another process changed, at most once in `LOOK_SECONDS`."""
        now = self._ticks()
        if now - self._looked_at >= LOOK_SECONDS:
            if self._stamp is None or self._file.stamp() != self._stamp:
                self._load()
            self._looked_at = now

    def _load(self) -> None:
        # Before reading: a change in between is seen as one at the next look.
        stamp = self._file.stamp()
        if stamp is None or stamp != self._stamp:
            self._take(self._file.read(), stamp)

    def _replace(self, contents: Contents) -> None:
        """Write the file; the caller is alone with it."""
        self._file.replace(contents)
        self._take(contents, self._file.stamp())

    def _bury(self, grave: Grave) -> None:
        with self._file.alone():
            self._load()
            graves = {**self._contents.graves, grave.record.key_id: grave}
            self._replace(Contents(self._contents.keys, graves))

    def _with(self, stored: WrappedKey) -> Contents:
        keys = {**self._contents.keys, stored.record.key_id: stored}
        return Contents(keys, self._contents.graves)

    def _take(self, contents: Contents, stamp: Stamp) -> None:
        for key_id in self._contents.keys.keys() - contents.keys.keys():
            self._cache.drop(key_id)
        self._newest = _newest(stored.record for stored in contents.keys.values())
        self._contents = contents
        self._stamp = stamp


def carrier_epoch(merchant: str, carrier_id: str) -> str:
    """The epoch of keys that belong to one carrier of one merchant; neither id holds a full stop."""
    return f"{merchant}.{carrier_id}"


def _newest(records: Iterable[KeyRecord]) -> dict[tuple[KeyUse, str], KeyRecord]:
    newest: dict[tuple[KeyUse, str], KeyRecord] = {}
    for record in sorted(records, key=lambda record: record.version):
        newest[record.use, record.epoch] = record
    return newest

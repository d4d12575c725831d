"""Brings every contact under the newest keys, page by page, while imports and releases go on.

Data keys are rewrapped without opening any content; the blind index cannot be, so each contact is
opened in memory to make its digests under the new index key. It must never leave a page half done,
and may be stopped after any: what is done no longer needs doing.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from gateway.storage import merchants, orders, rewrap
from gateway.storage.rewrap import START, WrappedDataKey
from gateway.storage.store import Store
from gateway.usecases.keys.reseal import Reseal
from gateway.vault.blind_index import prefix
from gateway.vault.envelope import Binding, Envelope, EnvelopeDamaged
from gateway.vault.envelope import rewrap as rewrapped
from gateway.vault.keyring import Keyring
from gateway.vault.keys import ALL_DAYS, Key, KeyRecord, KeyUse
from gateway.vault.opening import Opener
from gateway.vault.sealing import Sealer

_PAGE = 1000
"""Contacts in one transaction: a release that waits for it waits some milliseconds."""

_INDEX_PAGE = 400

Progress = Callable[[int, int], bool]
"""Called after each page with what is done and what there was to do; False stops there."""


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """What was done. `unreadable` contacts stayed as they were: no key opens them.

    `secrets` are those of the service itself: credentials and authenticators.
    """

    contacts: int
    digests: int
    unreadable: int
    secrets: int
    finished: bool


@dataclass(slots=True)
class _Tally:
    """The work as it goes on."""

    progress: Progress
    total: int
    contacts: int = 0
    digests: int = 0
    unreadable: int = 0
    stopped: bool = False

    def page_done(self) -> None:
        done = self.contacts + self.digests + self.unreadable
        self.stopped = not self.progress(min(done, self.total), self.total)


@dataclass(frozen=True, slots=True)
class Rewrap:
    """The use case, with what it works on."""

    store: Store
    keyring: Keyring
    sealer: Sealer
    opener: Opener
    reseal: Reseal

    def __call__(self, progress: Progress = lambda _done, _total: True) -> Rewrapped:
        """Everything that an outdated key wraps or indexes. Unavailable: go on later from there."""
        outdated = {
            record.key_id for record in self.keyring.outdated() if record.use is KeyUse.CONTACT
        }
        newest = self.keyring.newest(KeyUse.INDEX, ALL_DAYS)
        with self.store.read() as connection:
            everyone = [one.merchant for one in merchants.every(connection)]
            total = rewrap.count(connection, outdated)
            if newest is not None:
                total += rewrap.count_indexed_before(connection, prefix(newest.version))
        tally = _Tally(progress, total)
        for merchant in everyone:
            if outdated and not tally.stopped:
                self._contacts(merchant, outdated, tally)
            if newest is not None and not tally.stopped:
                self._index(merchant, newest, tally)
        secrets = 0 if tally.stopped else self.reseal()
        return Rewrapped(
            contacts=tally.contacts,
            digests=tally.digests,
            unreadable=tally.unreadable,
            secrets=secrets,
            finished=not tally.stopped,
        )

    def _contacts(self, merchant: str, outdated: Collection[str], tally: _Tally) -> None:
        place = START
        while not tally.stopped:
            with self.store.read() as connection:
                page = rewrap.page(connection, merchant, place, outdated, _PAGE)
            if not page:
                return
            place = page[-1].place
            keys = self._keys({old.key_id for old in page})
            changes = [change for old in page if (change := self._change(old, keys)) is not None]
            if changes:
                with self.store.change() as connection:
                    rewrap.replace(connection, changes)
            tally.contacts += len(changes)
            tally.unreadable += len(page) - len(changes)
            tally.page_done()

    def _keys(self, key_ids: Collection[str]) -> dict[str, tuple[Key, Key]]:
        """The keys that there are of these, each with the newest of its epoch."""
        found = {}
        for key_id in key_ids:
            before = self.keyring.by_id(key_id)
            after = None if before is None else self._newest(before)
            if before is not None and after is not None:
                found[key_id] = before, after
        return found

    def _change(
        self, old: WrappedDataKey, keys: Mapping[str, tuple[Key, Key]]
    ) -> tuple[WrappedDataKey, str, bytes] | None:
        """The data key under the newest key of its epoch; None when nothing opens it."""
        if old.key_id not in keys:
            return None
        before, after = keys[old.key_id]
        try:
            wrapped = rewrapped(old.wrapped_key, old.binding, before, after, self.store.entropy)
        except EnvelopeDamaged:
            return None
        return old, after.key_id, wrapped

    def _newest(self, key: Key) -> Key | None:
        record = self.keyring.newest(key.use, key.epoch)
        return None if record is None else self.keyring.by_id(record.key_id)

    def _index(self, merchant: str, newest: KeyRecord, tally: _Tally) -> None:
        beginning, after = prefix(newest.version), ""
        while not tally.stopped:
            with self.store.read() as connection:
                numbers = rewrap.indexed_before(connection, merchant, beginning, after, _INDEX_PAGE)
                sealed = orders.envelopes(connection, merchant, numbers, orders.FREIGHT)
            if not numbers:
                return
            after = numbers[-1]
            digests = {
                number: (binding.contact_id, self._digests(binding, envelope))
                for number, (binding, envelope) in sealed.items()
            }
            with self.store.change() as connection:
                rewrap.reindex(connection, merchant, numbers, digests)
            made = [len(found) for _, found in digests.values()]
            tally.digests += sum(made)
            tally.unreadable += made.count(0)
            tally.page_done()

    def _digests(self, binding: Binding, envelope: Envelope) -> list[bytes]:
        """A contact's digests under the newest key; none where nothing opens it any more."""
        contact = self.opener.freight_if_readable(envelope, binding)
        if contact is None:
            return []
        return self.sealer.digests(binding.merchant, contact, self.store.clock())

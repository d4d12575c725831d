"""Erases again what a backup brought back: before it is done, nothing may be served.

The list of what was erased outlives the database, so it knows what a restored one does not. Where
both agree there is nothing to do, and nothing is written.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection

from gateway.audit.entry import Action, Actor, Outcome
from gateway.storage import erasure
from gateway.storage.store import Store, Transaction
from gateway.usecases.keys.rotate import KeyCare

_CHUNK = 500

Find = Callable[[Connection, str, Collection[str]], Mapping[str, str]]
"""Orders of a merchant that these names in the log belong to, each with its name."""

_REPLAYED = {"reason": "replayed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What was erased once more: contacts whose time was over, subjects that asked for it, keys."""

    contacts: int
    subjects: int
    keys: int


def replay(store: Store, care: KeyCare, asker: Actor) -> Replayed:
    """Bring the database and the keyring to where the list of erasures has them.

    Unavailable where a part does not answer, or the log refuses the entries: then it is not done.
    """
    buried = store.tombstones.read()
    subjects = sum(
        _erase(store, merchant, names, erasure.still_named, asker, forget=True)
        for merchant, names in buried.subjects.items()
    )
    contacts = sum(
        _erase(store, merchant, names, erasure.still_sealed, asker, forget=False)
        for merchant, names in buried.contacts.items()
    )
    return Replayed(contacts=contacts, subjects=subjects, keys=care.bury_again(asker, buried.keys))


def _erase(
    store: Store, merchant: str, names: Collection[str], find: Find, asker: Actor, *, forget: bool
) -> int:
    erased = 0
    for chunk in _chunks(names):
        with store.read() as connection:
            pending = find(connection, merchant, chunk)
        if pending:
            erased += _erase_chunk(store, merchant, chunk, find, asker, forget=forget)
    return erased


def _erase_chunk(
    store: Store, merchant: str, chunk: Collection[str], find: Find, asker: Actor, *, forget: bool
) -> int:
    action = Action.SUBJECT_ERASED if forget else Action.CONTACT_EXPIRED

    def work(tx: Transaction) -> int:
        pending = find(tx.connection, merchant, chunk)
        erasure.erase_contacts(tx.connection, merchant, list(pending), tx.now)
        for order_number, subject in pending.items():
            if forget:
                erasure.forget_subject(tx.connection, merchant, order_number)
            tx.record(asker, action, Outcome.DONE, subject=subject, detail=_REPLAYED)
        return len(pending)

    return store.write(merchant, work)


def _chunks(names: Collection[str]) -> Iterator[list[str]]:
    left = iter(sorted(names))
    while chunk := list(islice(left, _CHUNK)):
        yield chunk

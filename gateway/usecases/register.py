"""Makes the carrier registrations what the operator's file says, and puts each difference on record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from gateway.audit.entry import Action, Actor, Outcome
from gateway.model.carrier import Carrier
from gateway.storage import carriers
from gateway.storage.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class Change:
    """A registration whose terms changed; `terms` names those that did."""

    carrier_id: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What applying the file changed; carriers that are not listed stayed as they were."""

    added: tuple[str, ...]
    changed: tuple[Change, ...]
    withdrawn: tuple[str, ...]


def apply(store: Store, merchant: str, asker: Actor, wanted: Sequence[Carrier]) -> Changes:
    """The differences, once they are stored; a registration that is not `wanted` is withdrawn."""

    def work(tx: Transaction) -> Changes:
        stored = {one.carrier_id: one for one in carriers.of_merchant(tx.connection, merchant)}
        changes = _changes(stored, wanted)
        _store(tx, stored, wanted, changes)
        _record(tx, asker, Action.CARRIER_REGISTERED, changes.added)
        for change in changes.changed:
            terms = {"terms": ",".join(change.terms)}
            _record(tx, asker, Action.CARRIER_CHANGED, [change.carrier_id], terms)
        _record(tx, asker, Action.CARRIER_WITHDRAWN, changes.withdrawn)
        return changes

    return store.write(merchant, work)


def listing(store: Store, merchant: str) -> list[Carrier]:
    """All registrations of a merchant, lapsed and withdrawn ones too, by id."""
    with store.read() as connection:
        return carriers.of_merchant(connection, merchant)


def _changes(stored: dict[str, Carrier], wanted: Iterable[Carrier]) -> Changes:
    named = {carrier.carrier_id: carrier for carrier in wanted}
    live = {one.carrier_id: one for one in stored.values() if one.withdrawn_at is None}
    differences = [
        Change(carrier_id, _terms(live[carrier_id], named[carrier_id]))
        for carrier_id in sorted(named.keys() & live.keys())
    ]
    return Changes(
        added=tuple(sorted(named.keys() - live.keys())),
        changed=tuple(change for change in differences if change.terms),
        withdrawn=tuple(sorted(live.keys() - named.keys())),
    )


def _terms(before: Carrier, after: Carrier) -> tuple[str, ...]:
    return tuple(
        one.name for one in fields(Carrier) if getattr(before, one.name) != getattr(after, one.name)
    )


def _store(
    tx: Transaction, stored: dict[str, Carrier], wanted: Iterable[Carrier], changes: Changes
) -> None:
    touched = {*changes.added, *(change.carrier_id for change in changes.changed)}
    for carrier in wanted:
        if carrier.carrier_id in touched:
            # One that was withdrawn comes back under its old name: orders and entries refer to it.
            write = carriers.replace if carrier.carrier_id in stored else carriers.add
            write(tx.connection, tx.merchant, replace(carrier, withdrawn_at=None))
    for carrier_id in changes.withdrawn:
        carriers.withdraw(tx.connection, tx.merchant, carrier_id, tx.now)


def _record(
    tx: Transaction,
    asker: Actor,
    action: Action,
    carrier_ids: Iterable[str],
    detail: Mapping[str, str] | None = None,
) -> None:
    for carrier_id in carrier_ids:
        tx.record(asker, action, Outcome.DONE, carrier=carrier_id, detail=detail or {})

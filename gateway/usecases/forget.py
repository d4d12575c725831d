"""What a buyer may ask for: who received the contact, and that it is forgotten."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.audit.entry import Action, Actor, Entry, Outcome
from gateway.errors import Gone, InvalidInput, NotFound
from gateway.model.kept import KeptOrder
from gateway.settings import Deadlines
from gateway.storage import carriers, entries, erasure, erasure_requests, orders
from gateway.storage.entries import Sought
from gateway.storage.store import Store, Transaction
from gateway.usecases import outbox

Find = Callable[[Transaction], Sequence[str]]
"""The numbers of a buyer's orders, as they stand in the transaction that uses them."""

_REASON = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_DATE = re.compile(r"\b(\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{4})\b")
_LONG_NUMBER = re.compile(r"(\d[\s./()-]*){5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One time that the contact went to a recipient; `entry_id` and `index` place it on record."""

    carrier_id: str
    carrier_name: str
    released_at: datetime
    purpose: str
    fields: tuple[str, ...]
    entry_id: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Who received the contact of one order (GDPR 15(1)(c), C-154/21), the earliest first.

    `entry` puts it on record. `erased_at` tells that the contact is gone here; else `delete_by` when
    it goes at the latest.
    """

    order_number: str
    entry: Entry
    imported_at: datetime
    disclosures: tuple[Disclosure, ...]
    delete_by: datetime
    erased_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """A subject is forgotten; `recipients` are to be told of it (GDPR 19), `entry_id` is the proof.

    Those in `told` have an endpoint, and word of it is on its way to them.
    """

    order_number: str
    entry_id: str
    erased_at: datetime
    recipients: tuple[Disclosure, ...]
    told: tuple[str, ...]


def report(
    store: Store,
    deadlines: Deadlines,
    merchant: str,
    asker: Actor,
    order_number: str,
    request_id: str | None = None,
) -> Report:
    """The report, itself on record. NotFound; Gone when the subject was erased."""

    def work(tx: Transaction) -> Report:
        return _report(tx, deadlines, asker, order_number, request_id)

    return store.write(merchant, work)


def report_buyer(
    store: Store,
    deadlines: Deadlines,
    merchant: str,
    asker: Actor,
    find: Find,
    request_id: str | None = None,
) -> list[Report]:
    """The reports on all orders of a buyer, by number. NotFound where there is none."""

    def work(tx: Transaction) -> list[Report]:
        numbers = _found(tx, find)
        return [_report(tx, deadlines, asker, number, request_id) for number in numbers]

    return store.write(merchant, work)


def erase(
    store: Store,
    merchant: str,
    asker: Actor,
    order_number: str,
    reason: str,
    request_id: str | None = None,
) -> Erased:
    """Contact, digests and the name in the log go together. NotFound; Gone when they went before.

    `reason` stands in the entry for as long as the log does, so it must not tell who the buyer is.
    """
    check_reason(reason, order_number)

    def work(tx: Transaction) -> Erased:
        return erase_within(tx, asker, order_number, {"reason": reason}, request_id)

    erased = store.write(merchant, work)
    store.database.wipe_journal()
    return erased


def erase_buyer(
    store: Store,
    merchant: str,
    asker: Actor,
    find: Find,
    reason: str,
    request_id: str | None = None,
) -> list[Erased]:
    """All orders of a buyer, at once or not at all. NotFound where there is none."""

    def work(tx: Transaction) -> list[Erased]:
        numbers = _found(tx, find)
        for number in numbers:
            check_reason(reason, number)
        detail = {"reason": reason}
        return [erase_within(tx, asker, number, detail, request_id) for number in numbers]

    erased = store.write(merchant, work)
    store.database.wipe_journal()
    return erased


def erase_within(
    tx: Transaction,
    asker: Actor,
    order_number: str,
    detail: Mapping[str, str | int],
    request_id: str | None,
) -> Erased:
    """The erasure as a part of a larger work, after which the journal is to be wiped."""
    _, subject = named(tx, order_number)
    recipients = disclosures(tx.connection, tx.merchant, subject)
    erasure.erase_contacts(tx.connection, tx.merchant, [order_number], tx.now)
    erasure.forget_subject(tx.connection, tx.merchant, order_number)
    erasure_requests.drop(tx.connection, tx.merchant, order_number)
    entry = tx.record(
        asker,
        Action.SUBJECT_ERASED,
        Outcome.DONE,
        subject=subject,
        request_id=request_id,
        detail=detail,
    )
    return Erased(
        order_number=order_number,
        entry_id=entry.id,
        erased_at=entry.time,
        recipients=recipients,
        told=outbox.queue_erasure(tx, asker, order_number, (one.carrier_id for one in recipients)),
    )


def check_reason(reason: str, order_number: str) -> None:
    """InvalidInput where a reason would tell, for as long as the log lasts, who the buyer was."""
    texts = []
    if not _REASON.fullmatch(reason) or not reason.strip():
        texts.append("1 to 200 characters on one line")
    if "@" in reason or _LONG_NUMBER.search(_DATE.sub("", reason)):
        texts.append("no address, and no number of five digits or more: it is kept after the buyer")
    if order_number.casefold() in reason.casefold():
        texts.append("no order number: nothing may tie the entry to the buyer")
    if texts:
        raise InvalidInput({"reason": texts})


def _report(
    tx: Transaction,
    deadlines: Deadlines,
    asker: Actor,
    order_number: str,
    request_id: str | None,
) -> Report:
    order, subject = named(tx, order_number)
    entry = tx.record(
        asker, Action.SUBJECT_REPORTED, Outcome.DONE, subject=subject, request_id=request_id
    )
    return Report(
        order_number=order_number,
        entry=entry,
        imported_at=order.imported_at,
        disclosures=disclosures(tx.connection, tx.merchant, subject),
        delete_by=order.delete_by(deadlines.of(tx.merchant).erase_after_delivery),
        erased_at=order.erased_at,
    )


def _found(tx: Transaction, find: Find) -> Sequence[str]:
    numbers = find(tx)
    if not numbers:
        raise NotFound(
            "no contact that is stored has it; an order whose contact is gone is found by its number"
        )
    return numbers


def named(tx: Transaction, order_number: str) -> tuple[KeptOrder, str]:
    """An order and its name in the log. NotFound; Gone when the subject was erased."""
    order = orders.kept(tx.connection, tx.merchant, [order_number]).get(order_number)
    if order is None:
        raise NotFound(f"there is no order {order_number}")
    if order.subject is None:
        raise Gone(f"the buyer of order {order_number} is erased: nothing ties the log to them")
    return order, order.subject


def disclosures(connection: Connection, merchant: str, subject: str) -> tuple[Disclosure, ...]:
    """Every time that the contact of a subject was released, the earliest first."""
    names = {one.carrier_id: one.name for one in carriers.of_merchant(connection, merchant)}
    sought = Sought(subject=subject, action=Action.CONTACT_RELEASED)
    return tuple(
        _disclosure(Entry.parse(one.leaf), names)
        for stretch in reversed(entries.stretches(connection, merchant, None, None))
        for one in entries.every(connection, stretch, sought)
    )


def _disclosure(entry: Entry, names: dict[str, str]) -> Disclosure:
    carrier_id = entry.carrier or ""
    return Disclosure(
        carrier_id=carrier_id,
        carrier_name=names.get(carrier_id, carrier_id),
        released_at=entry.time,
        purpose=entry.purpose or "",
        fields=tuple(entry.fields),
        entry_id=entry.id,
        index=entry.index,
    )

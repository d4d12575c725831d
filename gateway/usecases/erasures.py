"""Erasure by two people: one asks, another confirms; alone, nobody erases through the console.

What is asked, confirmed and taken back is on record, each with who did it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.audit.entry import Action, Entry, Outcome
from gateway.errors import Conflict, Gone, NotFound
from gateway.model.account import Account
from gateway.model.times import rfc3339
from gateway.storage import entries, erasure_requests
from gateway.storage.entries import Sought
from gateway.storage.erasure_requests import ErasureRequest
from gateway.storage.store import Store, Transaction
from gateway.usecases import forget
from gateway.usecases.forget import Erased
from gateway.usecases.people.accounts import actor

LIFE = timedelta(days=7)
"""How long a request waits for a second person: a buyer is answered without undue delay (GDPR 12(3))."""

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Done:
    """An erasure that was done: its entry, by which it can be proven, and when."""

    entry_id: str
    erased_at: datetime
    reason: str


def ask(
    store: Store,
    account: Account,
    order_number: str,
    reason: str,
    request_id: str | None = None,
) -> ErasureRequest:
    """A request to erase the buyer of an order, which another person has a week to confirm.

    InvalidInput for a reason that would outlive the buyer; NotFound; Gone when the buyer is erased;
    Conflict while another request waits.
    """
    forget.check_reason(reason, order_number)

    def work(tx: Transaction) -> ErasureRequest:
        _, subject = forget.named(tx, order_number)
        earlier = erasure_requests.of_order(tx.connection, tx.merchant, order_number)
        if earlier is not None and tx.now < earlier.ends_at:
            raise Conflict(f"the erasure of order {order_number} was asked for already")
        erasure_requests.drop(tx.connection, tx.merchant, order_number)
        made = ErasureRequest(
            request_id=tx.new_id(),
            order_number=order_number,
            reason=reason,
            asked_by=account.account_id,
            asked_by_name=account.name,
            asked_at=tx.now,
            ends_at=tx.now + LIFE,
        )
        erasure_requests.add(tx.connection, tx.merchant, made)
        _record(tx, account, Action.ERASURE_REQUESTED, made, subject, request_id)
        return made

    return store.write(account.merchant, work)


def confirm(
    store: Store, account: Account, erasure_id: str, request_id: str | None = None
) -> Erased:
    """Erase what somebody else asked for.

    NotFound; Gone when the request is over, or the buyer erased; Conflict for whoever asked.
    """

    def work(tx: Transaction) -> Erased:
        request = _waiting(tx, erasure_id)
        if request.asked_by == account.account_id:
            raise Conflict("who asked for an erasure does not confirm it: it takes a second person")
        detail = {
            "reason": request.reason,
            "request": request.request_id,
            "requested_by": request.asked_by,
        }
        return forget.erase_within(tx, actor(account), request.order_number, detail, request_id)

    erased = store.write(account.merchant, work)
    store.database.wipe_journal()
    return erased


def withdraw(
    store: Store, account: Account, erasure_id: str, request_id: str | None = None
) -> ErasureRequest:
    """Take back a request, whoever made it; NotFound, Gone as in `confirm`."""

    def work(tx: Transaction) -> ErasureRequest:
        request = _waiting(tx, erasure_id)
        _, subject = forget.named(tx, request.order_number)
        erasure_requests.drop(tx.connection, tx.merchant, request.order_number)
        _record(tx, account, Action.ERASURE_WITHDRAWN, request, subject, request_id)
        return request

    return store.write(account.merchant, work)


def waiting(store: Store, merchant: str) -> Sequence[ErasureRequest]:
    """The requests that still wait, the oldest first."""
    with store.read() as connection:
        found = erasure_requests.of_merchant(connection, merchant)
    now = store.clock()
    return [one for one in found if now < one.ends_at]


def done(store: Store, merchant: str) -> Sequence[Done]:
    """The last erasures, the newest first; what they were of is forgotten."""
    found: list[Done] = []
    with store.read() as connection:
        for stretch in entries.stretches(connection, merchant, None, None):
            sought = Sought(action=Action.SUBJECT_ERASED)
            for one in entries.newest(connection, stretch, sought, _SHOWN - len(found)):
                entry = Entry.parse(one.leaf)
                found.append(Done(entry.id, entry.time, str(entry.detail.get("reason", ""))))
    return found


def _waiting(tx: Transaction, erasure_id: str) -> ErasureRequest:
    request = erasure_requests.one(tx.connection, tx.merchant, erasure_id)
    if request is None:
        raise NotFound(f"there is no request {erasure_id}")
    if tx.now >= request.ends_at:
        raise Gone("the request waited for a second person for too long; ask again")
    return request


def _record(
    tx: Transaction,
    account: Account,
    action: Action,
    request: ErasureRequest,
    subject: str,
    request_id: str | None,
) -> None:
    tx.record(
        actor(account),
        action,
        Outcome.DONE,
        subject=subject,
        request_id=request_id,
        detail={
            "reason": request.reason,
            "request": request.request_id,
            "until": rfc3339(request.ends_at),
        },
    )

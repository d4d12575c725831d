"""The proof that a buyer was erased (GDPR 17), and who is to be told of it (GDPR 19).

It never tells whose erasure it was: nothing knows that any more. The order number that the request
was about is with whoever asked for it.
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.audit.entry import Action, Actor, Entry
from gateway.errors import NotFound
from gateway.storage import activity
from gateway.storage.store import Store
from gateway.usecases import forget
from gateway.usecases.log.receipts import receipt
from gateway.usecases.reports import period
from gateway.usecases.reports.buyer import ToNotify, to_notify
from gateway.usecases.reports.made import Made, ReportKind, made
from gateway.usecases.reviewing.lines import names


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What was done, who asked and who did it, and the receipt of the entry that says so.

    `requested_by` is None where one person at the machine itself did it. `entry` (base64) and
    `proof` (C2SP tlog-proof) are what `gateway audit verify-receipt` checks.
    """

    entry_id: str
    log_index: int
    erased_at: datetime
    reason: str
    requested_by: str | None
    erased_by: str
    recipients: tuple[ToNotify, ...]
    entry: str
    proof: str


def erasure(
    store: Store, merchant: str, asker: Actor, entry_id: str, request_id: str | None = None
) -> Made[Erasure]:
    """The proof of the erasure that an entry tells of; NotFound where it tells of none."""
    with store.read() as connection:
        found = activity.one(connection, merchant, entry_id)
    entry = None if found is None else Entry.parse(found[1])
    if entry is None or entry.action is not Action.SUBJECT_ERASED or entry.subject is None:
        raise NotFound(f"no erasure is recorded as {entry_id}")
    about = {"entry": entry_id}
    recorded = period.record(store, merchant, asker, ReportKind.ERASURE, None, about, request_id)
    with store.read() as connection:
        called = names(connection, merchant).actors
        received = forget.disclosures(connection, merchant, entry.subject)
    proven = receipt(store, merchant, entry_id, None).as_json()
    asked_by = entry.detail.get("requested_by")
    content = Erasure(
        entry_id=entry.id,
        log_index=entry.index,
        erased_at=entry.time,
        reason=str(entry.detail.get("reason", "")),
        requested_by=None if asked_by is None else called.get(str(asked_by), str(asked_by)),
        erased_by=called.get(entry.actor.id, entry.actor.id),
        recipients=to_notify([("", one) for one in received]),
        entry=proven["entry"],
        proof=proven["proof"],
    )
    return made(store, ReportKind.ERASURE, recorded.entry, content)

"""What every report is: its content, what it covers, and the signed checkpoint that it rests on.

Making one is itself an entry, durable before anything of the report is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from gateway.audit.entry import Entry
from gateway.errors import Unavailable
from gateway.model.times import rfc3339
from gateway.storage import activity, merchants, tree
from gateway.storage.store import Store
from gateway.usecases.log.sequence import integrate

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class ReportKind(StrEnum):
    """The reports there are."""

    RECIPIENTS = "recipients"
    NOTIFICATION = "notification"
    PROCESSING = "processing"
    BREACH = "breach"
    ACCESS = "access"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The log that a report rests on, up to a signed checkpoint; `entry_id` put the report on record.

    `checkpoint` is the signed note (C2SP tlog-checkpoint), `vkey` the key that checks it. Logs of
    earlier periods are covered as well: each log begins by naming the end of the one before.
    """

    origin: str
    size: int
    checkpoint: str
    vkey: str
    entry_id: str
    log_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Made(Generic[T_co]):
    """A report that was made for a merchant."""

    report: ReportKind
    merchant: str
    merchant_name: str
    made_at: datetime
    content: T_co
    basis: Basis


def made(store: Store, report: ReportKind, entry: Entry, content: T) -> Made[T]:
    """The report that `entry` put on record, on the checkpoint that covers this entry."""
    merchant = entry.merchant
    with store.read() as connection:
        found = activity.one(connection, merchant, entry.id)
        name = merchants.name(connection, merchant)
    if found is None:
        raise Unavailable("log", "the report's own entry is not there; gateway audit verify")
    integrate(store, found[0])
    with store.read() as connection:
        note = tree.checkpoint(connection, found[0])
        origin = tree.one(connection, found[0]).origin
    if note is None:
        raise Unavailable("log", "the log has no checkpoint yet")
    notary = store.logbook.notary
    return Made(
        report=report,
        merchant=merchant,
        merchant_name=name,
        made_at=entry.time,
        content=content,
        basis=Basis(
            origin=origin,
            size=notary.open(note, origin).size,
            checkpoint=note.decode(),
            vkey=notary.verifier(origin).vkey(),
            entry_id=entry.id,
            log_index=entry.index,
        ),
    )


def as_json(value: Any) -> Any:
    """A report, or a part of it, for programs: members in snake_case, times in RFC 3339."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: as_json(getattr(value, one.name)) for one in fields(value)}
    match value:
        case date():
            return rfc3339(value) if isinstance(value, datetime) else value.isoformat()
        case Mapping():
            return {str(name): as_json(inner) for name, inner in value.items()}
        case tuple() | list():
            return [as_json(inner) for inner in value]
        case frozenset() | set():
            return sorted(value)
        case _:
            return value

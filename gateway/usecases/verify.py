"""Re-derives a merchant's logs from their entries, and says where the first contradiction is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.audit.encoding import encode_base64
from gateway.audit.entry import Entry
from gateway.audit.faults import AuditError
from gateway.audit.note import Note
from gateway.audit.verdict import FaultKind, LogFault, LogReport
from gateway.audit.verify import verify_log
from gateway.errors import Unavailable
from gateway.storage.log_source import StoredLog
from gateway.storage.store import Store
from gateway.storage.tables import entries, entry_reasons, logs
from gateway.usecases.sequence import integrate_waiting

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one log."""

    origin: str
    vkey: str
    outcome: LogReport | LogFault


def verify(
    store: Store,
    merchant: str,
    held: Sequence[bytes],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Verdict]:
    """The verdict on each of the merchant's logs, the oldest first.

    `held` are checkpoints kept outside; each is matched to its log by the origin in its first line.
    The checkpoint that the service itself holds beside the database is always among them.
    """
    with suppress(Unavailable):
        # What waits for the tree is taken in first; a log that refuses it is judged as it stands.
        integrate_waiting(store)
    notary = store.logbook.notary
    verdicts: list[Verdict] = []
    with store.read() as connection:
        mine = select(logs).where(logs.c.merchant == merchant).order_by(logs.c.log)
        before: LogReport | None = None
        for row in connection.execute(mine).all():
            own = notary.held(row.origin)
            notes = [note for note in held if _origin(note) == row.origin]
            vkey = notary.verifier(row.origin).vkey()
            outcome = verify_log(
                StoredLog(connection, row.log),
                vkey,
                held=notes if own is None else [*notes, own],
                ours=True,
                progress=progress,
            )
            if isinstance(outcome, LogReport):
                outcome = _rest(connection, row, before, outcome)
            verdicts.append(Verdict(row.origin, vkey, outcome))
            before = outcome if isinstance(outcome, LogReport) else None
    return verdicts


def _rest(
    connection: Connection, row: Row[Any], before: LogReport | None, report: LogReport
) -> LogReport | LogFault:
    """What a verifier of files alone cannot see: the tables beside the leaves, the log before."""
    if row.size < report.checkpoint.size:
        return _fault(row.size, "the log's row says that it ends here")
    for fault in _mismatches(connection, row.log):
        return fault
    if before is not None and (fault_ := _chain_fault(connection, row.log, before)):
        return fault_
    return report


def _mismatches(connection: Connection, log: int) -> Iterator[LogFault]:
    """Entries whose search columns say something else than their leaf."""
    start = 0
    while True:
        where = (entries.c.log == log) & (entries.c.index >= start)
        found = select(entries).where(where).order_by(entries.c.index).limit(_CHUNK)
        rows = connection.execute(found).mappings().all()
        if not rows:
            return
        reasons = _reasons(connection, log, start, rows[-1]["index"])
        for row in rows:
            if row["index"] != start:
                yield _fault(start, "the entry is missing")
                return
            entry = Entry.parse(bytes(row["leaf"]))
            if _searched(entry) != _stored(row, reasons):
                yield _fault(entry.index, "what the search shows of it is not what was recorded")
                return
            start += 1


def _reasons(connection: Connection, log: int, first: int, last: int) -> dict[int, set[str]]:
    where = (entry_reasons.c.log == log) & entry_reasons.c.index.between(first, last)
    found: dict[int, set[str]] = {}
    columns = select(entry_reasons.c.index, entry_reasons.c.reason)
    for index, reason in connection.execute(columns.where(where)):
        found.setdefault(index, set()).add(reason)
    return found


def _searched(entry: Entry) -> tuple[Any, ...]:
    return (
        *(entry.index, entry.id, entry.merchant, entry.time, entry.action, entry.outcome),
        *(entry.purpose, entry.actor.role, entry.actor.id, entry.carrier, entry.subject),
        frozenset(entry.reasons),
    )


def _stored(row: Mapping[Any, Any], reasons: Mapping[int, set[str]]) -> tuple[Any, ...]:
    return (
        *(row["index"], row["id"], row["merchant"], row["time"], row["action"], row["outcome"]),
        *(row["purpose"], row["actor_role"], row["actor"], row["carrier"], row["subject"]),
        frozenset(reasons.get(row["index"], ())),
    )


def _chain_fault(connection: Connection, log: int, before: LogReport) -> LogFault | None:
    """The first entry names the end of the log before, or nothing ties the two together."""
    first = select(entries.c.leaf).where((entries.c.log == log) & (entries.c.index == 0))
    detail = Entry.parse(bytes(connection.execute(first).scalar_one())).detail
    last = before.checkpoint
    said = (detail.get("previous_origin"), detail.get("previous_size"), detail.get("previous_root"))
    if said != (last.origin, last.size, encode_base64(last.root)):
        return _fault(0, f"it does not commit to the end of {last.origin}")
    return None


def _origin(note: bytes) -> str | None:
    try:
        return Note.parse(note).text.partition("\n")[0]
    except AuditError:
        return None


def _fault(index: int, reason: str) -> LogFault:
    return LogFault(FaultKind.CONTENTS, "database", index, reason)

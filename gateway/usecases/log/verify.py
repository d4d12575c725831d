"""Re-derives a merchant's logs from their entries, and says where the first contradiction is.

It believes nothing that is stored but what the log's key signed, and no log may be missing that a
held checkpoint, or another log, tells of.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection

from gateway.audit import chain
from gateway.audit.checkpoint import Checkpoint
from gateway.audit.entry import Entry
from gateway.audit.faults import AuditError
from gateway.audit.note import Note
from gateway.audit.verdict import FaultKind, LogFault, LogReport
from gateway.audit.verify import verify_log
from gateway.errors import Unavailable
from gateway.storage import log_tables, logs, retired, tree
from gateway.storage.log_source import StoredLog
from gateway.storage.logs import KeptLog, merchant_of
from gateway.storage.notary import Notary
from gateway.storage.retired import Deletion
from gateway.storage.store import Store
from gateway.usecases.log import witnessed
from gateway.usecases.log.sequence import integrate
from gateway.usecases.log.witnessed import Quorum, Witnessed

Progress = Callable[[str, int, int], None]
"""Called with a log's origin, its entries verified so far, and the entries it has."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """The log was deleted whole; `checkpoint` is its end, as an entry of the time `at` has it on record."""

    checkpoint: Checkpoint
    at: datetime


Outcome: TypeAlias = LogReport | LogFault | Deleted


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one log; `witnessed` tells up to where enough witnesses cosigned it."""

    origin: str
    vkey: str
    outcome: Outcome
    witnessed: Witnessed | None = None


def verify(
    store: Store,
    merchant: str,
    held: Sequence[bytes],
    progress: Progress = lambda _origin, _done, _total: None,
    quorum: Quorum = Quorum(),  # noqa: B008  frozen
) -> list[Verdict]:
    """The verdict on each of the merchant's logs: those that are deleted, then the oldest first.

    `held` are checkpoints kept outside, matched to their logs by the origin in their first line;
    those of other merchants' logs are passed over. The checkpoints that the service itself holds
    beside the database are always among them. A log of which one is held and nothing else is left
    has a verdict as well.
    """
    with store.read() as connection:
        kept = logs.of_merchant(connection, merchant)
        waiting = [log for log in kept if log_tables.row_fault(connection, log) is None]
    for one in waiting:
        # What waits for the tree is taken in; a log that refuses it is judged as it stands.
        with suppress(Unavailable):
            integrate(store, one.log)
    with store.read() as connection:
        notary = store.logbook.notary
        return _Verification(connection, notary, merchant, held, progress, quorum).run()


def judge(
    connection: Connection,
    notary: Notary,
    log: KeptLog,
    held: Sequence[bytes],
    progress: Callable[[int, int], None],
) -> LogReport | LogFault:
    """The verdict on one log by itself: leaves, tiles, notes, and the tables beside them."""
    odd = log_tables.row_fault(connection, log)
    if odd is not None:
        return odd
    outcome = verify_log(
        StoredLog(connection, log.log),
        notary.verifier(log.origin).vkey(),
        held=held,
        ours=True,
        progress=progress,
    )
    if isinstance(outcome, LogFault):
        return _named(outcome, held)
    return log_tables.first_fault(connection, log, outcome.checkpoint.size) or outcome


class _Verification:
    """One look at all logs of a merchant, in one snapshot."""

    def __init__(
        self,
        connection: Connection,
        notary: Notary,
        merchant: str,
        held: Sequence[bytes],
        progress: Progress,
        quorum: Quorum,
    ) -> None:
        self._connection = connection
        self._merchant = merchant
        self._quorum = quorum
        self._notary = notary
        self._progress = progress
        self._deleted = retired.deletions(connection, notary, merchant)
        kept = logs.of_merchant(connection, merchant)
        self._logs = [log for log in kept if log.origin not in self._deleted]
        # Of a log that is being deleted, entries may be left.
        self._going = {log.origin: log for log in kept if log.origin in self._deleted}
        self._held: dict[str, list[bytes]] = {}
        for log in self._logs:
            # By its file, so that one that was spoilt is found to be.
            own = notary.held(log.origin)
            self._held[log.origin] = [] if own is None else [own]
        for note in (*held, *notary.all_held(merchant)):
            origin = origin_of(note)
            if origin is not None and merchant_of(origin) == merchant:
                outside = self._held.setdefault(origin, [])
                if note not in outside:
                    outside.append(note)

    def run(self) -> list[Verdict]:
        kept = [self._verdict(log.origin, self._judge(log)) for log in self._logs]
        kept = list(map(self._with_witnesses, self._logs, self._chained(kept)))
        known = {verdict.origin for verdict in kept}
        deleted = [
            self._verdict(it.end.origin, self._judge_deleted(it)) for it in self._deleted.values()
        ]
        known |= self._deleted.keys()
        lost = [
            self._verdict(origin, _of_no_log(outside[0]))
            for origin, outside in self._held.items()
            if origin not in known
        ]
        return deleted + kept + lost + self._stray()

    def _stray(self) -> list[Verdict]:
        """The merchant's entries that are of none of its logs: a search by merchant would show them."""
        found = log_tables.stray_entry(self._connection, self._merchant)
        if found is None:
            return []
        log, index = found
        reason = f"it is of log {log}, and the merchant has no such log"
        return [Verdict("no log", "", _fault("row of the entry", index, reason))]

    def _judge(self, log: KeptLog) -> Outcome:
        held = self._held.get(log.origin, [])
        return judge(
            self._connection,
            self._notary,
            log,
            held,
            lambda done, total: self._progress(log.origin, done, total),
        )

    def _with_witnesses(self, log: KeptLog, verdict: Verdict) -> Verdict:
        if not isinstance(verdict.outcome, LogReport):
            return verdict
        try:
            return replace(
                verdict, witnessed=witnessed.largest(self._connection, log.log, self._quorum)
            )
        except AuditError as error:
            fault = _fault("cosigned checkpoint", None, str(error), FaultKind.CHECKPOINT)
            return replace(verdict, outcome=fault)

    def _chained(self, verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
        """The same verdicts, or that a log is not tied to the one before it."""
        before: Verdict | None = None
        for log, verdict in zip(self._logs, verdicts, strict=True):
            judged = verdict
            if isinstance(verdict.outcome, LogReport):
                fault = self._chain_fault(log, before)
                judged = replace(verdict, outcome=fault or verdict.outcome)
            yield judged
            before = judged

    def _chain_fault(self, log: KeptLog, before: Verdict | None) -> LogFault | None:
        if log.is_current != (log is self._logs[-1]):
            what = (
                "it was closed, and no log follows" if log is self._logs[-1] else "it is not closed"
            )
            return _fault("row of the log", None, what)
        try:
            said = chain.predecessor(_first(self._connection, log))
        except AuditError as error:
            return _fault("first entry", 0, str(error))
        if before is None:
            if said is not None and not self._is_deleted(said):
                reason = f"{said.origin} came before it, and no entry tells that it was deleted"
                return _fault("first entry", 0, reason)
        elif isinstance(before.outcome, LogReport) and said != before.outcome.checkpoint:
            return _fault("first entry", 0, f"it does not commit to the end of {before.origin}")
        return None

    def _is_deleted(self, end: Checkpoint) -> bool:
        told = self._deleted.get(end.origin)
        return told is not None and told.end == end

    def _judge_deleted(self, deletion: Deletion) -> Outcome:
        end = deletion.end
        left = self._going.get(end.origin)
        if left is not None and (odd := log_tables.remains_fault(self._connection, left, end)):
            return odd
        for note in self._held.get(end.origin, []):
            try:
                held = self._notary.open(note, end.origin)
            except AuditError as error:
                return _fault(_name(note), None, str(error), FaultKind.CHECKPOINT)
            if held.size > end.size or (held.size == end.size and held.root != end.root):
                reason = f"the log was not deleted as it was: {end.size} entries are on record"
                return _fault(_name(note), None, reason, FaultKind.CONTRADICTION)
        return Deleted(end, deletion.at)

    def _verdict(self, origin: str, outcome: Outcome) -> Verdict:
        try:
            vkey = self._notary.verifier(origin).vkey()
        except AuditError:
            vkey = ""  # a name that no log can have
        return Verdict(origin, vkey, outcome)


def _first(connection: Connection, log: KeptLog) -> Entry:
    [leaf] = tree.leaves(connection, log.log, 0, 1)
    return Entry.parse(leaf)


def origin_of(note: bytes) -> str | None:
    """The log that a note speaks of, whoever signed it; None where it is no note."""
    try:
        return Note.parse(note).text.partition("\n")[0]
    except AuditError:
        return None


def _named(fault: LogFault, outside: Sequence[bytes]) -> LogFault:
    """The same fault, with a held checkpoint named by its size instead of its number."""
    names = {f"held checkpoint {at}": _name(note) for at, note in enumerate(outside, start=1)}
    return replace(fault, place=names.get(fault.place, fault.place))


def _name(note: bytes) -> str:
    _, size, *_ = *note.decode(errors="replace").split("\n"), "?"
    return f"held checkpoint of {size} entries"


def _of_no_log(note: bytes) -> LogFault:
    return _fault(_name(note), 0, "the log that it is of is gone", FaultKind.TRUNCATED)


def _fault(
    place: str, index: int | None, reason: str, kind: FaultKind = FaultKind.CONTENTS
) -> LogFault:
    return LogFault(kind, place, index, reason)

"""Opens one entry of the log: what it tells, its proof, its receipt; each look is itself an entry."""

from dataclasses import dataclass

from gateway.audit.entry import Action, Actor, Entry, Outcome
from gateway.audit.proof import LoggedProof, Refused, Verified, verify_receipt
from gateway.audit.receipt import Receipt
from gateway.errors import NotFound
from gateway.storage import activity, tree
from gateway.storage.store import Store, Transaction
from gateway.usecases.log import receipts
from gateway.usecases.reviewing.lines import Line, Names, lines, names


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One entry, with the names in it, the log that it stands in, and that log's key."""

    line: Line
    names: Names
    origin: str
    vkey: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What became of a proof; `hashes` are those between the entry and the root."""

    verdict: Verified | Refused
    hashes: int


def opened(store: Store, merchant: str, asker: Actor, entry_id: str, request_id: str) -> Opened:
    """One entry. NotFound when the merchant's logs hold none of this id."""
    log, entry = _record(store, merchant, asker, Action.AUDIT_VIEWED, entry_id, request_id)
    with store.read() as connection:
        [line] = lines(connection, merchant, [entry])
        origin = tree.one(connection, log).origin
        return Opened(
            line=line,
            names=names(connection, merchant),
            origin=origin,
            vkey=store.logbook.notary.verifier(origin).vkey(),
        )


def proven(store: Store, merchant: str, shown: Opened) -> Proven:
    """The receipt of an entry that was opened, verified as an outsider would."""
    receipt = receipts.receipt(store, merchant, shown.line.entry.id, None)
    return Proven(
        verdict=verify_receipt(receipt.leaf, receipt.proof, shown.vkey, shown.origin),
        hashes=len(LoggedProof.parse(receipt.proof).hashes),
    )


def receipt(store: Store, merchant: str, asker: Actor, entry_id: str, request_id: str) -> Receipt:
    """The receipt of an entry, to keep. NotFound when the merchant's logs hold none of this id."""
    _record(store, merchant, asker, Action.AUDIT_EXPORTED, entry_id, request_id)
    return receipts.receipt(store, merchant, entry_id, None)


def _record(
    store: Store, merchant: str, asker: Actor, action: Action, entry_id: str, request_id: str
) -> tuple[int, Entry]:
    """Put the look on record; the log that the entry is in, and the entry."""

    def work(tx: Transaction) -> tuple[int, Entry]:
        found = activity.one(tx.connection, tx.merchant, entry_id)
        if found is None:
            raise NotFound(f"there is no entry {entry_id}")
        log, leaf = found
        entry = Entry.parse(leaf)
        tx.record(
            asker,
            action,
            Outcome.DONE,
            subject=entry.subject,
            request_id=request_id,
            detail={"entry": entry_id},
        )
        return log, entry

    return store.write(merchant, work)

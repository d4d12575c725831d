"""Gives the receipt of an entry: its bytes and the proof that they are in the log."""

from sqlalchemy import Connection, select

from gateway.audit.entry import Action, Entry
from gateway.audit.faults import AuditError
from gateway.audit.merkle import check_inclusion, inclusion_proof, leaf_hash
from gateway.audit.proof import LoggedProof
from gateway.audit.receipt import Receipt
from gateway.errors import NotFound, Unavailable
from gateway.storage import anchors, tree
from gateway.storage.store import Store
from gateway.storage.tables import entries
from gateway.usecases.log.sequence import integrate


def receipt(store: Store, merchant: str, entry_id: str, carrier_id: str | None) -> Receipt:
    """The receipt of an entry; with `carrier_id` only of a release that went to this carrier.

    NotFound hides what another merchant's or carrier's id stands for. An entry younger than the
    sequencer's last look is taken into the tree first. A proof is handed out only after it was
    checked against the entry: Unavailable when what is stored does not prove it.
    """
    found = (
        select(entries.c.log, entries.c.index.label("at"), entries.c.leaf)
        .where(entries.c.merchant == merchant)
        .where(entries.c.id == entry_id)
    )
    if carrier_id is not None:
        found = found.where(entries.c.carrier == carrier_id)
        found = found.where(entries.c.action == Action.CONTACT_RELEASED.value)
    with store.read() as connection:
        row = connection.execute(found).first()
    if row is None:
        raise NotFound("there is no such release")
    integrate(store, row.log)
    leaf = bytes(row.leaf)
    _require_entry(leaf, entry_id, merchant, carrier_id)
    with store.read() as connection:
        return Receipt(leaf, _proof(store, connection, row.log, row.at, leaf).encode())


def _require_entry(leaf: bytes, entry_id: str, merchant: str, carrier_id: str | None) -> None:
    """That the leaf is what it was found as: a valid proof of another entry would prove nothing."""
    try:
        entry = Entry.parse(leaf)
    except AuditError as fault:
        raise Unavailable(
            "log", f"{entry_id} is no entry: {fault}; gateway audit verify"
        ) from fault
    is_theirs = carrier_id is None or (
        entry.carrier == carrier_id and entry.action is Action.CONTACT_RELEASED
    )
    if entry.id != entry_id or entry.merchant != merchant or not is_theirs:
        raise Unavailable("log", f"{entry_id} was recorded as another entry; gateway audit verify")


def _proof(store: Store, connection: Connection, log: int, index: int, leaf: bytes) -> LoggedProof:
    origin = tree.one(connection, log).origin
    # The newest, unless one that a witness vouches for as well covers the entry.
    cosigned = iter(anchors.cosigned(connection, log, index + 1))
    note = next(cosigned, None) or tree.checkpoint(connection, log)
    if note is None:
        raise Unavailable("log", "the log has no checkpoint yet")
    try:
        signed = store.logbook.notary.open(note, origin)
        path = inclusion_proof(index, signed.size, tree.hashes(connection, log, signed.size))
        check_inclusion(
            index=index, size=signed.size, leaf=leaf_hash(leaf), proof=path, root=signed.root
        )
    except (AuditError, ValueError) as fault:
        why = f"entry {index} of {origin} cannot be proven: {fault}; gateway audit verify"
        raise Unavailable("log", why) from fault
    return LoggedProof(index, path, note)

"""Publishes a log as tiles: hashes and checkpoints to anybody, entries to its own merchant's reviewers."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.audit.faults import AuditError, Malformed
from gateway.audit.tiles import ENTRIES, HEIGHT, Tile
from gateway.errors import NotFound, Unavailable
from gateway.storage import logs, tree
from gateway.storage.logs import KeptLog
from gateway.storage.store import Store
from gateway.usecases.log.witnessed import Quorum, largest


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A log's name, and the key that an outsider checks its checkpoints and receipts with."""

    origin: str
    vkey: str
    is_current: bool


def verifier_keys(store: Store, merchant: str) -> Sequence[VerifierKey]:
    """The keys of all of the merchant's logs, the current one last."""
    notary = store.logbook.notary
    with store.read() as connection:
        found = logs.of_merchant(connection, merchant)
    return [
        VerifierKey(one.origin, notary.verifier(one.origin).vkey(), one.is_current) for one in found
    ]


def verifier_key(store: Store, merchant: str, period: str | None) -> str:
    """The vkey of a period's log; without `period` of the current one. NotFound without a log."""
    return store.logbook.notary.verifier(_log(store, merchant, period).origin).vkey()


def checkpoint(store: Store, merchant: str, period: str | None) -> bytes:
    """The latest signed checkpoint of a log."""
    log = _log(store, merchant, period)
    with store.read() as connection:
        note = tree.checkpoint(connection, log.log)
    if note is None:
        raise NotFound("the log has no checkpoint yet; it gets its first within a second")
    return note


def witnessed(store: Store, merchant: str, period: str | None, quorum: Quorum) -> bytes:
    """The largest checkpoint of a log that enough witnesses cosigned, their lines with it."""
    log = _log(store, merchant, period)
    try:
        with store.read() as connection:
            found = largest(connection, log.log, quorum)
    except AuditError as fault:
        raise Unavailable("log", f"{log.origin}: {fault}; gateway audit verify") from fault
    if found is None:
        raise NotFound("no checkpoint of the log is witnessed")
    return found.note


def tile(store: Store, merchant: str, period: str | None, path: str) -> bytes:
    """A tile of hashes by its path in the layout of c2sp.org/tlog-tiles, such as 0/x001/234.p/7."""
    asked = _parsed(path)
    if asked.level == ENTRIES:
        raise NotFound("entries stand under tile/entries, for reviewers")
    return _read(store, merchant, period, asked)


def bundle(store: Store, merchant: str, period: str | None, path: str) -> bytes:
    """A bundle of entries by its path, such as x001/234; whoever calls this has checked who asks."""
    return _read(store, merchant, period, _parsed(f"entries/{path}"))


def _parsed(path: str) -> Tile:
    try:
        return Tile.parse(f"tile/{path}")
    except Malformed as fault:
        raise NotFound(str(fault)) from fault


def _read(store: Store, merchant: str, period: str | None, asked: Tile) -> bytes:
    log = _log(store, merchant, period)
    with store.read() as connection:
        if _end(asked) > log.integrated:
            raise NotFound("the tree has not grown that far")
        data = tree.read(connection, log.log, asked)
    if data is None:
        raise NotFound("there is no such tile")
    return data


def _end(asked: Tile) -> int:
    """How many entries there must be for the tile to be complete."""
    return asked.first_entry() + (asked.width << HEIGHT * max(asked.level, 0))


def _log(store: Store, merchant: str, period: str | None) -> KeptLog:
    with store.read() as connection:
        found = logs.one(connection, merchant, period)
    if found is None:
        raise NotFound("there is no such log")
    return found

"""Logs made for tests, of our entries or a stranger's, kept in memory or written to disk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.audit.checkpoint import Checkpoint, sign_checkpoint
from gateway.audit.entry import Action, Actor, Draft, Outcome
from gateway.audit.growth import Edge, grow
from gateway.audit.merkle import EMPTY_ROOT, inclusion_proof, leaf_hash, node_hash
from gateway.audit.note import Algorithm, Signer
from gateway.audit.proof import LoggedProof
from gateway.audit.receipt import Receipt
from gateway.audit.tiles import ENTRIES, WIDTH, Tile, TiledHashes, encode_bundle

ORIGIN = "log.example/2026q4"
SIGNER = Signer(ORIGIN, Algorithm.ED25519, bytes(range(32)))
VKEY = SIGNER.verifier.vkey()
START = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)


@dataclass
class MemoryLog:
    """A log whose resources can be tampered with one by one."""

    note: bytes | None = None
    earlier: list[bytes] = field(default_factory=list)
    resources: dict[Tile, bytes] = field(default_factory=dict)

    def checkpoint(self) -> bytes | None:
        return self.note

    def history(self) -> Iterable[bytes]:
        return iter(self.earlier)

    def read(self, tile: Tile) -> bytes | None:
        return self.resources.get(tile)

    def partial_widths(self, tile: Tile) -> list[int]:
        return [
            width
            for width in range(1, WIDTH)
            if Tile(tile.level, tile.index, width) in self.resources
        ]

    def copy(self) -> "MemoryLog":
        return MemoryLog(self.note, list(self.earlier), dict(self.resources))

    def write(self, root: Path) -> Path:
        """Lay the log out on disk as c2sp.org/tlog-tiles has it."""
        root.mkdir(parents=True, exist_ok=True)
        if self.note is not None:
            (root / "checkpoint").write_bytes(self.note)
        for tile, data in self.resources.items():
            path = root / tile.path()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return root


def draft(**changes: object) -> Draft:
    """A release as the service records it."""
    facts: dict[str, object] = {
        "id": "0190a7c4e5f6000102030405060708ff",
        "merchant": "default",
        "actor": Actor("carrier", "client-7"),
        "action": Action.CONTACT_RELEASED,
        "outcome": Outcome.PERMITTED,
        "purpose": "delivery-appointment",
        "policy": "5f" * 32,
        "subject": "Hq3hZ9b1v0",
        "carrier": "dachser",
        "fields": ("name", "phone"),
        "request_id": "req-1",
    }
    return Draft(**(facts | changes))  # type: ignore[arg-type]


def leaf(index: int, **changes: object) -> bytes:
    """The bytes of one of our entries."""
    time = START + timedelta(milliseconds=index)
    return draft(**changes).at(index=index, time=time, salt=f"{index:032x}").leaf()


def leaves(count: int) -> list[bytes]:
    """The bytes of so many entries of ours."""
    return [leaf(index) for index in range(count)]


def build(
    entries: Sequence[bytes], chunks: Sequence[int] = (), signer: Signer = SIGNER
) -> MemoryLog:
    """A log of these entries, checkpointed after each chunk and at the end, nothing ever removed."""
    log = MemoryLog()
    edge = Edge()
    ends = sorted({end for end in _sums(chunks) if end < len(entries)} | {len(entries)})
    for end in ends:
        grown = grow(edge, [leaf_hash(entry) for entry in entries[edge.size : end]])
        for write in (*grown.full, *grown.edge.writes()):
            log.resources[write.tile] = write.data
        for number in range(edge.size // WIDTH, -(-end // WIDTH)):
            bundle = entries[number * WIDTH : min((number + 1) * WIDTH, end)]
            log.resources[Tile(ENTRIES, number, len(bundle))] = encode_bundle(bundle)
        edge = grown.edge
        if log.note is not None:
            log.earlier.append(log.note)
        checkpoint = Checkpoint(signer.verifier.name, edge.size, edge.root())
        log.note = sign_checkpoint(checkpoint, signer)
    return log


def receipt(log: MemoryLog, entries: Sequence[bytes], index: int) -> Receipt:
    """The receipt of one entry under the log's latest checkpoint."""
    assert log.note is not None
    hashes = inclusion_proof(
        index, len(entries), TiledHashes(len(entries), log.resources.__getitem__)
    )
    return Receipt(entries[index], LoggedProof(index, hashes, log.note).encode())


def naive_root(hashes: Sequence[bytes]) -> bytes:
    """The root by the definition of RFC 6962 section 2.1, word for word."""
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(naive_root(hashes[:split]), naive_root(hashes[split:]))


class NaiveHashes:
    """Subtree hashes by definition, from all leaf hashes."""

    def __init__(self, hashes: Sequence[bytes]) -> None:
        self._hashes = hashes

    def at(self, level: int, index: int) -> bytes:
        subtree = self._hashes[index << level : (index + 1) << level]
        assert len(subtree) == 1 << level
        return naive_root(subtree)


def _sums(chunks: Sequence[int]) -> list[int]:
    return [sum(chunks[: count + 1]) for count in range(len(chunks))]

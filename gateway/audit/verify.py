"""Re-derives a whole log from its entries; nothing that it stores is believed but its signed root.

One pass over the entries, in order, with memory for the right edge of the tree only:

1. the latest checkpoint is signed by the log's key;
2. every entry hashes to its place in the tile of level 0;
3. the entries of our own logs are well-formed, count on without gaps and do not go back in time;
4. every earlier and every held checkpoint has the root of the entries up to its size, which shows
   that each is consistent with the next;
5. every tile above holds the roots of the tiles below;
6. the root of all entries is the signed one.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from itertools import takewhile

from gateway.audit.blame import read_tile, unvouched
from gateway.audit.checkpoint import Checkpoint, open_checkpoint
from gateway.audit.faults import AuditError, Malformed
from gateway.audit.glance import glance, settle
from gateway.audit.growth import Edge, TileWrite, fold, grow, peaks
from gateway.audit.merkle import HASH_SIZE
from gateway.audit.milestones import Milestone, milestones
from gateway.audit.note import Verifier
from gateway.audit.source import LogSource
from gateway.audit.tiles import (
    ENTRIES,
    HEIGHT,
    WIDTH,
    Tile,
    encode_bundle,
    read_bundle,
    tile_at,
    tile_levels,
)
from gateway.audit.verdict import FaultFound, FaultKind, LogFault, LogReport

_OUTLIVED = "it is not the beginning of what took its place"

Progress = Callable[[int, int], None]
"""Called with the entries verified so far and the entries there are."""


def verify_log(
    source: LogSource,
    vkey: str,
    *,
    origin: str | None = None,
    held: Sequence[bytes] = (),
    ours: bool | None = None,
    progress: Progress = lambda _done, _total: None,
) -> LogReport | LogFault:
    """Whether everything in `source` agrees with what the key `vkey` signed.

    `held` are signed checkpoints kept outside the operator's reach: without one, an operator who
    has the key can cut the log and sign it anew unseen. `ours` says whether the entries must be in
    this gateway's format; by default the first entry decides. `origin` is the log's name where it
    is not that of its key.
    """
    try:
        log, latest = _signed(source, vkey, origin)
        passed = milestones(source.history(), held, log, latest)
        return _Walk(source, latest, passed, ours, progress).run()
    except FaultFound as found:
        return found.fault


def _signed(source: LogSource, vkey: str, origin: str | None) -> tuple[Verifier, Checkpoint]:
    try:
        log = Verifier.parse(vkey)
    except AuditError as error:
        raise _found(FaultKind.KEY, "key", None, str(error)) from None
    raw = source.checkpoint()
    if raw is None:
        raise _found(FaultKind.CHECKPOINT, "checkpoint", None, "there is none")
    try:
        return log, open_checkpoint(raw, log, origin)
    except AuditError as error:
        raise _found(FaultKind.CHECKPOINT, "checkpoint", None, str(error)) from None


class _Walk:
    """The pass over the entries of one log."""

    def __init__(
        self,
        source: LogSource,
        latest: Checkpoint,
        passed: Iterator[Milestone],
        ours: bool | None,
        progress: Progress,
    ) -> None:
        self._source = source
        self._latest = latest
        self._progress = progress
        self._edge = Edge()
        self._ours = ours
        self._first_time = b""
        self._last_time = b""
        self._milestones = passed
        self._next = next(passed, None)
        self._agreed = 0
        self._doubted: Milestone | None = None
        self._stored = 0
        self._held = 0

    def run(self) -> LogReport:
        size = self._latest.size
        self._check_milestones(Tile(0, 0, 0), b"")
        for start in range(0, size, WIDTH):
            self._take(tile_at(0, start // WIDTH, size))
            self._progress(min(start + WIDTH, size), size)
        self._finish()
        return LogReport(
            checkpoint=self._latest,
            stored=self._stored,
            held=self._held,
            ours=self._ours is True,
            first_time=self._first_time.decode() or None,
            last_time=self._last_time.decode() or None,
        )

    def _take(self, tile: Tile) -> None:
        """One bundle: its entries against their tile, then everything that they complete."""
        entries, framing = self._entries(tile)
        hashes = [sha256(b"\x00" + entry).digest() for entry in entries]
        data = b"".join(hashes)
        grown = grow(self._edge, hashes)
        self._compare(TileWrite(tile, data), grown.edge)
        if framing:
            raise _found(FaultKind.ENTRY, _bundle(tile).path(), None, framing)
        self._check_partial_bundles(tile, entries)
        if self._ours is not False:
            self._check_contents(tile, entries)
        self._check_milestones(tile, data)
        for write in grown.full:
            if write.tile.level:
                self._compare(write, grown.edge)
        self._edge = grown.edge

    def _finish(self) -> None:
        for write in self._edge.writes():
            if write.tile.level:
                self._compare(write, self._edge)
        doubted = self._doubted
        if self._edge.root() != self._latest.root:
            place = doubted.name if doubted else "checkpoint"
            end = doubted.checkpoint.size if doubted else self._latest.size
            reason = f"entries from {self._agreed} to {end - 1} are not those it was signed over"
            raise _found(FaultKind.REWRITTEN, place, self._agreed, reason)
        if doubted:
            reason = (
                f"the log signed it over other entries from {self._agreed} to "
                f"{doubted.checkpoint.size - 1} than its latest checkpoint"
            )
            raise _found(FaultKind.CONTRADICTION, doubted.name, self._agreed, reason)

    def _entries(self, tile: Tile) -> tuple[list[bytes], str]:
        """The entries below a tile of level 0, and what is wrong with the bundle's framing."""
        name = _bundle(tile)
        data, stand_in = self._source.read(name), False
        if data is None and tile.width < WIDTH:
            data, stand_in = self._source.read(name.full()), True
        if data is None:
            raise _found(FaultKind.MISSING, name.path(), tile.first_entry(), "it is missing")
        bundle = read_bundle(data)
        framing = ""
        if not stand_in and len(bundle.entries) > tile.width:
            framing = f"it holds more than {tile.width} entries"
        elif not stand_in and not bundle.whole:
            framing = "its bytes end inside an entry"
        return bundle.entries[: tile.width], framing

    def _compare(self, derived: TileWrite, edge: Edge) -> None:
        """A stored tile against the hashes derived from the entries; `edge` is derived as well."""
        tile = derived.tile
        stored = read_tile(self._source, tile)
        if stored is None:
            raise _found(FaultKind.MISSING, tile.path(), tile.first_entry(), "it is missing")
        if stored != derived.data:
            position = _first_difference(stored, derived.data)
            raise FaultFound(self._blame(tile, position, edge))
        for width in self._source.partial_widths(tile):
            partial = Tile(tile.level, tile.index, width)
            kept = self._source.read(partial) if width < tile.width else None
            if kept is not None and kept != derived.data[: width * HASH_SIZE]:
                index = tile.entry_at(_first_difference(kept, derived.data))
                raise _found(FaultKind.TILE, partial.path(), index, _OUTLIVED)

    def _blame(self, tile: Tile, position: int, edge: Edge) -> LogFault:
        """Which is wrong where a stored tile and what was derived differ from `position` on."""
        path = tile.path()
        index = tile.entry_at(position)
        if edge.size == self._latest.size and edge.root() == self._latest.root:
            reason = f"hash {position} is not that of the signed entries"
            return LogFault(FaultKind.TILE, path, index, reason)
        doubtful = unvouched(self._source, self._latest, tile)
        if doubtful == tile:
            reason = "the tile above holds another root for it"
            return LogFault(FaultKind.TILE, path, index, reason)
        if doubtful is not None:
            reason = f"it differs from its entries, and {doubtful.path()} from the signed root"
            return LogFault(FaultKind.TILE, path, index, reason)
        if tile.level == 0:
            reason = f"entry {index} is not the one that was signed"
            return LogFault(FaultKind.ENTRY, _bundle(tile).path(), index, reason)
        child = Tile(tile.level - 1, (tile.index << HEIGHT) + position)
        reason = "its entries are not those that were signed, and it was made to fit them"
        return LogFault(FaultKind.ENTRY, child.path(), index, reason)

    def _check_partial_bundles(self, tile: Tile, entries: list[bytes]) -> None:
        name = _bundle(tile)
        for width in self._source.partial_widths(name):
            partial = Tile(ENTRIES, tile.index, width)
            kept = self._source.read(partial) if width < tile.width else None
            if kept is not None and kept != encode_bundle(entries[:width]):
                pairs = zip(entries, read_bundle(kept).entries, strict=False)
                same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
                raise _found(FaultKind.ENTRY, partial.path(), name.entry_at(same), _OUTLIVED)

    def _check_contents(self, tile: Tile, entries: list[bytes]) -> None:
        last = settle(entries, tile.first_entry(), self._last_time)
        if last is None:
            last = self._check_each(tile, entries)
        if self._ours is not False:
            self._ours = True
            self._first_time = self._first_time or glance(entries[0])[1]
            self._last_time = last

    def _check_each(self, tile: Tile, entries: list[bytes]) -> bytes:
        """The time of the last entry, after a look at every one."""
        path = _bundle(tile).path()
        last = self._last_time
        for index, leaf in enumerate(entries, start=tile.first_entry()):
            try:
                told, time = glance(leaf)
            except Malformed as error:
                if self._ours is None and index == 0:
                    self._ours = False
                    return last
                raise _found(FaultKind.CONTENTS, path, index, str(error)) from None
            if told != index:
                raise _found(FaultKind.ORDER, path, index, f"entry {index} says index {told}")
            if time < last:
                reason = f"entry {index} is older than the one before it"
                raise _found(FaultKind.ORDER, path, index, reason)
            last = time
        return last

    def _check_milestones(self, tile: Tile, data: bytes) -> None:
        """Every checkpoint of a size inside `tile`, whose hashes are `data`."""
        start = tile.first_entry()
        levels: list[bytes] = []
        left: list[bytes] = []
        while self._next is not None and self._next.checkpoint.size <= start + tile.width:
            milestone, self._next = self._next, next(self._milestones, None)
            levels = levels or tile_levels(data)
            left = left or self._edge.peaks()
            root = fold(peaks(levels, milestone.checkpoint.size - start) + left)
            if self._doubted:
                continue
            if root != milestone.checkpoint.root:
                self._doubted = milestone
                continue
            self._agreed = milestone.checkpoint.size
            self._held += milestone.held
            self._stored += not milestone.held


def _bundle(tile: Tile) -> Tile:
    return Tile(ENTRIES, tile.index, tile.width)


def _first_difference(one: bytes, other: bytes) -> int:
    """Number of the first hash in which two tiles differ, or at which one of them ends."""
    at = 0
    while one[at : at + HASH_SIZE] == other[at : at + HASH_SIZE]:
        at += HASH_SIZE
    return at // HASH_SIZE


def _found(kind: FaultKind, place: str, index: int | None, reason: str) -> FaultFound:
    return FaultFound(LogFault(kind, place, index, reason))

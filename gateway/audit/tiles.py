"""C2SP tlog-tiles: how the tree is cut into tiles of 256 hashes and named; it never does I/O.

Format: c2sp.org/tlog-tiles. A tile of level L holds the roots of consecutive subtrees of 256**L
leaves; an entry bundle holds the entries below one tile of level 0.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from gateway.audit.encoding import MAX_NUMBER
from gateway.audit.entry import MAX_LEAF
from gateway.audit.faults import Malformed
from gateway.audit.merkle import HASH_SIZE

ENTRIES = -1
"""The level that stands for entry bundles."""
WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""
HEIGHT = 8
"""Levels of the tree between the hashes of a full tile and its root."""

_MAX_LEVEL = 63
_MAX_CACHED = 64
_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)"
    r"/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """The name of a hash tile, or of an entry bundle where `level` is `ENTRIES`."""

    level: int
    index: int
    width: int = WIDTH

    def path(self) -> str:
        """Where it stands below the log's address, for example `tile/1/x001/234.p/7`."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        rest, last = divmod(self.index, 1000)
        index = f"{last:03d}"
        while rest:
            rest, group = divmod(rest, 1000)
            index = f"x{group:03d}/{index}"
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"tile/{level}/{index}{partial}"

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """The tile whose path is exactly `path`."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise Malformed("not the path of a tile")
        level = ENTRIES if match["level"] == "entries" else int(match["level"])
        index = int(re.sub("[x/]", "", match["index"]))
        tile = cls(level, index, int(match["width"] or WIDTH))
        if level > _MAX_LEVEL or index > MAX_NUMBER or tile.path() != path:
            raise Malformed("not the path of a tile")
        return tile

    def full(self) -> "Tile":
        """The full tile in the same place, which may be served where a partial one is asked for."""
        return replace(self, width=WIDTH)

    def parent(self) -> "Tile":
        """The full tile one level up that holds this tile's root."""
        return Tile(self.level + 1, self.index >> HEIGHT)

    def first_entry(self) -> int:
        """Index of the first entry below this tile or in this bundle."""
        return self.entry_at(0)

    def entry_at(self, position: int) -> int:
        """Index of the first entry below a hash of this tile, or of an entry of this bundle."""
        return (self.index * WIDTH + position) << HEIGHT * max(self.level, 0)


def edge_tiles(size: int) -> list[Tile]:
    """The partial tiles of a tree of `size` leaves, lowest level first."""
    tiles = []
    level = 0
    while size:
        size, width = divmod(size, WIDTH)
        if width:
            tiles.append(Tile(level, size, width))
        level += 1
    return tiles


def tile_at(level: int, index: int, size: int) -> Tile:
    """The tile at this place in a tree of `size` leaves, with the width that it has there."""
    width = (size >> HEIGHT * max(level, 0)) - (index << HEIGHT)
    if width <= 0:
        raise ValueError(f"a tree of {size} has no such tile")
    return Tile(level, index, min(width, WIDTH))


def tile_levels(data: bytes) -> list[bytes]:
    """The complete nodes inside a tile, level by level: its own hashes first, each level joined."""
    levels = [data]
    while len(data) >= 2 * HASH_SIZE:
        pairs = range(0, len(data) - HASH_SIZE, 2 * HASH_SIZE)
        data = b"".join([sha256(b"\x01" + data[at : at + 64]).digest() for at in pairs])
        levels.append(data)
    return levels


def tile_root(data: bytes) -> bytes:
    """Root of a full tile, which is one hash of the tile above."""
    return tile_levels(data)[HEIGHT]


def hashes_of(data: bytes) -> list[bytes]:
    """The single hashes of a tile."""
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


class TiledHashes:
    """Subtree hashes of a tree of `size` leaves, read tile by tile: what proofs are made from.

    `read` gives the bytes of a tile, or of the full tile in its place. At most 64 tiles are kept.
    """

    def __init__(self, size: int, read: Callable[[Tile], bytes]) -> None:
        """Tiles are read when they are first needed."""
        self._size = size
        self._read = read
        self._levels: dict[Tile, list[bytes]] = {}

    def at(self, level: int, index: int) -> bytes:
        """Root of the `index`-th subtree of 2**level leaves."""
        tile_level, height = divmod(level, HEIGHT)
        tile_index, position = divmod(index, WIDTH >> height)
        tile = tile_at(tile_level, tile_index, self._size)
        if (position + 1) << height > tile.width:
            raise ValueError(f"a tree of {self._size} has no such subtree")
        return hash_at(self._tile(tile)[height], position)

    def _tile(self, tile: Tile) -> list[bytes]:
        if tile not in self._levels:
            if len(self._levels) == _MAX_CACHED:
                self._levels.clear()
            self._levels[tile] = tile_levels(fit(tile, self._read(tile)))
        return self._levels[tile]


def hash_at(data: bytes, position: int) -> bytes:
    """The hash at `position` of joined hashes."""
    return data[position * HASH_SIZE : (position + 1) * HASH_SIZE]


def fit(tile: Tile, data: bytes) -> bytes:
    """The tile's own hashes out of `data`, which is the tile or the full one in its place."""
    if len(data) not in (tile.width * HASH_SIZE, WIDTH * HASH_SIZE):
        raise Malformed(f"{tile.path()} has {len(data)} bytes")
    return data[: tile.width * HASH_SIZE]


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry after its length in two bytes, big-endian."""
    if any(len(entry) > MAX_LEAF for entry in entries):
        raise Malformed("an entry is longer than 65535 bytes")
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


@dataclass(frozen=True, slots=True)
class Bundle:
    """The entries read from a bundle. `whole` is False where its bytes end inside an entry."""

    entries: list[bytes]
    whole: bool


def read_bundle(data: bytes) -> Bundle:
    """The entries of a bundle, up to where its framing breaks."""
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at + 2 <= end:
        start = at + 2
        at = start + (data[at] << 8 | data[at + 1])
        if at > end:
            return Bundle(entries, whole=False)
        entries.append(data[start:at])
    return Bundle(entries, whole=at == end)

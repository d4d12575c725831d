"""How a tiled tree grows at its right edge; its memory must not depend on the size of the log."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.audit.faults import Malformed
from gateway.audit.merkle import EMPTY_ROOT, HASH_SIZE, node_hash
from gateway.audit.tiles import HEIGHT, WIDTH, Tile, hash_at, tile_levels, tile_root

_FULL = WIDTH * HASH_SIZE


@dataclass(frozen=True, slots=True)
class TileWrite:
    """A tile and the bytes to store under its path."""

    tile: Tile
    data: bytes


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree: for each level, lowest first, the hashes of its unfinished tile.

    That is all it takes to grow the tree and to know its root.
    """

    size: int = 0
    tiles: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        size = self.size
        for data in self.tiles:
            size, width = divmod(size, WIDTH)
            if len(data) != width * HASH_SIZE:
                raise Malformed("the edge does not belong to a tree of this size")
        if size:
            raise Malformed("the edge does not reach the top of its tree")

    def root(self) -> bytes:
        """Root of the whole tree."""
        return fold(self.peaks())

    def peaks(self) -> list[bytes]:
        """Roots of the complete subtrees that make up the tree, the rightmost first."""
        found: list[bytes] = []
        for data in self.tiles:
            found += peaks(tile_levels(data), len(data) // HASH_SIZE)
        return found

    def writes(self) -> list[TileWrite]:
        """The partial tiles that a checkpoint of this size needs."""
        return [
            TileWrite(Tile(level, self.size >> HEIGHT * (level + 1), len(data) // HASH_SIZE), data)
            for level, data in enumerate(self.tiles)
            if data
        ]


@dataclass(frozen=True, slots=True)
class Growth:
    """The edge after growing, and the full tiles that were completed, children before parents."""

    edge: Edge
    full: list[TileWrite]


def grow(edge: Edge, leaves: Sequence[bytes]) -> Growth:
    """Append leaf hashes; call it with a few thousand at a time to stream a log of any size.

    The partial tiles of the new edge are `edge.writes()`; they are worth storing only where a
    checkpoint is signed.
    """
    tiles = list(edge.tiles)
    full: list[TileWrite] = []
    incoming = leaves
    level = 0
    while incoming:
        if level == len(tiles):
            tiles.append(b"")
        data = tiles[level] + b"".join(incoming)
        first = edge.size >> HEIGHT * (level + 1)
        end = len(data) - len(data) % _FULL
        done = [data[at : at + _FULL] for at in range(0, end, _FULL)]
        full += [TileWrite(Tile(level, first + at), tile) for at, tile in enumerate(done)]
        incoming = [tile_root(tile) for tile in done]
        tiles[level] = data[end:]
        level += 1
    return Growth(Edge(edge.size + len(leaves), tuple(tiles)), full)


def peaks(levels: list[bytes], width: int) -> list[bytes]:
    """Roots of the complete subtrees in the first `width` hashes of a tile, rightmost first.

    `levels` is what `tile_levels` gives for the tile or for a wider one.
    """
    return [
        hash_at(levels[height], (width >> height) - 1)
        for height in range(width.bit_length())
        if width >> height & 1
    ]


def fold(peaks: Sequence[bytes]) -> bytes:
    """Root over complete subtrees given rightmost first (RFC 6962 section 2.1)."""
    if not peaks:
        return EMPTY_ROOT
    value = peaks[0]
    for peak in peaks[1:]:
        value = node_hash(peak, value)
    return value

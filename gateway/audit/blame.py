"""Which of two things that disagree is the wrong one; only the signed root is taken at its word."""

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.growth import Edge
from gateway.audit.merkle import HASH_SIZE
from gateway.audit.source import LogSource
from gateway.audit.tiles import HEIGHT, WIDTH, Tile, hash_at, tile_at, tile_root


def unvouched(source: LogSource, signed: Checkpoint, tile: Tile) -> Tile | None:
    """The first tile on the way down from the signed root to `tile` that its parent contradicts.

    None if the signed root vouches for `tile` as it is stored. The tiles of the right edge have no
    parent: together they make the root, and if they do not, the topmost stands for them.
    """
    edge = _stored_edge(source, signed.size)
    if isinstance(edge, Tile):
        return edge
    if edge.root() != signed.root:
        return tile_at(len(edge.tiles) - 1, 0, signed.size)
    way = []
    while tile.index != signed.size >> HEIGHT * (tile.level + 1):
        way.append(tile)
        tile = tile.parent()
    parent = edge.tiles[tile.level]
    for step in reversed(way):
        data = source.read(step)
        expected = hash_at(parent, step.index % WIDTH)
        if data is None or len(data) != WIDTH * HASH_SIZE or tile_root(data) != expected:
            return step
        parent = data
    return None


def read_tile(source: LogSource, tile: Tile) -> bytes | None:
    """The stored hashes of a tile, from the full tile where a partial one is gone."""
    data = source.read(tile)
    if data is None and tile.width < WIDTH:
        data = source.read(tile.full())
        if data is not None and len(data) == WIDTH * HASH_SIZE:
            data = data[: tile.width * HASH_SIZE]
    return data


def _stored_edge(source: LogSource, size: int) -> Edge | Tile:
    """The right edge as it is stored, or the tile that is missing or has the wrong length."""
    tiles = []
    rest, level = size, 0
    while rest:
        rest, width = divmod(rest, WIDTH)
        tile = Tile(level, rest, width)
        data = read_tile(source, tile) if width else b""
        if data is None or len(data) != width * HASH_SIZE:
            return tile
        tiles.append(data)
        level += 1
    return Edge(size, tuple(tiles))

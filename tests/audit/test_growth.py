"""A tree grown in any chunks is the tree of RFC 6962, and every proof from its tiles holds."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.faults import Malformed
from gateway.audit.growth import Edge, TileWrite, grow
from gateway.audit.merkle import (
    EMPTY_ROOT,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
)
from gateway.audit.tiles import Tile, TiledHashes, edge_tiles, tile_at
from tests.audit.logs import naive_root

HASHES = [leaf_hash(b"%d" % number) for number in range(1100)]


@given(
    st.lists(st.integers(0, 300) | st.sampled_from([1, 255, 256, 257, 512]), max_size=6),
    st.data(),
)
@settings(max_examples=60)
def test_any_growth_is_the_tree_by_definition(chunks: list[int], data: st.DataObject) -> None:
    """Roots at every step, proofs of leaves, and consistency with the sizes passed through."""
    edge = Edge()
    stored: dict[Tile, bytes] = {}
    passed = [(0, EMPTY_ROOT)]
    for chunk in chunks:
        grown = grow(edge, HASHES[edge.size : edge.size + chunk])
        edge = grown.edge
        stored |= {write.tile: write.data for write in (*grown.full, *edge.writes())}
        passed.append((edge.size, edge.root()))
    assert passed == [(size, naive_root(HASHES[:size])) for size, _ in passed]

    size, top = passed[-1]
    assert [write.tile for write in edge.writes()] == edge_tiles(size)
    hashes = TiledHashes(size, stored.__getitem__)
    for (old_size, old_root), _ in pairwise(passed):
        if old_size:
            proof = consistency_proof(old_size, size, hashes)
            check_consistency(
                old_size=old_size, new_size=size, old_root=old_root, new_root=top, proof=proof
            )
    if size:
        index = data.draw(st.integers(0, size - 1))
        proof = inclusion_proof(index, size, hashes)
        check_inclusion(index=index, size=size, leaf=HASHES[index], proof=proof, root=top)


def test_every_full_tile_is_written_once_children_first() -> None:
    """What a store has to keep is exactly the tiles of the tree."""
    grown = grow(Edge(), HASHES)
    assert [write.tile for write in grown.full] == [Tile(0, number) for number in range(4)]
    assert [write.tile for write in grown.edge.writes()] == [Tile(0, 4, 76), Tile(1, 0, 4)]
    assert grown.full[3] == TileWrite(Tile(0, 3), b"".join(HASHES[768:1024]))


def test_a_tree_of_three_levels_of_tiles_is_whole() -> None:
    """65,536 leaves fill a tile of level 1 and begin one of level 2."""
    hashes = [number.to_bytes(32, "big") for number in range(65_536 + 256 + 3)]
    grown = grow(Edge(), hashes)
    assert grown.edge.root() == naive_root(hashes)
    kept = {write.tile: write.data for write in (*grown.full, *grown.edge.writes())}
    wanted = {tile_at(0, number, len(hashes)) for number in range(258)}
    assert kept.keys() == wanted | {Tile(1, 0), Tile(1, 1, 1), Tile(2, 0, 1)}
    assert kept[Tile(2, 0, 1)] == naive_root(hashes[:65_536])


@pytest.mark.parametrize(
    ("size", "tiles"),
    [
        (1, ()),
        (0, (bytes(32),)),
        (1, (bytes(31),)),
        (1, (bytes(64),)),
        (256, (b"",)),
        (256, (bytes(8192),)),
        (2, (bytes(64), bytes(32))),
        (-1, ()),
    ],
)
def test_an_edge_that_does_not_fit_its_size_is_refused(size: int, tiles: tuple[bytes, ...]) -> None:
    """A log is never grown from an edge that was truncated or mixed up."""
    with pytest.raises(Malformed):
        Edge(size, tiles)

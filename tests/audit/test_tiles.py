"""Tile paths, bundles and the hashes read from tiles, as c2sp.org/tlog-tiles has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.encoding import MAX_NUMBER
from gateway.audit.entry import MAX_LEAF
from gateway.audit.faults import Malformed
from gateway.audit.merkle import leaf_hash
from gateway.audit.tiles import (
    ENTRIES,
    Bundle,
    Tile,
    TiledHashes,
    edge_tiles,
    encode_bundle,
    read_bundle,
    tile_at,
)
from tests.audit.logs import build, leaves, naive_root

tiles = st.builds(Tile, st.integers(ENTRIES, 63), st.integers(0, MAX_NUMBER), st.integers(1, 256))


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 0, 1), "tile/0/000.p/1"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(0, 1000), "tile/0/x001/000"),
        (Tile(2, 1234067), "tile/2/x001/x234/067"),
        (Tile(63, 70, 255), "tile/63/070.p/255"),
        (Tile(ENTRIES, 273, 112), "tile/entries/273.p/112"),
    ],
)
def test_paths_are_spelled_as_the_format_shows(tile: Tile, path: str) -> None:
    """The examples of the specification, both ways."""
    assert tile.path() == path
    assert Tile.parse(path) == tile


@given(tiles)
def test_a_path_names_its_tile(tile: Tile) -> None:
    """Every tile has one path and is found by it."""
    assert Tile.parse(tile.path()) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001/x002",
        "tile/0/x1/234",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p/1/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/../0/000",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/000\n",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/" + "x001/" * 40 + "000",
    ],
)
def test_any_other_spelling_of_a_path_is_refused(path: str) -> None:
    """No second name for a tile, no way out of the folder, no number without end."""
    with pytest.raises(Malformed):
        Tile.parse(path)


@given(st.text("tile/entris0123456789xp.", max_size=40))
def test_a_path_that_parses_is_the_one_spelling(path: str) -> None:
    """Whatever is accepted is spelled exactly so."""
    try:
        tile = Tile.parse(path)
    except Malformed:
        return
    assert tile.path() == path


def test_the_edge_of_a_tree_is_what_the_format_works_out() -> None:
    """The specification's example of 70,000 leaves, and the full and the empty tree."""
    assert edge_tiles(70_000) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert edge_tiles(256) == [Tile(1, 0, 1)]
    assert edge_tiles(0) == []


def test_a_tile_has_the_width_that_its_tree_gives_it() -> None:
    """Full inside, partial at the edge, and beyond it there is none."""
    assert tile_at(0, 272, 70_000) == Tile(0, 272)
    assert tile_at(0, 273, 70_000) == Tile(0, 273, 112)
    assert tile_at(1, 1, 70_000) == Tile(1, 1, 17)
    assert tile_at(ENTRIES, 273, 70_000) == Tile(ENTRIES, 273, 112)
    with pytest.raises(ValueError, match="no such tile"):
        tile_at(0, 274, 70_000)


def test_tiles_know_the_entries_below_them() -> None:
    """The first entry of a tile, of its parent and of a bundle."""
    assert Tile(0, 3).first_entry() == Tile(ENTRIES, 3).first_entry() == 768
    assert Tile(1, 2).first_entry() == 2 * 65536
    assert Tile(0, 700).parent() == Tile(1, 2)


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    """Empty entries included."""
    assert read_bundle(encode_bundle(entries)) == Bundle(entries, whole=True)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=9), st.data())
def test_a_cut_bundle_gives_the_entries_before_the_cut(
    entries: list[bytes], data: st.DataObject
) -> None:
    """What stands whole before the cut is read, and the rest is known to be missing."""
    raw = encode_bundle(entries)
    cut = data.draw(st.integers(0, len(raw) - 1))
    bundle = read_bundle(raw[:cut])
    assert bundle.entries == entries[: len(bundle.entries)]
    assert bundle.whole == (encode_bundle(bundle.entries) == raw[:cut])


def test_an_entry_too_long_for_a_bundle_is_refused() -> None:
    """The length has 16 bits."""
    assert len(encode_bundle([bytes(MAX_LEAF)])) == MAX_LEAF + 2
    with pytest.raises(Malformed):
        encode_bundle([bytes(MAX_LEAF + 1)])


def test_hashes_are_read_from_partial_or_full_tiles() -> None:
    """A full tile may stand where a partial one of an earlier tree is gone."""
    entries = leaves(600)
    log = build(entries, chunks=(300,))
    exact = TiledHashes(300, log.resources.__getitem__)
    stand_in = TiledHashes(300, lambda tile: log.resources[tile.full()])
    assert exact.at(0, 299) == stand_in.at(0, 299) == leaf_hash(entries[299])
    exact_hashes = [leaf_hash(entry) for entry in entries[296:300]]
    assert exact.at(2, 74) == stand_in.at(2, 74) == naive_root(exact_hashes)


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(43 * 32), bytes(45 * 32), bytes(257 * 32)])
def test_a_tile_of_another_length_is_refused(data: bytes) -> None:
    """Neither too short, nor too long, nor a broken hash."""
    with pytest.raises(Malformed, match=r"tile/0/001\.p/44 has \d+ bytes"):
        TiledHashes(300, lambda _tile: data).at(0, 299)


def test_a_subtree_beyond_the_edge_is_refused() -> None:
    """Only complete subtrees have a hash."""
    log = build(leaves(300))
    hashes = TiledHashes(300, log.resources.__getitem__)
    for level, index in ((0, 300), (3, 37), (8, 1), (9, 0)):
        with pytest.raises(ValueError, match="no such"):
            hashes.at(level, index)


def test_only_so_many_tiles_are_kept() -> None:
    """A walk over a long log reads tiles again rather than keep them all."""
    log = build(leaves(256 * 70))
    reads: list[Tile] = []

    def read(tile: Tile) -> bytes:
        reads.append(tile)
        return log.resources[tile]

    hashes = TiledHashes(256 * 70, read)
    for _ in range(2):
        for number in range(70):
            hashes.at(0, number * 256)
    assert len(reads) > 70
    assert len(hashes._levels) <= 64

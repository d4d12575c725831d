"""Tampering with a stored log, one resource at a time: each change is found, and found where it is.

The attacker of these tests can write everything that the log stores but does not have its key.
"""

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.tiles import ENTRIES, WIDTH, Tile, encode_bundle, hashes_of, read_bundle
from gateway.audit.verdict import FaultKind, LogFault
from gateway.audit.verify import verify_log
from tests.audit.logs import VKEY, MemoryLog, build, leaves
from tests.audit.tampering import rearranged, spoilt

LOG = build(leaves(600))
BUNDLES = [tile for tile in LOG.resources if tile.level == ENTRIES]
HASH_TILES = [tile for tile in LOG.resources if tile.level != ENTRIES]


def found(log: MemoryLog) -> LogFault:
    verdict = verify_log(log, VKEY)
    assert isinstance(verdict, LogFault)
    return verdict


def first_difference(old: list[bytes], new: list[bytes]) -> int:
    pairs = zip(old, new, strict=False)
    differing = (at for at, (one, other) in enumerate(pairs) if one != other)
    return next(differing, min(len(old), len(new)))


@given(st.sampled_from(BUNDLES), st.data())
@settings(max_examples=150)
def test_spoilt_bytes_of_a_bundle_are_found_in_their_entry(tile: Tile, data: st.DataObject) -> None:
    """Whichever bit, length prefix or cut: the fault names the entry in which the bytes differ."""
    old = LOG.resources[tile]
    new = data.draw(spoilt(old))
    log = LOG.copy()
    log.resources[tile] = new
    fault = found(log)
    changed = (at for at in range(len(new)) if new[at : at + 1] != old[at : at + 1])
    at = next(changed, len(new))
    ends = list(accumulate(len(entry) + 2 for entry in read_bundle(old).entries))
    entry = sum(end <= at for end in ends)
    assert (fault.kind, fault.place) == (FaultKind.ENTRY, tile.path())
    assert fault.index == (tile.first_entry() + entry if entry < tile.width else None)


@given(st.sampled_from(BUNDLES), st.data())
@settings(max_examples=150)
def test_rearranged_entries_are_found_at_the_first(tile: Tile, data: st.DataObject) -> None:
    """Dropped, doubled, swapped, reversed, replaced or added within a bundle."""
    old = read_bundle(LOG.resources[tile]).entries
    new = data.draw(rearranged(old).filter(lambda parts: parts != old))
    log = LOG.copy()
    log.resources[tile] = encode_bundle(new)
    fault = found(log)
    position = first_difference(old, new)
    assert (fault.kind, fault.place) == (FaultKind.ENTRY, tile.path())
    assert fault.index == (tile.first_entry() + position if position < len(old) else None)


@given(st.sampled_from(HASH_TILES), st.data())
@settings(max_examples=150)
def test_a_spoilt_hash_tile_is_named(tile: Tile, data: st.DataObject) -> None:
    """Full or partial, of any level: flipped, cut, lengthened or with its hashes rearranged."""
    old = LOG.resources[tile]
    hashes = hashes_of(old)
    new = data.draw(spoilt(old) | rearranged(hashes).map(b"".join).filter(lambda new: new != old))
    log = LOG.copy()
    log.resources[tile] = new
    fault = found(log)
    first = first_difference(hashes, hashes_of(new))
    index = tile.first_entry() + first * WIDTH**tile.level
    assert (fault.kind, fault.place, fault.index) == (FaultKind.TILE, tile.path(), index)


@pytest.mark.parametrize("tile", [*BUNDLES, *HASH_TILES], ids=Tile.path)
def test_a_dropped_resource_is_named(tile: Tile) -> None:
    """No bundle and no tile can be left out."""
    log = LOG.copy()
    del log.resources[tile]
    fault = found(log)
    expected = (FaultKind.MISSING, tile.path(), tile.first_entry())
    assert (fault.kind, fault.place, fault.index) == expected


@pytest.mark.parametrize("tiles", [BUNDLES[:2], HASH_TILES[:2]], ids=["bundles", "tiles"])
def test_two_swapped_resources_are_found_at_the_first(tiles: list[Tile]) -> None:
    """A full one in the place of another."""
    log = LOG.copy()
    one, other = tiles
    log.resources[one], log.resources[other] = log.resources[other], log.resources[one]
    fault = found(log)
    assert (fault.place, fault.index) == (one.path(), 0)


@pytest.mark.parametrize("numbers", [(0,), (1,), (2,), (0, 1)])
def test_a_bundle_moved_with_its_tile_is_found(numbers: tuple[int, ...]) -> None:
    """Entries and their hashes taken together from another log of the same size."""
    other = build([entry.replace(b"dachser", b"dachsen") for entry in leaves(600)])
    log = LOG.copy()
    for tile in [tile for tile in log.resources if tile.level < 1 and tile.index in numbers]:
        log.resources[tile] = other.resources[tile]
    fault = found(log)
    first = numbers[0] * WIDTH
    path = f"tile/0/{numbers[0]:03d}"
    if numbers == (2,):
        assert (fault.kind, fault.index) == (FaultKind.REWRITTEN, 0)
    else:
        assert (fault.kind, fault.place, fault.index) == (FaultKind.ENTRY, path, first)


@given(st.data())
def test_a_spoilt_checkpoint_is_named(data: st.DataObject) -> None:
    """Any bit, any cut, any bytes after the end."""
    assert LOG.note is not None
    log = LOG.copy()
    log.note = data.draw(spoilt(LOG.note))
    fault = found(log)
    assert (fault.kind, fault.place, fault.index) == (FaultKind.CHECKPOINT, "checkpoint", None)


@given(st.integers(1, 599))
@settings(max_examples=30)
def test_a_log_cut_short_under_its_checkpoint_is_found(size: int) -> None:
    """Every tile redone for fewer entries: the signed size asks for what is gone."""
    log = build(leaves(600)[:size])
    log.note = LOG.note
    fault = found(log)
    assert fault.kind in (FaultKind.MISSING, FaultKind.ENTRY, FaultKind.TILE)
    assert fault.index is not None
    assert fault.index <= size

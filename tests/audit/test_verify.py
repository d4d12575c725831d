"""Whole logs: what is sound verifies, whoever wrote it, and what is not is named with its place."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.audit.checkpoint import Checkpoint, sign_checkpoint
from gateway.audit.merkle import EMPTY_ROOT
from gateway.audit.note import Algorithm, Signer
from gateway.audit.source import LogDirectory
from gateway.audit.tiles import ENTRIES, Tile
from gateway.audit.verdict import FaultKind, LogFault, LogReport
from gateway.audit.verify import verify_log
from tests.audit.logs import ORIGIN, SIGNER, VKEY, MemoryLog, build, leaf, leaves

MINE = leaves(600)
CHUNKS = (255, 2, 100, 156)


def note(log: MemoryLog) -> bytes:
    assert log.note is not None
    return log.note


def fault(log: MemoryLog, *, held: Sequence[bytes] = (), ours: bool | None = None) -> LogFault:
    verdict = verify_log(log, VKEY, held=held, ours=ours)
    assert isinstance(verdict, LogFault)
    assert verdict.reason
    return verdict


def report(log: MemoryLog, *, held: Sequence[bytes] = (), ours: bool | None = None) -> LogReport:
    verdict = verify_log(log, VKEY, held=held, ours=ours)
    assert isinstance(verdict, LogReport), verdict
    return verdict


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, 600])
def test_a_sound_log_of_ours_verifies(size: int) -> None:
    """With its checkpoint, its earlier checkpoints and the time it spans."""
    found = report(build(MINE[:size], CHUNKS))
    passed = [end for end in (255, 257, 357, 513) if end < size]
    assert (found.checkpoint.origin, found.checkpoint.size) == (ORIGIN, size)
    assert (found.stored, found.held, found.ours) == (len(passed), 0, True)
    assert found.first_time == "2026-11-23T08:00:00.000000Z"
    assert found.last_time == f"2026-11-23T08:00:00.{size - 1:03d}000Z"


def test_an_empty_log_verifies() -> None:
    """With a checkpoint of the empty tree, before and after."""
    empty = sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), SIGNER)
    found = report(MemoryLog(empty, [empty]), held=[empty])
    assert (found.checkpoint.size, found.stored, found.held) == (0, 1, 1)
    assert (found.first_time, found.last_time) == (None, None)
    log = build(MINE[:3])
    log.earlier.append(empty)
    assert report(log).stored == 1


def test_a_log_of_three_levels_verifies_and_its_upper_tiles_are_held_to_account() -> None:
    """65,536 entries and more: a full tile of level 1, and faults found beneath it."""
    entries = [b"%d" % number for number in range(65_536 + 300)]
    log = build(entries, chunks=(65_000, 600))
    assert report(log).stored == 2

    spoilt = log.copy()
    spoilt.resources[Tile(1, 0)] = flip(log.resources[Tile(1, 0)], 33)
    assert located(fault(spoilt)) == (FaultKind.TILE, "tile/1/000", 256)

    spoilt = log.copy()
    del spoilt.resources[Tile(1, 0)]
    assert located(fault(spoilt)) == (FaultKind.MISSING, "tile/1/000", 0)

    rewritten = build([*entries[:700], b"forged", *entries[701:]])
    spoilt = log.copy()
    for tile in (Tile(ENTRIES, 2), Tile(0, 2)):
        spoilt.resources[tile] = rewritten.resources[tile]
    spoilt.earlier = []
    assert located(fault(spoilt)) == (FaultKind.ENTRY, "tile/0/002", 512)

    spoilt.resources[Tile(1, 0)] = rewritten.resources[Tile(1, 0)]
    assert located(fault(spoilt)) == (FaultKind.TILE, "tile/1/000.p/253", 512)
    del spoilt.resources[Tile(1, 0, 253)]
    assert located(fault(spoilt)) == (FaultKind.ENTRY, "tile/1/000", 0)

    spoilt.resources[Tile(2, 0, 1)] = rewritten.resources[Tile(2, 0, 1)]
    assert located(fault(spoilt)) == (FaultKind.REWRITTEN, "checkpoint", 0)


def test_a_stranger_s_log_verifies_by_its_structure() -> None:
    """Arbitrary entries, empty ones included, are hashed and counted, not read."""
    log = build([b"", b"\xff\x00", b"{}", *MINE[3:300]])
    found = report(log)
    assert (found.ours, found.checkpoint.size, found.first_time) == (False, 300, None)


def test_a_log_that_must_be_ours_is_refused_with_foreign_entries() -> None:
    """The first entry does not get to decide where the caller knows better."""
    log = build([b"foreign", *MINE[1:3]])
    assert located(fault(log, ours=True)) == (FaultKind.CONTENTS, "tile/entries/000.p/3", 0)


def test_a_foreign_entry_in_a_log_of_ours_is_refused() -> None:
    """Even signed: after the first entry of ours, all must be."""
    log = build([*MINE[:260], b'{"note":"x"}', *MINE[261:300]])
    assert located(fault(log)) == (FaultKind.CONTENTS, "tile/entries/001.p/44", 260)


def test_a_foreign_log_may_be_declared_foreign() -> None:
    """Then nothing is asked of its entries."""
    assert report(build([*MINE[:3], b"x"]), ours=False).ours is False


def test_signed_gaps_and_repetitions_in_the_numbering_are_refused() -> None:
    """Entries count 0, 1, 2, …; the operator's signature does not excuse a gap."""
    gap = build([*MINE[:5], *MINE[6:]])
    assert located(fault(gap)) == (FaultKind.ORDER, "tile/entries/000", 5)
    doubled = build([*MINE[:300], MINE[299], *MINE[300:]])
    assert located(fault(doubled)) == (FaultKind.ORDER, "tile/entries/001", 300)


def test_a_signed_step_back_in_time_is_refused() -> None:
    """Time never runs backwards, across bundles as well; standing still is allowed."""
    late = b'"time":"2026-11-23T09:00:00.000000Z"}'
    early = b'"time":"2026-11-23T07:00:00.000000Z"}'
    cut = -len(late)
    back = build([*MINE[:256], MINE[256][:cut] + early, *MINE[257:300]])
    assert located(fault(back)) == (FaultKind.ORDER, "tile/entries/001.p/44", 256)
    assert report(build([entry[:cut] + late for entry in MINE])).ours


def test_a_full_tile_may_stand_where_a_partial_one_is_gone() -> None:
    """A log that grew past its checkpoint may have dropped its partial tiles."""
    log = build(MINE[:512], chunks=(300,))
    log.note = log.earlier.pop()
    for tile in [tile for tile in log.resources if tile.level < 1 and tile.width < 256]:
        del log.resources[tile]
    assert report(log).checkpoint.size == 300
    log.resources[Tile(0, 1)] = flip(log.resources[Tile(0, 1)], 0)
    assert located(fault(log)) == (FaultKind.TILE, "tile/0/001.p/44", 256)


def test_larger_tiles_than_the_checkpoint_needs_are_left_alone() -> None:
    """The log may be ahead of the checkpoint that is verified."""
    log = build(MINE[:300], chunks=(270,))
    log.note = log.earlier.pop()
    assert report(log).checkpoint.size == 270


@pytest.mark.parametrize(
    ("tile", "at", "kind", "index"),
    [
        (Tile(0, 0, 255), 9 * 32, FaultKind.TILE, 9),
        (Tile(0, 2, 1), 31, FaultKind.TILE, 512),
        (Tile(1, 0, 1), 0, FaultKind.TILE, 0),
        (Tile(ENTRIES, 0, 255), 500, FaultKind.ENTRY, 1),
        (Tile(ENTRIES, 2, 1), 0, FaultKind.ENTRY, 512),
    ],
)
def test_partial_tiles_of_earlier_sizes_are_verified_too(
    tile: Tile, at: int, kind: FaultKind, index: int
) -> None:
    """Whoever fetched an earlier checkpoint is served from them."""
    log = build(MINE, CHUNKS)
    log.resources[tile] = flip(log.resources[tile], at)
    assert located(fault(log)) == (kind, tile.path(), index)


def test_a_log_without_checkpoint_or_key_is_refused() -> None:
    """Nothing to verify, or nothing to verify with."""
    assert located(fault(MemoryLog())) == (FaultKind.CHECKPOINT, "checkpoint", None)
    verdict = verify_log(build(MINE), "nonsense")
    assert isinstance(verdict, LogFault)
    assert verdict.kind == FaultKind.KEY


def test_a_checkpoint_under_another_key_or_name_is_refused() -> None:
    """A key of the same name, and the log of another name."""
    false = Signer(ORIGIN, Algorithm.ED25519, b"x" * 32)
    assert located(fault(build(MINE, signer=false)))[:2] == (FaultKind.CHECKPOINT, "checkpoint")
    verdict = verify_log(build(MINE), VKEY, origin="other.example")
    assert isinstance(verdict, LogFault)
    assert verdict.kind == FaultKind.CHECKPOINT


def test_held_checkpoints_are_found_in_the_log() -> None:
    """In any order, more than once, of any size it passed through."""
    log = build(MINE, CHUNKS)
    held = [note(build(MINE[:size])) for size in (600, 17, 1, 256, 300, 17)]
    found = report(log, held=held)
    assert (found.stored, found.held) == (4, 6)


def test_a_log_that_was_cut_is_found_out_by_a_held_checkpoint() -> None:
    """An operator with the key can sign a shorter log, but not undo what others hold."""
    cut = build(MINE[:500])
    assert report(cut)
    found = fault(cut, held=[note(build(MINE))])
    assert located(found) == (FaultKind.TRUNCATED, "held checkpoint 1", 500)


def test_a_log_that_was_rewritten_and_signed_anew_is_found_out_by_a_held_checkpoint() -> None:
    """The first entry that can be forged lies after the last checkpoint that agrees."""
    forged = build([*MINE[:400], leaf(400, carrier="other"), *MINE[401:]])
    assert report(forged)
    held = [note(build(MINE[:size])) for size in (390, 450)]
    found = fault(forged, held=held)
    assert located(found) == (FaultKind.CONTRADICTION, "held checkpoint 2", 390)


def test_a_checkpoint_that_contradicts_the_latest_is_found_in_the_history() -> None:
    """Two signed states of which neither continues the other."""
    log = build(MINE, CHUNKS)
    log.earlier[2] = note(build([*MINE[:300], b"other", *MINE[301:357]]))
    found = fault(log)
    assert located(found) == (FaultKind.CONTRADICTION, "stored checkpoint 3", 257)


def test_a_history_that_shrinks_or_outgrows_the_log_is_refused() -> None:
    """A log never gets smaller."""
    log = build(MINE, CHUNKS)
    log.earlier[1:3] = reversed(log.earlier[1:3])
    assert located(fault(log)) == (FaultKind.TRUNCATED, "stored checkpoint 3", 257)
    log = build(MINE[:500], CHUNKS)
    log.earlier.append(note(build(MINE)))
    assert located(fault(log)) == (FaultKind.TRUNCATED, "stored checkpoint 4", 500)


def test_an_earlier_checkpoint_that_is_not_the_log_s_is_refused() -> None:
    """Damaged, of another log, or by another key."""
    log = build(MINE, CHUNKS)
    log.earlier[1] = flip(log.earlier[1], 3)
    assert located(fault(log)) == (FaultKind.CHECKPOINT, "stored checkpoint 2", None)
    other = sign_checkpoint(replace(Checkpoint(ORIGIN, 1, bytes(32)), origin="other"), SIGNER)
    found = fault(build(MINE), held=[other])
    assert located(found) == (FaultKind.CHECKPOINT, "held checkpoint 1", None)


def test_entries_and_tiles_rewritten_together_are_placed_between_checkpoints() -> None:
    """Without the key: everything fits but the signed roots, and the last that agrees says where."""
    log = build(MINE, CHUNKS)
    forged = build([*MINE[:300], leaf(300, carrier="other"), *MINE[301:]], CHUNKS)
    log.resources = forged.resources
    found = fault(log)
    assert located(found) == (FaultKind.REWRITTEN, "stored checkpoint 3", 257)


def test_two_faults_at_once_are_still_placed() -> None:
    """A changed entry under a damaged upper tile, and under a damaged edge."""
    entries = [b"%d" % number for number in range(65_536 + 300)]
    log = build(entries)
    log.resources[Tile(1, 0)] = flip(log.resources[Tile(1, 0)], 0)
    log.resources[Tile(0, 1)] = flip(log.resources[Tile(0, 1)], 0)
    found = fault(log)
    assert located(found) == (FaultKind.TILE, "tile/0/001", 256)
    assert "tile/1/000" in found.reason
    log.resources[Tile(2, 0, 1)] = flip(log.resources[Tile(2, 0, 1)], 0)
    found = fault(log)
    assert located(found) == (FaultKind.TILE, "tile/0/001", 256)
    assert "tile/2/000.p/1" in found.reason
    del log.resources[Tile(2, 0, 1)]
    assert "tile/2/000.p/1" in fault(log).reason


def test_progress_is_told_to_the_end() -> None:
    """Entries done and entries there are, after each bundle."""
    told: list[tuple[int, int]] = []
    verify_log(build(MINE), VKEY, progress=lambda done, total: told.append((done, total)))
    assert told == [(256, 600), (512, 600), (600, 600)]


def test_a_log_on_disk_verifies_and_its_faults_are_found(tmp_path: Path) -> None:
    """The layout of c2sp.org/tlog-tiles below one folder, stray files left alone."""
    log = build(MINE, CHUNKS)
    folder = log.write(tmp_path / "log")
    (folder / "tile" / "0" / "000.p" / "256").write_bytes(b"stray")
    (folder / "tile" / "0" / "000.p" / "note.txt").write_bytes(b"stray")
    assert isinstance(verify_log(LogDirectory(folder), VKEY), LogReport)
    plain = build(MINE[:256]).write(tmp_path / "plain")
    assert isinstance(verify_log(LogDirectory(plain), VKEY), LogReport)

    partial = folder / Tile(0, 1, 1).path()
    partial.write_bytes(flip(partial.read_bytes(), 0))
    verdict = verify_log(LogDirectory(folder), VKEY)
    assert isinstance(verdict, LogFault)
    assert verdict.place == "tile/0/001.p/1"

    (folder / "tile" / "entries" / "001").unlink()
    verdict = verify_log(LogDirectory(folder), VKEY)
    assert isinstance(verdict, LogFault)
    assert located(verdict) == (FaultKind.MISSING, "tile/entries/001", 256)


def test_a_folder_that_is_no_log_is_refused(tmp_path: Path) -> None:
    """Nothing there, or something else in its place."""
    for folder in (tmp_path, tmp_path / "none", Path(__file__)):
        verdict = verify_log(LogDirectory(folder), VKEY)
        assert isinstance(verdict, LogFault)
        assert located(verdict) == (FaultKind.CHECKPOINT, "checkpoint", None)


def located(found: LogFault) -> tuple[FaultKind, str, int | None]:
    return found.kind, found.place, found.index


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]

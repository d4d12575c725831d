"""A log of ours, its receipts and proofs are accepted by golang.org/x/mod/sumdb, and its notes by us."""

import json
import subprocess
from pathlib import Path

import pytest

from gateway.audit.checkpoint import Checkpoint, open_checkpoint
from gateway.audit.encoding import encode_base64
from gateway.audit.merkle import consistency_proof, root
from gateway.audit.note import Note, Signer, Verifier
from gateway.audit.tiles import ENTRIES, Tile, TiledHashes
from tests.audit.logs import VKEY, build, leaves, receipt

SIZES = (1, 2, 255, 256, 257, 511, 512, 700)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    entries = leaves(700)
    log = build(entries, chunks=(255, 2, 255))
    hashes = TiledHashes(700, log.resources.__getitem__)
    folder = log.write(tmp_path_factory.mktemp("log"))
    claims = {
        "receipts": [receipt(log, entries, index).as_json() for index in (0, 1, 255, 256, 699)],
        "consistency": [
            _consistency(old, new, hashes) for old in SIZES for new in SIZES if old < new
        ],
    }
    (folder / "claims.json").write_text(json.dumps(claims))
    return folder


def test_go_accepts_our_log_its_receipts_and_its_consistency_proofs(
    go_checker: Path, directory: Path
) -> None:
    """Root, tiles, signature, receipts and proofs of ours hold in an implementation not ours."""
    answer = subprocess.run([go_checker, directory, VKEY], capture_output=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, b"")


def test_go_refuses_our_log_with_one_changed_entry(
    go_checker: Path, directory: Path, tmp_path: Path
) -> None:
    """The independent check is one that can fail."""
    log = build(leaves(3))
    bundle = Tile(ENTRIES, 0, 3)
    log.resources[bundle] = log.resources[bundle].replace(b"dachser", b"dachsen")
    folder = log.write(tmp_path)
    (folder / "claims.json").write_text("{}")
    answer = subprocess.run([go_checker, folder, VKEY], capture_output=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr == b"the entries do not have the signed root\n"


@pytest.mark.parametrize("claim", ["receipts", "consistency"])
def test_go_refuses_a_false_claim(
    go_checker: Path, directory: Path, tmp_path: Path, claim: str
) -> None:
    """A receipt of another entry, or a consistency proof of another size, fails there."""
    entries = leaves(700)
    log = build(entries)
    hashes = TiledHashes(700, log.resources.__getitem__)
    swapped = {**receipt(log, entries, 5).as_json(), "entry": encode_base64(entries[6])}
    claims = {"receipts": [swapped], "consistency": [_consistency(3, 9, hashes) | {"oldSize": 4}]}
    (log.write(tmp_path) / "claims.json").write_text(json.dumps({claim: claims[claim]}))
    answer = subprocess.run([go_checker, tmp_path, VKEY], capture_output=True, check=False)
    assert answer.returncode == 1
    assert b"proof" in answer.stderr


def test_a_checkpoint_that_go_signed_opens_here(go_checker: Path, directory: Path) -> None:
    """Keys and notes made by golang.org/x/mod are read here, and our spelling of them is the same."""
    answer = subprocess.run([go_checker, directory, VKEY], capture_output=True, check=True)
    vkey, secret, note = answer.stdout.decode().split("\n", 2)
    verifier = Verifier.parse(vkey)
    signer = Signer.parse(secret)
    assert verifier.vkey() == signer.verifier.vkey() == vkey
    assert signer.secret() == secret
    checkpoint = open_checkpoint(note.encode(), verifier)
    assert checkpoint == Checkpoint("go.example/log", 700, checkpoint.root)
    assert Note(checkpoint.text(), (signer.sign(checkpoint.text()),)).encode() == note.encode()


def _consistency(old: int, new: int, hashes: TiledHashes) -> dict[str, object]:
    return {
        "oldSize": old,
        "newSize": new,
        "oldRoot": encode_base64(root(old, hashes)),
        "newRoot": encode_base64(root(new, hashes)),
        "proof": [encode_base64(value) for value in consistency_proof(old, new, hashes)],
    }

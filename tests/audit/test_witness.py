"""What is said to a witness and what of its answer is kept."""

import pytest

from gateway.audit.checkpoint import Checkpoint, Cosigned, cosigned_by, open_checkpoint
from gateway.audit.encoding import decode_base64
from gateway.audit.faults import Malformed, SignatureRefused
from gateway.audit.merkle import check_consistency, consistency_proof, root
from gateway.audit.note import Algorithm, Signer
from gateway.audit.tiles import TiledHashes
from gateway.audit.witness import add_checkpoint, add_cosignatures, conflict_size
from tests.audit.logs import SIGNER, build, leaves

LOG = build(leaves(300))
NOTE = LOG.note or b""
CHECKPOINT = open_checkpoint(NOTE, SIGNER.verifier)
WITNESS = Signer("witness.example/w1", Algorithm.COSIGNATURE_V1, b"w" * 32)
OTHER = Signer("witness.example/w2", Algorithm.COSIGNATURE_V1, b"x" * 32)


def line(signer: Signer, time: int, checkpoint: Checkpoint = CHECKPOINT) -> bytes:
    return signer.cosign(checkpoint.text(), time).line().encode()


def test_a_request_has_what_a_witness_needs_to_check_it() -> None:
    """Old size, consistency proof line by line, and the signed checkpoint."""
    hashes = TiledHashes(300, LOG.resources.__getitem__)
    body = add_checkpoint(257, consistency_proof(257, 300, hashes), NOTE)
    head, _, checkpoint = body.decode().partition("\n\n")
    old, *proof = head.split("\n")
    assert old == "old 257"
    assert checkpoint.encode() == NOTE
    check_consistency(
        old_size=257,
        new_size=300,
        old_root=root(257, hashes),
        new_root=CHECKPOINT.root,
        proof=[decode_base64(text) for text in proof],
    )


def test_the_first_request_has_no_proof() -> None:
    """Nothing can be proven from the empty tree."""
    assert add_checkpoint(0, (), NOTE) == b"old 0\n\n" + NOTE


def test_a_witness_s_own_lines_are_added() -> None:
    """Those of other keys in its answer are not; the log's signature stays."""
    note = add_cosignatures(NOTE, line(OTHER, 5) + line(WITNESS, 7), WITNESS.verifier)
    known = [WITNESS.verifier, OTHER.verifier]
    assert cosigned_by(note, known) == (Cosigned("witness.example/w1", 7),)
    assert open_checkpoint(note, SIGNER.verifier) == CHECKPOINT
    note = add_cosignatures(note, line(OTHER, 9), OTHER.verifier)
    assert cosigned_by(note, known) == (
        Cosigned("witness.example/w1", 7),
        Cosigned("witness.example/w2", 9),
    )


def test_a_newer_cosignature_replaces_the_older() -> None:
    """One word per witness: the latest."""
    note = add_cosignatures(NOTE, line(WITNESS, 7), WITNESS.verifier)
    note = add_cosignatures(note, line(WITNESS, 8), WITNESS.verifier)
    assert cosigned_by(note, [WITNESS.verifier]) == (Cosigned("witness.example/w1", 8),)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\n",
        b"cosigned\n",
        b"\xff\n",
        line(WITNESS, 7)[:-1],
        line(WITNESS, 7) + b"\n",
        line(OTHER, 7),
        line(WITNESS, 7, Checkpoint(CHECKPOINT.origin, 299, CHECKPOINT.root)),
        line(WITNESS, 7) + line(WITNESS, 8, Checkpoint("other", 300, CHECKPOINT.root)),
    ],
)
def test_an_answer_without_a_valid_cosignature_is_refused(answer: bytes) -> None:
    """Nothing, noise, another witness's word, or a word on another checkpoint."""
    with pytest.raises((Malformed, SignatureRefused)):
        add_cosignatures(NOTE, answer, WITNESS.verifier)


def test_a_conflict_tells_the_size_to_start_from() -> None:
    """Decimal and a newline, as c2sp.org/tlog-witness has it."""
    assert conflict_size(b"20852014\n") == 20852014
    for answer in (b"", b"5", b"05\n", b"5\n6\n", b"-1\n", b"\xff\n", b"5 \n"):
        with pytest.raises(Malformed):
            conflict_size(answer)

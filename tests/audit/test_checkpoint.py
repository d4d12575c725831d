"""Checkpoints and cosignatures: strict text, the right log, and a witness's word with its time."""

import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit import cosignature
from gateway.audit.checkpoint import (
    Checkpoint,
    Cosigned,
    cosigned_by,
    open_checkpoint,
    sign_checkpoint,
)
from gateway.audit.encoding import MAX_NUMBER
from gateway.audit.faults import Malformed, SignatureRefused
from gateway.audit.merkle import EMPTY_ROOT
from gateway.audit.note import Algorithm, Note, Signature, Signer, Verifier
from tests.audit.logs import ORIGIN, SIGNER

CHECKPOINT = Checkpoint(ORIGIN, 20852163, bytes(range(32)))
WITNESS = Signer("witness.example/w1", Algorithm.COSIGNATURE_V1, b"w" * 32)
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@given(names, st.integers(1, MAX_NUMBER), st.binary(min_size=32, max_size=32), st.lists(names))
def test_a_checkpoint_reads_back(origin: str, size: int, root: bytes, lines: list[str]) -> None:
    """Text and value are one to one, whatever origin and extensions say."""
    checkpoint = Checkpoint(origin, size, root, tuple(lines))
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


def test_the_text_is_the_format_s() -> None:
    """Origin, size and root hash, each on its line."""
    assert Checkpoint("example.com/log", 0, EMPTY_ROOT).text() == (
        "example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("20852163", "020852163"),
        ("20852163", "+20852163"),
        ("20852163", "-1"),
        ("20852163", ""),
        ("20852163", " 20852163"),
        ("20852163", "2_0"),
        ("20852163", "\u0662"),
        ("20852163", "0x10"),
        ("20852163", "1e3"),
        ("20852163", "0"),
        ("20852163", "9223372036854775808"),
        ("20852163", "9" * 5000),
        (ORIGIN, ""),
        ("Hh8=\n", "Hh8\n"),
        ("Hh8=\n", "Hh9=\n"),
        ("Hh8=\n", "Hh8==\n"),
        ("Hh8=\n", "Hh8= \n"),
        ("Hh8=\n", "\n"),
        ("Hh8=\n", "Hh8="),
        ("Hh8=\n", "Hh8=\n\n"),
        ("Hh8=\n", "Hh8=\next\n\n"),
        ("AAEC", ""),
        ("AAEC", "AAECAAEC"),
    ],
)
def test_a_checkpoint_spelled_otherwise_is_refused(old: str, new: str) -> None:
    """Integers and base64 have one spelling, no line is empty, an empty tree has one root."""
    text = CHECKPOINT.text()
    assert old in text
    with pytest.raises(Malformed):
        Checkpoint.parse(text.replace(old, new))


def test_a_signed_checkpoint_opens_under_its_key() -> None:
    """And extension lines are signed with it."""
    checkpoint = replace(CHECKPOINT, extensions=("ext",))
    assert open_checkpoint(sign_checkpoint(checkpoint, SIGNER), SIGNER.verifier) == checkpoint


def test_a_checkpoint_of_another_log_is_refused() -> None:
    """The same key may sign for several logs; each checkpoint counts for its own."""
    other = replace(CHECKPOINT, origin="log.example/2026q3")
    raw = sign_checkpoint(other, SIGNER)
    with pytest.raises(SignatureRefused, match="another log"):
        open_checkpoint(raw, SIGNER.verifier)
    assert open_checkpoint(raw, SIGNER.verifier, "log.example/2026q3") == other


def cosigned(*lines: Signature) -> bytes:
    text = CHECKPOINT.text()
    return Note(text, (SIGNER.sign(text), *lines)).encode()


def test_a_cosignature_is_the_format_s() -> None:
    """Message, key ID and the timestamped signature, checked by hand."""
    line = WITNESS.cosign(CHECKPOINT.text(), 1679315147)
    key = WITNESS.verifier.public_key
    assert line.key_id == hashlib.sha256(b"witness.example/w1\n\x04" + key).digest()[:4]
    assert line.data[:8] == (1679315147).to_bytes(8, "big")
    message = b"cosignature/v1\ntime 1679315147\n" + CHECKPOINT.text().encode()
    Ed25519PublicKey.from_public_bytes(key).verify(line.data[8:], message)


def test_the_known_witnesses_of_a_checkpoint_are_told_with_their_times() -> None:
    """The log's own signature and unknown witnesses are passed over."""
    stranger = Signer("witness.example/w2", Algorithm.COSIGNATURE_V1, b"x" * 32)
    text = CHECKPOINT.text()
    raw = cosigned(stranger.cosign(text, 5), WITNESS.cosign(text, 7))
    assert cosigned_by(raw, [WITNESS.verifier]) == (Cosigned("witness.example/w1", 7),)
    assert open_checkpoint(raw, SIGNER.verifier) == CHECKPOINT


def test_a_witness_is_configured_by_its_vkey() -> None:
    """Signature type 0x04 in the spelled key."""
    assert Verifier.parse(WITNESS.verifier.vkey()) == WITNESS.verifier
    assert Signer.parse(WITNESS.secret()).verifier == WITNESS.verifier


@given(st.integers(0, 72 * 8 - 1))
def test_a_cosignature_with_any_bit_flipped_is_refused(bit: int) -> None:
    """The time is signed with the checkpoint."""
    line = WITNESS.cosign(CHECKPOINT.text(), 1679315147)
    flipped = int.from_bytes(line.data, "big") ^ (1 << bit)
    false = replace(line, data=flipped.to_bytes(72, "big"))
    with pytest.raises(SignatureRefused):
        cosigned_by(cosigned(false), [WITNESS.verifier])


def test_a_cosignature_of_another_checkpoint_is_refused() -> None:
    """A witness's word is for one size and root."""
    line = WITNESS.cosign(replace(CHECKPOINT, size=5).text(), 7)
    with pytest.raises(SignatureRefused):
        cosigned_by(cosigned(line), [WITNESS.verifier])


@pytest.mark.parametrize("data", [bytes(64), bytes(71), bytes(73), b"\x80" + bytes(71)])
def test_a_cosignature_of_another_form_is_refused(data: bytes) -> None:
    """72 bytes, with a time below 2**63."""
    with pytest.raises(Malformed):
        cosignature.unpack(data)
    line = Signature(WITNESS.verifier.name, WITNESS.verifier.key_id, data)
    with pytest.raises(SignatureRefused):
        cosigned_by(cosigned(line), [WITNESS.verifier])


@pytest.mark.parametrize("time", [-1, 2**63])
def test_a_time_out_of_range_is_never_cosigned(time: int) -> None:
    """Seconds since 1970 from 0 to 2**63 - 1."""
    with pytest.raises(Malformed):
        WITNESS.cosign(CHECKPOINT.text(), time)

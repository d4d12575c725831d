"""Signed notes and keys: the published example, strict spelling, and whose word counts."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.faults import Malformed, SignatureRefused
from gateway.audit.note import (
    MAX_SIGNATURES,
    Algorithm,
    Note,
    Signature,
    Signer,
    Verifier,
    open_note,
    parse_signatures,
)
from tests.audit.logs import SIGNER

# The example in the documentation of golang.org/x/mod/sumdb/note.
SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NOTE = (
    TEXT + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
    "qdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
PETER = Signer.parse(SECRET)


def signed(text: str, *signers: Signer) -> bytes:
    return Note(text, tuple(signer.sign(text) for signer in signers)).encode()


def test_the_published_example_is_made_and_read() -> None:
    """Key, note and signature of golang.org/x/mod, byte for byte."""
    assert PETER.verifier.vkey() == VKEY
    assert PETER.secret() == SECRET
    assert signed(TEXT, PETER) == NOTE
    assert open_note(NOTE, [Verifier.parse(VKEY)]).text == TEXT


def test_a_key_id_is_the_hash_that_the_format_says() -> None:
    """SHA-256(name ‖ 0x0A ‖ algorithm ‖ public key)[:4], so one key under two uses has two IDs."""
    key = PETER.verifier.public_key
    hashed = hashlib.sha256(b"PeterNeumann\n\x01" + key).digest()
    assert PETER.verifier.key_id == hashed[:4]
    assert Verifier("PeterNeumann", Algorithm.COSIGNATURE_V1, key).key_id != hashed[:4]


def test_a_signer_shows_no_secret() -> None:
    """Its repr is the public half."""
    assert repr(PETER) == f"<Signer {VKEY}>"


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        VKEY.replace("c74f20a3", "c74f20a4"),
        VKEY.replace("c74f20a3", "C74F20A3"),
        VKEY.replace("c74f20a3", "0c74f20a3"),
        VKEY.replace("PeterNeumann", "PeterNeumanx"),
        VKEY.replace("PeterNeumann", ""),
        VKEY.replace("PeterNeumann", "Peter Neumann"),
        VKEY + "=",
        VKEY + "\n",
        VKEY[:-1],
        VKEY[:-4],
        VKEY.replace("+ARpc", "+AhpC"),
        VKEY.replace("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "AQ=="),
        VKEY.replace("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", ""),
    ],
)
def test_a_key_spelled_otherwise_is_refused(vkey: str) -> None:
    """Wrong ID, name, algorithm, length or base64: no verifier."""
    with pytest.raises(Malformed):
        Verifier.parse(vkey)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        VKEY,
        SECRET.lower(),
        SECRET.replace("c74f20a3", "c74f20a4"),
        SECRET[:-4],
        SECRET + "AAAA",
    ],
)
def test_a_signer_key_spelled_otherwise_is_refused(secret: str) -> None:
    """A damaged secret never signs."""
    with pytest.raises(Malformed):
        Signer.parse(secret)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\u2003b", "a\nb", "a\tb"])
def test_a_key_name_with_a_space_or_plus_is_refused(name: str) -> None:
    """Such a name would make a note ambiguous."""
    with pytest.raises(Malformed):
        Signer(name, Algorithm.ED25519, bytes(32))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"\n\n",
        TEXT.encode(),
        NOTE[:-1],
        NOTE + b"\n",
        NOTE + b"x",
        NOTE.replace(b"\n\n", b"\n"),
        NOTE.replace("— ".encode(), b"- "),
        NOTE.replace("— ".encode(), "—".encode()),
        NOTE.replace("— ".encode(), "—  ".encode()),
        NOTE.replace(b" x08g", b"  x08g"),
        NOTE.replace(b" x08g", b"\tx08g"),
        NOTE.replace(b"nAM=", b"nAM"),
        NOTE.replace(b"nAM=", b"nAN="),
        NOTE.replace(b"nAM=", b"nAM=="),
        NOTE.replace(b"nAM=", b"nAM= "),
        NOTE.replace(b"nAM=", b"nAM=\r"),
        NOTE.replace(b"go/Z", b"go_Z"),
        NOTE.replace(b"PeterNeumann x", b" x"),
        NOTE.replace(b"PeterNeumann x", b"Peter+Neumann x"),
        NOTE.replace(b"know", b"kn\x00w"),
        NOTE.replace(b"know", b"kn\rw"),
        NOTE.replace(b"know", b"kn\xffw"),
        TEXT.encode() + "\n— PeterNeumann x08goA==\n".encode(),
        TEXT.encode() + "\n— PeterNeumann x08gow==\n".encode(),
        b"x" * 1_000_001,
    ],
)
def test_a_note_spelled_otherwise_is_refused(raw: bytes) -> None:
    """Not one byte may stand where the format has no place for it."""
    with pytest.raises((Malformed, SignatureRefused)):
        open_note(raw, [PETER.verifier])


@given(st.integers(0, len(NOTE) * 8 - 1))
def test_a_note_with_any_bit_flipped_is_refused(bit: int) -> None:
    """Text, name, ID and signature are all bound."""
    raw = bytearray(NOTE)
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises((Malformed, SignatureRefused)):
        open_note(bytes(raw), [PETER.verifier])


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_bytes_that_are_no_note_are_refused(raw: bytes) -> None:
    """Arbitrary bytes end in the one fault, never in another exception."""
    with pytest.raises((Malformed, SignatureRefused)):
        open_note(raw, [PETER.verifier])


def test_the_text_ends_at_the_last_blank_line() -> None:
    """Blank lines inside the text belong to it."""
    text = "one\n\n\ntwo\n"
    assert open_note(signed(text, PETER), [PETER.verifier]).text == text


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    """Others may sign as well, before and after."""
    raw = signed(TEXT, SIGNER, PETER, SIGNER)
    opened = open_note(raw, [PETER.verifier])
    assert [signature.name for signature in opened.signatures] == ["PeterNeumann"]


def test_a_note_without_a_known_signature_is_refused() -> None:
    """An unknown key's word is none, and neither is nobody's."""
    for known in ([SIGNER.verifier], []):
        with pytest.raises(SignatureRefused, match="no known key"):
            open_note(NOTE, known)


def test_name_and_key_id_must_both_be_known() -> None:
    """A line that shares only one of them with a known key is another key's."""
    signature = PETER.sign(TEXT)
    for line in (
        Signature("PeterNeumanx", signature.key_id, signature.data),
        Signature("PeterNeumann", b"\x00\x01\x02\x03", signature.data),
    ):
        with pytest.raises(SignatureRefused, match="no known key"):
            open_note(Note(TEXT, (line,)).encode(), [PETER.verifier])


def test_an_invalid_signature_of_a_known_key_refuses_the_note() -> None:
    """Even beside a valid one of another known key."""
    false = Signature("PeterNeumann", PETER.verifier.key_id, bytes(64))
    raw = Note(TEXT, (SIGNER.sign(TEXT), false)).encode()
    with pytest.raises(SignatureRefused, match="PeterNeumann is not valid"):
        open_note(raw, [SIGNER.verifier, PETER.verifier])


@pytest.mark.parametrize("size", [1, 63, 65])
def test_a_signature_of_another_length_is_refused(size: int) -> None:
    """An Ed25519 signature has 64 bytes."""
    line = Signature(
        "PeterNeumann", PETER.verifier.key_id, PETER.sign(TEXT).data[:size].ljust(size)
    )
    with pytest.raises(SignatureRefused, match="not valid"):
        open_note(Note(TEXT, (line,)).encode(), [PETER.verifier])


def test_so_many_signatures_are_read_and_no_more() -> None:
    """At least the 16 that must be accepted, and an end to the work a note can make."""
    lines = (SIGNER.sign(TEXT),) * (MAX_SIGNATURES - 1)
    assert open_note(Note(TEXT, (*lines, PETER.sign(TEXT))).encode(), [PETER.verifier])
    with pytest.raises(Malformed, match="more than 100"):
        open_note(Note(TEXT, (*lines, *lines[:2])).encode(), [PETER.verifier])


def test_signature_lines_alone_are_read() -> None:
    """As a witness answers them; nothing else may stand among them."""
    line = PETER.sign(TEXT)
    assert parse_signatures(line.line() * 2) == (line, line)
    for lines in ("", "\n", line.line()[:-1], line.line() + "\n", "\n" + line.line()):
        with pytest.raises(Malformed):
            parse_signatures(lines)


def test_a_key_for_cosigning_makes_no_plain_signature() -> None:
    """And the other way round: the two are never taken for each other."""
    witness = Signer("witness.example", Algorithm.COSIGNATURE_V1, bytes(32))
    with pytest.raises(ValueError, match="cosignatures only"):
        witness.sign(TEXT)
    with pytest.raises(ValueError, match="plain signatures only"):
        PETER.cosign(TEXT, 0)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_keys_of_another_length_are_refused(size: int) -> None:
    """Seeds and public keys have 32 bytes."""
    with pytest.raises(Malformed):
        Signer("a", Algorithm.ED25519, bytes(size))
    with pytest.raises(Malformed):
        Verifier("a", Algorithm.ED25519, bytes(size))


def test_a_public_key_that_is_no_point_vouches_for_nothing() -> None:
    """A key that cannot be loaded refuses like any invalid signature."""
    broken = Verifier("a", Algorithm.ED25519, b"\xff" * 32)
    line = Signature("a", broken.key_id, bytes(64))
    with pytest.raises(SignatureRefused):
        open_note(Note(TEXT, (line,)).encode(), [broken])


@pytest.mark.parametrize("data", [b"\x02" + bytes(32), b"\x00" + bytes(32), b"\xff"])
def test_an_unknown_algorithm_is_refused(data: bytes) -> None:
    """No key is guessed at."""
    key_id = hashlib.sha256(b"a\n" + data).digest()[:4].hex()
    with pytest.raises(Malformed, match="algorithm"):
        Verifier.parse(f"a+{key_id}+{base64.b64encode(data).decode()}")

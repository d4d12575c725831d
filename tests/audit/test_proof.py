"""Receipts: what is proven holds offline, and nothing else is ever accepted."""

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.entry import Entry
from gateway.audit.faults import Malformed
from gateway.audit.merkle import inclusion_proof
from gateway.audit.note import Algorithm, Signer
from gateway.audit.proof import LoggedProof, Refused, Verified, verify_receipt
from gateway.audit.receipt import MAX_RECEIPT, Receipt
from gateway.audit.tiles import TiledHashes
from tests.audit.logs import ORIGIN, VKEY, build, leaf, leaves, receipt

ENTRIES = leaves(300)
LOG = build(ENTRIES)
GOOD = receipt(LOG, ENTRIES, 17)


def step(shown: Receipt, vkey: str = VKEY) -> str:
    """The step at which a receipt is refused."""
    verdict = verify_receipt(shown.leaf, shown.proof, vkey)
    assert isinstance(verdict, Refused)
    assert verdict.reason
    return verdict.step


@pytest.mark.parametrize("index", [0, 1, 127, 255, 256, 299])
def test_the_receipt_of_each_entry_holds(index: int) -> None:
    """Entry, index and signed checkpoint are what the verdict gives back."""
    shown = receipt(LOG, ENTRIES, index)
    verdict = verify_receipt(shown.leaf, shown.proof, VKEY)
    assert isinstance(verdict, Verified)
    assert verdict.entry == Entry.parse(ENTRIES[index])
    assert verdict.index == index
    assert (verdict.checkpoint.origin, verdict.checkpoint.size) == (ORIGIN, 300)


def test_the_only_entry_of_a_log_has_a_proof_without_hashes() -> None:
    """Its leaf hash is the root."""
    only = leaves(1)
    shown = receipt(build(only), only, 0)
    assert isinstance(verify_receipt(shown.leaf, shown.proof, VKEY), Verified)


def test_a_receipt_is_refused_for_another_entry() -> None:
    """A valid proof beside an entry that it does not prove."""
    assert step(replace(GOOD, leaf=ENTRIES[18])) == "inclusion"
    assert step(replace(GOOD, leaf=leaf(17, carrier="other"))) == "inclusion"


def test_an_entry_that_says_another_index_is_refused() -> None:
    """Even if the operator signed a log in which it stands in the wrong place."""
    entries = [ENTRIES[1], ENTRIES[0]]
    verdict = verify_receipt(entries[0], receipt(build(entries), entries, 0).proof, VKEY)
    assert verdict == Refused("entry", "it says index 1, the proof 0")


def test_signed_bytes_that_are_no_entry_are_refused() -> None:
    """What is logged must read as an entry."""
    entries = [b"not an entry", *ENTRIES[1:]]
    assert step(receipt(build(entries), entries, 0)) == "entry"


def test_a_receipt_is_refused_under_another_key() -> None:
    """Another name, another key, or no key at all."""
    for signer in (
        Signer(ORIGIN, Algorithm.ED25519, bytes(32)),
        Signer("other.example", Algorithm.ED25519, bytes(range(32))),
    ):
        assert step(GOOD, signer.verifier.vkey()) == "checkpoint"
    assert step(GOOD, "nonsense") == "key"


def test_the_origin_may_differ_from_the_key_s_name_if_it_is_said() -> None:
    """A stranger's log, whose key has a name of its own."""
    signer = Signer("key.example", Algorithm.ED25519, bytes(32))
    checkpoint = Checkpoint("log.example", 1, bytes(32))
    text = checkpoint.text()
    proof = LoggedProof(0, (), f"{text}\n{signer.sign(text).line()}".encode()).encode()
    vkey = signer.verifier.vkey()
    refused = verify_receipt(b"x", proof, vkey)
    assert refused == Refused("checkpoint", "the checkpoint is of another log")
    named = verify_receipt(b"x", proof, vkey, "log.example")
    assert named == Refused("inclusion", "the proof leads to another root")


@given(st.data())
def test_a_receipt_with_any_bit_flipped_is_refused(data: st.DataObject) -> None:
    """In the entry or in the proof, wherever it is."""
    part = data.draw(st.sampled_from(["leaf", "proof"]))
    raw = bytearray(GOOD.leaf if part == "leaf" else GOOD.proof.encode())
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    if part == "leaf":
        assert step(replace(GOOD, leaf=bytes(raw))) == "inclusion"
    else:
        assert step(replace(GOOD, proof=raw.decode("utf-8", "surrogateescape")))


@given(st.data())
def test_a_proof_with_lines_moved_is_refused(data: st.DataObject) -> None:
    """Dropped, doubled, swapped or truncated lines never verify (a signature may stand twice)."""
    lines = GOOD.proof.split("\n")
    at = data.draw(st.integers(0, len(lines) - 2))
    other = data.draw(st.integers(0, len(lines) - 2).filter(lambda n: lines[n] != lines[at]))
    change = data.draw(st.sampled_from(["drop", "double", "swap", "cut"]))
    if change == "drop":
        del lines[at]
    elif change == "double":
        lines.insert(at, "x" if lines[at].startswith("—") else lines[at])
    elif change == "swap":
        lines[at], lines[other] = lines[other], lines[at]
    else:
        lines = lines[:at]
    assert step(replace(GOOD, proof="\n".join(lines)))


def test_a_proof_for_another_size_is_refused() -> None:
    """A path of an earlier tree does not lead to this root."""
    hashes = TiledHashes(300, LOG.resources.__getitem__)
    assert LOG.note is not None
    proof = LoggedProof(17, inclusion_proof(17, 299, hashes), LOG.note).encode()
    assert step(replace(GOOD, proof=proof)) == "inclusion"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@v1\n", "@v2\n"),
        ("@v1\n", "@v1\r\n"),
        ("index 17\n", "index 017\n"),
        ("index 17\n", "index +17\n"),
        ("index 17\n", "index 17 \n"),
        ("index 17\n", "index  17\n"),
        ("index 17\n", "index \n"),
        ("index 17\n", "index 1_7\n"),
        ("index 17\n", "index -17\n"),
        ("index 17\n", "index 17\nindex 17\n"),
        ("index 17\n", ""),
        ("index 17\n", "index 17\n\n"),
        ("index 17\n", "index 17\nextra AAAA\n"),
        ("index 17\n", "extra AAA\nindex 17\n"),
        ("index 17\n", "extra AAAA\nextra AAAA\nindex 17\n"),
        ("index 17\n", "index 17\nAAAA\n"),
        ("index 17\n", "index 17\n" + "A" * 43 + "B\n"),
    ],
)
def test_a_proof_spelled_otherwise_is_refused(old: str, new: str) -> None:
    """Header, index, hashes and blank line stand exactly as the format has them."""
    assert old in GOOD.proof
    assert step(replace(GOOD, proof=GOOD.proof.replace(old, new, 1))) in ("proof", "checkpoint")


@pytest.mark.parametrize("index", ["300", "301", "9223372036854775807", "99999999999999999999"])
def test_an_index_beyond_the_log_is_refused(index: str) -> None:
    """There is no such entry under this checkpoint."""
    proof = GOOD.proof.replace("index 17\n", f"index {index}\n")
    assert step(replace(GOOD, proof=proof)) in ("inclusion", "proof")


def test_hashes_after_the_path_are_refused() -> None:
    """One hash too many, or far too many."""
    logged = LoggedProof.parse(GOOD.proof)
    assert step(replace(GOOD, proof=replace(logged, hashes=(*logged.hashes, bytes(32))).encode()))
    many = replace(logged, hashes=(bytes(32),) * 64).encode()
    assert step(replace(GOOD, proof=many)) == "proof"


def test_a_proof_without_end_is_refused_unread() -> None:
    """Nobody can make a verifier read gigabytes."""
    assert step(replace(GOOD, proof=GOOD.proof + "x" * 2_000_000)) == "proof"


@pytest.mark.parametrize("extra", [None, b"", b"anything at all"])
def test_extra_data_is_kept_and_means_nothing(extra: bytes | None) -> None:
    """It reads back, and the receipt holds with it as without."""
    logged = replace(LoggedProof.parse(GOOD.proof), extra=extra)
    assert LoggedProof.parse(logged.encode()) == logged
    assert isinstance(verify_receipt(GOOD.leaf, logged.encode(), VKEY), Verified)


def test_a_receipt_file_reads_back() -> None:
    """The contract's two members, in any layout of JSON."""
    value = GOOD.as_json()
    assert value == {"entry": base64.b64encode(GOOD.leaf).decode(), "proof": GOOD.proof}
    assert Receipt.parse(json.dumps(value).encode()) == GOOD
    assert Receipt.parse(json.dumps(value, indent=2, sort_keys=True).encode()) == GOOD


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"entry":""}',
        b'{"entry":"","proof":null}',
        b'{"entry":1,"proof":""}',
        b'{"entry":"AA","proof":""}',
        b'{"entry":"AB==","proof":""}',
        b'{"entry":"","proof":"","more":1}',
        b'{"entry":"","entry":"AAAA","proof":""}',
        b'{"entry":"\xff","proof":""}',
        b"[" * 60_000,
        b" " * (MAX_RECEIPT + 1),
    ],
)
def test_a_file_that_is_no_receipt_is_refused(raw: bytes) -> None:
    """Missing, doubled, foreign or mistyped members, and what is no JSON at all."""
    with pytest.raises(Malformed):
        Receipt.parse(raw)


@given(st.text(max_size=200) | st.just(GOOD.proof[:60]))
def test_text_that_is_no_proof_is_refused(text: str) -> None:
    """Arbitrary text ends in a refusal, never in an exception."""
    assert step(replace(GOOD, proof=text)) == "proof"
    assert step(replace(GOOD, proof=f"c2sp.org/tlog-proof@v1\nindex 0\n\n{text}")) in (
        "checkpoint",
        "proof",
    )

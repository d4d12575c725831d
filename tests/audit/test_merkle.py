"""RFC 6962 trees: the published vectors, proofs of every tree, and every known pitfall."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.faults import ProofRefused
from gateway.audit.merkle import (
    EMPTY_ROOT,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
)
from tests.audit.logs import NaiveHashes, naive_root

HASHES = [leaf_hash(b"%d" % number) for number in range(70)]
TREE = NaiveHashes(HASHES)


def decode(text: str) -> bytes:
    return base64.b64decode(text)


def holds(check: Callable[..., None], **claim: Any) -> bool:
    try:
        check(**claim)
    except ProofRefused:
        return False
    return True


def test_every_published_inclusion_case_is_judged_as_published(vectors: dict[str, Any]) -> None:
    """The cases of transparency-dev/merkle, those that must fail included."""
    judged = {
        name: holds(
            check_inclusion,
            index=case["leafIdx"],
            size=case["treeSize"],
            leaf=decode(case["leafHash"]),
            proof=[decode(text) for text in case["proof"] or []],
            root=decode(case["root"]),
        )
        for name, case in vectors["inclusion"].items()
    }
    assert judged == {name: not case["wantErr"] for name, case in vectors["inclusion"].items()}


def test_every_published_consistency_case_is_judged_as_published(vectors: dict[str, Any]) -> None:
    """The cases of transparency-dev/merkle, those that must fail included."""
    judged = {
        name: holds(
            check_consistency,
            old_size=case["size1"],
            new_size=case["size2"],
            old_root=decode(case["root1"]),
            new_root=decode(case["root2"]),
            proof=[decode(text) for text in case["proof"] or []],
        )
        for name, case in vectors["consistency"].items()
    }
    assert judged == {name: not case["wantErr"] for name, case in vectors["consistency"].items()}


def test_hashes_are_prefixed_by_kind() -> None:
    """Leaves with 0x00, nodes with 0x01, the empty tree is the hash of nothing."""
    assert leaf_hash(b"x") == hashlib.sha256(b"\x00x").digest()
    assert node_hash(b"l", b"r") == hashlib.sha256(b"\x01lr").digest()
    assert root(0, TREE) == EMPTY_ROOT == hashlib.sha256().digest()


@pytest.mark.parametrize("size", range(1, 71))
def test_every_proof_of_a_tree_holds(size: int) -> None:
    """Root, inclusion of each leaf and consistency with each earlier size, by definition."""
    top = naive_root(HASHES[:size])
    assert root(size, TREE) == top
    for index in range(size):
        proof = inclusion_proof(index, size, TREE)
        check_inclusion(index=index, size=size, leaf=HASHES[index], proof=proof, root=top)
    for old in range(1, size + 1):
        check_consistency(
            old_size=old,
            new_size=size,
            old_root=naive_root(HASHES[:old]),
            new_root=top,
            proof=consistency_proof(old, size, TREE),
        )


def changed_proofs(data: st.DataObject, proof: tuple[bytes, ...]) -> list[bytes]:
    """The proof with a bit flipped, a hash dropped, doubled, cut, lengthened or two swapped."""
    hashes = list(proof)
    at = data.draw(st.integers(0, len(hashes) - 1))
    change = data.draw(st.sampled_from(["flip", "drop", "double", "cut", "pad", "swap", "append"]))
    if change == "flip":
        bit = data.draw(st.integers(0, 255))
        hashes[at] = (int.from_bytes(hashes[at], "big") ^ (1 << bit)).to_bytes(32, "big")
    elif change == "drop":
        del hashes[at]
    elif change == "double":
        hashes.insert(at, hashes[at])
    elif change == "cut":
        hashes[at] = hashes[at][: data.draw(st.integers(0, 31))]
    elif change == "pad":
        hashes[at] += b"\x00"
    elif change == "append":
        hashes.append(data.draw(st.sampled_from([b"", bytes(32), HASHES[0]])))
    else:
        other = data.draw(st.integers(0, len(hashes) - 1))
        hashes[at], hashes[other] = hashes[other], hashes[at]
    return hashes


@given(st.data(), st.integers(2, 70))
def test_a_changed_inclusion_proof_is_refused(data: st.DataObject, size: int) -> None:
    """Nothing but the exact proof leads to the root."""
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, TREE)
    changed = changed_proofs(data, proof)
    claim = {"index": index, "size": size, "leaf": HASHES[index], "root": root(size, TREE)}
    assert holds(check_inclusion, **claim, proof=changed) == (tuple(changed) == proof)


@given(st.data(), st.integers(2, 70))
def test_a_changed_consistency_proof_is_refused(data: st.DataObject, size: int) -> None:
    """Nothing but the exact proof leads to both roots."""
    old = data.draw(st.integers(1, size - 1))
    proof = consistency_proof(old, size, TREE)
    changed = changed_proofs(data, proof)
    roots = {"old_root": root(old, TREE), "new_root": root(size, TREE)}
    claim = {"old_size": old, "new_size": size, **roots}
    assert holds(check_consistency, **claim, proof=changed) == (tuple(changed) == proof)


@given(st.integers(0, 69), st.integers(0, 69), st.integers(0, 69))
def test_a_proof_of_one_leaf_is_none_of_another(proven: int, index: int, leaf: int) -> None:
    """A valid proof holds for its own leaf at its own index and for no other of either."""
    proof = inclusion_proof(proven, 70, TREE)
    claim = {"index": index, "size": 70, "leaf": HASHES[leaf], "proof": proof}
    assert holds(check_inclusion, **claim, root=root(70, TREE)) == (proven == index == leaf)


@pytest.mark.parametrize(
    ("index", "size"), [(1, 1), (5, 5), (6, 5), (0, 0), (-1, 5), (2**64 - 1, 5)]
)
def test_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    """There is no leaf at or beyond the size, and none before the first."""
    claim = {"index": index, "size": size, "leaf": HASHES[0], "proof": [], "root": HASHES[0]}
    assert not holds(check_inclusion, **claim)
    with pytest.raises(ValueError, match="there is no leaf"):
        inclusion_proof(index, size, TREE)


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_consistency_with_nothing_or_with_more_is_refused(old: int, new: int) -> None:
    """The empty tree is consistent with everything, so a proof from it proves nothing."""
    claim = {"old_size": old, "new_size": new, "proof": [], "old_root": EMPTY_ROOT}
    assert not holds(check_consistency, **claim, new_root=root(new, TREE))
    with pytest.raises(ValueError, match="there is no proof"):
        consistency_proof(old, new, TREE)


def test_two_trees_of_one_size_need_one_root_and_no_proof() -> None:
    """Equal sizes are consistent only if nothing differs and nothing is added."""
    claim = {"old_size": 5, "new_size": 5, "old_root": root(5, TREE)}
    assert holds(check_consistency, **claim, new_root=root(5, TREE), proof=[])
    assert not holds(check_consistency, **claim, new_root=root(5, TREE), proof=[HASHES[0]])
    assert not holds(check_consistency, **claim, new_root=root(6, TREE), proof=[])


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_hashes_of_another_length_are_refused(length: int) -> None:
    """Neither leaf nor root nor a proof's hash may be other than 32 bytes long."""
    odd = bytes(length)
    good = {"leaf": HASHES[0], "proof": [HASHES[1]], "root": root(2, TREE)}
    for name, value in (("leaf", odd), ("proof", [odd]), ("root", odd)):
        assert not holds(check_inclusion, index=0, size=2, **{**good, name: value})
    good = {"old_root": HASHES[0], "proof": [HASHES[1]], "new_root": root(2, TREE)}
    for name, value in (("old_root", odd), ("proof", [odd]), ("new_root", odd)):
        assert not holds(check_consistency, old_size=1, new_size=2, **{**good, name: value})

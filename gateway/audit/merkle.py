"""RFC 6962 Merkle trees: roots, proofs and checks that never accept a hash too many or too few.

Proofs are made from a reader of complete subtrees and checked from nothing but their own hashes.
"""

import hashlib
from collections.abc import Sequence
from typing import Protocol

from gateway.audit.faults import ProofRefused

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without leaves (RFC 6962 section 2.1)."""


class Hashes(Protocol):
    """Where the hashes of complete subtrees come from."""

    def at(self, level: int, index: int) -> bytes:
        """Root of the `index`-th subtree of 2**level leaves, counted from the left."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(size: int, hashes: Hashes) -> bytes:
    """Root of the first `size` leaves."""
    return _range_root(0, size, hashes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, hashes: Hashes) -> tuple[bytes, ...]:
    """Path from the leaf's sibling up to the root's child (RFC 6962 section 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    path = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range_root(middle, high, hashes))
            high = middle
        else:
            path.append(_range_root(low, middle, hashes))
            low = middle
    return tuple(reversed(path))


def consistency_proof(old_size: int, new_size: int, hashes: Hashes) -> tuple[bytes, ...]:
    """Proof that the first `old_size` of `new_size` leaves are unchanged (RFC 6962 section 2.1.2)."""
    if not 0 < old_size <= new_size:
        raise ValueError(f"there is no proof from a tree of {old_size} to one of {new_size}")
    path = []
    low, high = 0, new_size
    while high != old_size:
        middle = low + _split(high - low)
        if old_size <= middle:
            path.append(_range_root(middle, high, hashes))
            high = middle
        else:
            path.append(_range_root(low, middle, hashes))
            low = middle
    if low:  # at low 0 the subtree is the old tree itself, whose root the checker holds
        path.append(_range_root(low, high, hashes))
    return tuple(reversed(path))


def check_inclusion(
    *, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise `ProofRefused` unless `leaf` is the hash at `index` under `root` of `size` leaves.

    The walk is that of RFC 9162 section 2.1.3.2.
    """
    _require_hashes(leaf, root, *proof)
    if not 0 <= index < size:
        raise ProofRefused("the index is not inside the tree")
    turns = _turns(index, size - 1)
    _require_length(proof, len(turns))
    value = leaf
    for sibling_is_left, sibling in zip(turns, proof, strict=True):
        value = node_hash(sibling, value) if sibling_is_left else node_hash(value, sibling)
    if value != root:
        raise ProofRefused("the proof leads to another root")


def check_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise `ProofRefused` unless the tree under `new_root` begins with the one under `old_root`.

    The walk is that of RFC 9162 section 2.1.4.2. A proof from the empty tree says nothing and is
    refused.
    """
    _require_hashes(old_root, new_root, *proof)
    if not 0 < old_size <= new_size:
        raise ProofRefused("the old tree is empty or larger than the new one")
    if old_size == new_size:
        _require_length(proof, 0)
        if old_root != new_root:
            raise ProofRefused("two trees of one size have different roots")
        return
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    turns = _turns(node, last)
    # A complete old tree is a node of the new one: its root starts the walk instead of a hash.
    path = [old_root, *proof] if old_size.bit_count() == 1 else list(proof)
    _require_length(path, len(turns) + 1)
    old = new = path[0]
    for sibling_is_left, sibling in zip(turns, path[1:], strict=True):
        if sibling_is_left:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    if old != old_root:
        raise ProofRefused("the proof does not lead to the old root")
    if new != new_root:
        raise ProofRefused("the proof does not lead to the new root")


def _turns(node: int, last: int) -> list[bool]:
    """For each hash on the way up from `node`, where `last` is the last of its level: is it left?"""
    turns = []
    while last:
        sibling_is_left = node & 1 == 1 or node == last
        if sibling_is_left:
            while not node & 1:  # on the right edge: levels where it has no sibling
                node, last = node >> 1, last >> 1
        turns.append(sibling_is_left)
        node, last = node >> 1, last >> 1
    return turns


def _split(size: int) -> int:
    """Largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _range_root(low: int, high: int, hashes: Hashes) -> bytes:
    """Root of the leaves from `low` up to `high`, where `low` is where RFC 6962 splits."""
    peaks = []
    while low < high:
        level = (high - low).bit_length() - 1
        peaks.append(hashes.at(level, low >> level))
        low += 1 << level
    value = peaks.pop()
    while peaks:
        value = node_hash(peaks.pop(), value)
    return value


def _require_hashes(*hashes: bytes) -> None:
    if any(len(value) != HASH_SIZE for value in hashes):
        raise ProofRefused("a hash is not 32 bytes long")


def _require_length(proof: Sequence[bytes], length: int) -> None:
    if len(proof) != length:
        raise ProofRefused(f"the proof has hashes too {'many' if len(proof) > length else 'few'}")

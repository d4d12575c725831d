"""Reads what a gateway left behind with nothing of its code: tables, keyring, envelopes, trees, notes."""

import base64
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Row = dict[str, Any]
Unwrap = Callable[[str, bytes], bytes]
"""A key's secret out of its name and what its provider made of it."""


@dataclass
class Sight:
    """A data directory with its SQLite file."""

    data: Path
    unwrap: Unwrap

    def rows(self, statement: str) -> list[Row]:
        """All rows."""
        with closing(sqlite3.connect(f"file:{self.data}/gateway.db?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(statement)]

    @cached_property
    def entries(self) -> list[Row]:
        """What every leaf says, with its log and its own bytes."""
        found = self.rows('SELECT log, "index", leaf FROM entries ORDER BY log, "index"')
        return [{**json.loads(row["leaf"]), **row} for row in found]

    @cached_property
    def orders(self) -> dict[str, Row]:
        """By number."""
        return {row["order_number"]: row for row in self.rows("SELECT * FROM orders")}

    @cached_property
    def contacts(self) -> dict[tuple[str, str], Row]:
        """By order number and kind."""
        rows = self.rows("SELECT * FROM contacts")
        return {(row["order_number"], row["kind"]): row for row in rows}

    @cached_property
    def keyring(self) -> dict[str, Row]:
        """By name."""
        rows = json.loads((self.data / "keyring.json").read_bytes())
        return {row["key_id"]: row for row in rows["keys"]}

    @cached_property
    def buried(self) -> set[str]:
        """The names in the list of erasures."""
        path = self.data / "tombstones"
        lines = path.read_text().splitlines() if path.exists() else []
        return {line.split(" ")[3] for line in lines}

    def secret(self, key_id: str) -> bytes:
        """A key of the keyring."""
        return self.unwrap(key_id, base64.b64decode(self.keyring[key_id]["wrapped"]))

    def opened(self, contact: Row) -> Row:
        """What is in an envelope (AES-256-GCM twice, everything it belongs to bound in)."""
        names = ("merchant", "order_number", "contact", "kind", "version")
        bound = b"".join(_measured(str(contact[name])) for name in names)
        of_key = b"data-key" + _measured(contact["key_id"]) + bound
        data_key = _decrypted(self.secret(contact["key_id"]), contact["wrapped_key"], of_key)
        value: Row = json.loads(_decrypted(data_key, contact["sealed"], b"content" + bound))
        return value

    def digest(self, version: int, merchant: str, kind: str, value: str) -> bytes:
        """What the blind index has for a value: HMAC-SHA-256, cut, behind its key's version."""
        key = self.secret(f"index-all-{version}")
        text = f"{merchant}\0{kind}\0{value.casefold()}".encode()
        return version.to_bytes(2, "big") + hmac.digest(key, b"value\0" + text, "sha256")[:14]


def root_key(data: Path) -> Unwrap:
    """How the file provider's keys are unwrapped."""
    root = base64.b64decode((data / "root.key").read_bytes())

    def unwrap(key_id: str, wrapped: bytes) -> bytes:
        return _decrypted(root, wrapped, key_id.encode())

    return unwrap


def roots(leaves: Sequence[bytes], sizes: Collection[int]) -> dict[int, bytes]:
    """The Merkle tree's root at each of these sizes (RFC 6962, section 2.1)."""
    found = {0: hashlib.sha256(b"").digest()}
    peaks: list[tuple[int, bytes]] = []
    for size, leaf in enumerate(leaves, 1):
        node = (1, hashlib.sha256(b"\0" + leaf).digest())
        while peaks and peaks[-1][0] == node[0]:
            node = (2 * node[0], hashlib.sha256(b"\1" + peaks.pop()[1] + node[1]).digest())
        peaks.append(node)
        if size in sizes:
            value = peaks[-1][1]
            for _, left in reversed(peaks[:-1]):
                value = hashlib.sha256(b"\1" + left + value).digest()
            found[size] = value
    return found


@dataclass(frozen=True)
class Signed:
    """A checkpoint that the log's key signed."""

    origin: str
    size: int
    root: bytes


def signed(note: bytes, vkey: str) -> Signed:
    """A note's checkpoint (c2sp.org/signed-note); InvalidSignature where another key made it."""
    text, _, lines = note.decode().rpartition("\n\n")
    [line] = [it for it in lines.splitlines() if it.startswith("— ")]
    key = base64.b64decode(vkey.split("+", 2)[2])
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(
        base64.b64decode(line.split(" ")[2])[4:], f"{text}\n".encode()
    )
    origin, size, root = text.split("\n")
    return Signed(origin, int(size), base64.b64decode(root))


def _decrypted(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], bound)


def _measured(text: str) -> bytes:
    part = text.encode()
    return len(part).to_bytes(4, "big") + part

"""The receipt file: an entry's bytes and their proof in one JSON object, never one without the other."""

import json
from dataclasses import dataclass

from gateway.audit.encoding import decode_base64, encode_base64
from gateway.audit.faults import Malformed

MAX_RECEIPT = 4_000_000
"""Longest receipt file in bytes that is read."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The bytes of a leaf and the text of its C2SP tlog-proof, neither verified yet."""

    leaf: bytes
    proof: str

    def as_json(self) -> dict[str, str]:
        """The members of the file, and of the HTTP answer."""
        return {"entry": encode_base64(self.leaf), "proof": self.proof}

    @classmethod
    def parse(cls, raw: bytes) -> "Receipt":
        """The receipt in a file's bytes; white space and the order of members are free."""
        if len(raw) > MAX_RECEIPT:
            raise Malformed("the receipt is too long")
        try:
            value = json.loads(raw.decode(), object_pairs_hook=_unique)
        except (ValueError, RecursionError):
            raise Malformed("the receipt is not JSON in UTF-8") from None
        if not isinstance(value, dict) or value.keys() != {"entry", "proof"}:
            raise Malformed("a receipt is a JSON object of entry and proof")
        entry, proof = value["entry"], value["proof"]
        if not isinstance(entry, str) or not isinstance(proof, str):
            raise Malformed("a receipt's entry and proof are strings")
        return cls(decode_base64(entry), proof)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("the receipt names a member twice")
    return members

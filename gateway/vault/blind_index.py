"""Keyed digests: they find a contact or recognise an order without opening any; none can be undone.

A digest begins with the version of the index key that made it, so that two indexes stand side by
side while a new key takes over, and what an old key made can be told and let go.
"""

import hmac

from gateway.model.contact import Private
from gateway.vault.keys import Key

DIGEST_BYTES = 16
_VERSION_BYTES = 2


def prefix(version: int) -> bytes:
    """What the digests of a key's version begin with; digests of older versions sort before it."""
    return version.to_bytes(_VERSION_BYTES, "big")


def version_of(digest: bytes) -> int:
    """The version of the key that made a digest."""
    return int.from_bytes(digest[:_VERSION_BYTES], "big")


def value_digest(key: Key, merchant: str, kind: str, value: Private) -> bytes:
    """A contact value's digest; equal values of one merchant have equal digests.

    `kind` is "phone" or "email". Phones are E.164; addresses are compared without regard to case.
    """
    return _keyed(key, b"value\0", f"{merchant}\0{kind}\0{value.reveal().casefold()}")


def order_digest(key: Key, shape: str) -> bytes:
    """The digest of all that an order says."""
    return _keyed(key, b"order\0", shape)


def _keyed(key: Key, what: bytes, text: str) -> bytes:
    """HMAC-SHA-256 (RFC 2104), cut to 112 bits: far from any collision, and it fits its column."""
    digest = hmac.digest(key.secret.reveal(), what + text.encode(), "sha256")
    return prefix(key.version) + digest[: DIGEST_BYTES - _VERSION_BYTES]

"""One contact's envelope: a fresh data key seals the content, a key-encryption key wraps the data key.

Both seals are AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces, written in front of the
ciphertext. The additional data names everything that the envelope belongs to, so that a ciphertext
that was moved, swapped or rolled back does not open.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.model.ids import Entropy
from gateway.vault.keyring import KEY_BYTES, Key

NONCE_BYTES = 12


class EnvelopeDamaged(Exception):
    """The ciphertext, its key or what it is bound to was changed; the content stays closed."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What an envelope belongs to; `kind` is "freight" or "shop", `version` counts replacements."""

    merchant: str
    order_number: str
    contact_id: str
    kind: str
    version: int

    def content_data(self) -> bytes:
        """The additional data of the content: length-prefixed, so that no two bindings collide."""
        parts = (self.merchant, self.order_number, self.contact_id, self.kind, str(self.version))
        return b"content" + b"".join(_prefixed(part) for part in parts)

    def key_data(self, key_id: str) -> bytes:
        """The additional data of the wrapped data key: the same, and the wrapping key's name."""
        return b"data-key" + _prefixed(key_id) + self.content_data()


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is stored: which key wraps, the wrapped data key, the sealed content."""

    key_id: str
    wrapped_key: bytes
    sealed: bytes


def seal(content: bytes, binding: Binding, key: Key, entropy: Entropy) -> Envelope:
    """An envelope around `content`; the data key exists nowhere else."""
    data_key = entropy(KEY_BYTES)
    sealed = _encrypt(data_key, content, binding.content_data(), entropy)
    wrapped = _encrypt(key.secret, data_key, binding.key_data(key.key_id), entropy)
    return Envelope(key.key_id, wrapped, sealed)


def unseal(envelope: Envelope, binding: Binding, key: Key) -> bytes:
    """The content; EnvelopeDamaged when anything about it differs from when it was sealed."""
    data_key = _decrypt(key.secret, envelope.wrapped_key, binding.key_data(envelope.key_id))
    return _decrypt(data_key, envelope.sealed, binding.content_data())


def rewrap(envelope: Envelope, binding: Binding, old: Key, new: Key, entropy: Entropy) -> Envelope:
    """The same content under another key-encryption key; the content itself is not opened."""
    data_key = _decrypt(old.secret, envelope.wrapped_key, binding.key_data(envelope.key_id))
    wrapped = _encrypt(new.secret, data_key, binding.key_data(new.key_id), entropy)
    return Envelope(new.key_id, wrapped, envelope.sealed)


def _encrypt(key: bytes, text: bytes, data: bytes, entropy: Entropy) -> bytes:
    nonce = entropy(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, data)


def _decrypt(key: bytes, text: bytes, data: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(text[:NONCE_BYTES], text[NONCE_BYTES:], data)
    except (InvalidTag, ValueError) as fault:
        raise EnvelopeDamaged(
            "an envelope does not open: changed, moved or sealed for another"
        ) from fault


def _prefixed(part: str) -> bytes:
    encoded = part.encode()
    return len(encoded).to_bytes(4, "big") + encoded

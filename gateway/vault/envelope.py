"""One contact's envelope: a fresh data key seals the content, a key-encryption key wraps the data key.

Both seals are AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces, written in front of the
ciphertext. The additional data names everything that the envelope belongs to, so that a ciphertext
that was moved, swapped or rolled back does not open.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.model.ids import Entropy
from gateway.vault.keys import KEY_BYTES, Key

NONCE_BYTES = 12
_CONTENT = b"content"


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

    def data(self) -> bytes:
        """All of it as bytes: length-prefixed, so that no two bindings collide."""
        parts = (self.merchant, self.order_number, self.contact_id, self.kind, str(self.version))
        encoded = [part.encode() for part in parts]
        return b"".join([piece for part in encoded for piece in (_length(part), part)])


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is stored: which key wraps, the wrapped data key, the sealed content."""

    key_id: str
    wrapped_key: bytes
    sealed: bytes


def seal(content: bytes, binding: Binding, key: Key, entropy: Entropy) -> Envelope:
    """An envelope around `content`; the data key exists nowhere else."""
    bound = binding.data()
    data_key = entropy(KEY_BYTES)
    sealed = _encrypt(AESGCM(data_key), content, _CONTENT + bound, entropy)
    wrapped = _encrypt(key.aead, data_key, _key_data(key.key_id, bound), entropy)
    return Envelope(key.key_id, wrapped, sealed)


def unseal(envelope: Envelope, binding: Binding, key: Key) -> bytes:
    """The content; EnvelopeDamaged when anything about it differs from when it was sealed."""
    bound = binding.data()
    data_key = _decrypt(key.aead, envelope.wrapped_key, _key_data(envelope.key_id, bound))
    return _decrypt(AESGCM(data_key), envelope.sealed, _CONTENT + bound)


def rewrap(wrapped_key: bytes, binding: Binding, old: Key, new: Key, entropy: Entropy) -> bytes:
    """An envelope's data key, wrapped by another key-encryption key; the content stays closed."""
    bound = binding.data()
    data_key = _decrypt(old.aead, wrapped_key, _key_data(old.key_id, bound))
    return _encrypt(new.aead, data_key, _key_data(new.key_id, bound), entropy)


def proves(wrapped_key: bytes, binding: Binding, key: Key) -> bool:
    """Whether `key` wrapped this data key for this binding; the content stays closed."""
    try:
        _decrypt(key.aead, wrapped_key, _key_data(key.key_id, binding.data()))
    except EnvelopeDamaged:
        return False
    return True


def _key_data(key_id: str, bound: bytes) -> bytes:
    """The additional data of a wrapped data key: the binding, and the wrapping key's name."""
    name = key_id.encode()
    return b"data-key" + _length(name) + name + bound


def _encrypt(cipher: AESGCM, text: bytes, data: bytes, entropy: Entropy) -> bytes:
    nonce = entropy(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, text, data)


def _decrypt(cipher: AESGCM, text: bytes, data: bytes) -> bytes:
    try:
        return cipher.decrypt(text[:NONCE_BYTES], text[NONCE_BYTES:], data)
    except (InvalidTag, ValueError) as fault:
        raise EnvelopeDamaged(
            "an envelope does not open: changed, moved or sealed for another"
        ) from fault


def _length(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big")

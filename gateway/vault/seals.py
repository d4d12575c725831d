"""Seals small secrets of the service itself, such as an authenticator's; never a buyer's contact."""

from datetime import datetime

from cryptography.exceptions import InvalidTag

from gateway.errors import Unavailable
from gateway.model.ids import Entropy
from gateway.vault.keyring import Keyring
from gateway.vault.keys import ALL_DAYS, Key, KeyUse

_NONCE_BYTES = 12


class Seals:
    """AES-256-GCM with a key of one use; a sealed secret names its key, and whom it belongs to."""

    def __init__(self, keyring: Keyring, use: KeyUse, entropy: Entropy) -> None:
        self._keyring = keyring
        self._use = use
        self._entropy = entropy

    def seal(self, secret: bytes, owner: str, now: datetime) -> bytes:
        """The secret of this owner, unreadable without the keyring, and for nobody else."""
        key = self._key(now)
        nonce = self._entropy(_NONCE_BYTES)
        name = key.key_id.encode()
        sealed = key.aead.encrypt(nonce, secret, owner.encode())
        return bytes([len(name)]) + name + nonce + sealed

    def open(self, sealed: bytes, owner: str) -> bytes:
        """The secret; Unavailable without its key, or where it was not sealed for this owner."""
        key_id = key_of(sealed)
        key = self._keyring.by_id(key_id)
        if key is None:
            raise Unavailable(
                "keys", f"the key {key_id} is not in the keyring: gateway keys status"
            )
        try:
            return _opened(sealed, owner, key)
        except InvalidTag:
            raise Unavailable("vault", "a sealed secret does not open: gateway doctor") from None

    def renewed(self, sealed: bytes, owner: str, now: datetime) -> bytes | None:
        """The secret under the newest key; None where it is already, or where nothing opens it."""
        newest, key = self._keyring.newest(self._use, ALL_DAYS), self._keyring.by_id(key_of(sealed))
        if key is None or (newest is not None and key.key_id == newest.key_id):
            return None
        try:
            return self.seal(_opened(sealed, owner, key), owner, now)
        except InvalidTag:
            return None

    def _key(self, now: datetime) -> Key:
        newest = self._keyring.newest(self._use, ALL_DAYS)
        key = None if newest is None else self._keyring.by_id(newest.key_id)
        return key or self._keyring.add_version(self._use, ALL_DAYS, now)


def key_of(sealed: bytes) -> str:
    """The name of the key that a secret is under."""
    return sealed[1 : 1 + sealed[0]].decode("ascii", "replace")


def _opened(sealed: bytes, owner: str, key: Key) -> bytes:
    start = 1 + sealed[0]
    nonce, rest = sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
    return key.aead.decrypt(nonce, rest, owner.encode())

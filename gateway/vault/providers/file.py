"""The file provider: one root key in a file of its own, which must never be readable by others.

The root key is all that the keyring needs to open, so it deserves another place than the keyring:
another disk, or a file that the service manager hands over at start.
"""

import base64
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.model.ids import Entropy
from gateway.vault.keyfile import replace_private
from gateway.vault.keys import KEY_BYTES
from gateway.vault.providers.provider import KeyDamaged, ProviderDown

NAME = "file"
_NONCE_BYTES = 12


class FileProvider:
    """Wraps with AES-256-GCM under the root key; the key's name is bound in."""

    name = NAME

    def __init__(self, path: Path, entropy: Entropy) -> None:
        self._path = path
        self._entropy = entropy

    def wrap(self, key_id: str, secret: bytes) -> bytes:
        """Nonce and ciphertext; the first wrapping makes the root key."""
        if not self._path.exists():
            self.put_root(self._entropy(KEY_BYTES))
        nonce = self._entropy(_NONCE_BYTES)
        return nonce + AESGCM(self.root()).encrypt(nonce, secret, key_id.encode())

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        """The secret."""
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return AESGCM(self.root()).decrypt(nonce, sealed, key_id.encode())
        except (InvalidTag, ValueError) as fault:
            raise KeyDamaged(self.name, key_id) from fault

    def forget(self, key_id: str) -> None:
        """Nothing: the root key wraps all keys. Copies of the keyring have to go themselves."""

    def root(self) -> bytes:
        """The root key; ProviderDown when it is not there, or open to others."""
        try:
            with self._path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode & 0o777
                text = file.read().strip()
        except OSError as fault:
            raise ProviderDown(self.name, f"{self._path}: {fault.strerror}", self._path) from fault
        if mode & 0o077:
            reason = f"{self._path} is open to others (mode {mode:04o}): chmod 600 {self._path}"
            raise ProviderDown(self.name, reason, self._path)
        try:
            root = base64.b64decode(text, validate=True)
        except ValueError:
            root = b""
        if len(root) != KEY_BYTES:
            raise ProviderDown(self.name, f"{self._path} holds no root key", self._path)
        return root

    def put_root(self, root: bytes) -> None:
        """Write the root key where there is none."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_private(self._path, base64.b64encode(root) + b"\n")
        except OSError as fault:
            raise ProviderDown(self.name, f"{self._path}: {fault.strerror}", self._path) from fault

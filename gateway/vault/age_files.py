"""Files encrypted with age (age-encryption.org/v1), so that the standard tool opens them without us.

A recipient's public key is enough to write; what it writes opens with the identity alone, which
belongs off the machine. Nothing decrypted is to be believed before its last byte is: a changed or
cut file is found, but only at its end.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from io import BufferedIOBase, BytesIO
from pathlib import Path

import pyrage
from pyrage import x25519

from gateway.errors import ConfigurationError, Conflict, GatewayError
from gateway.vault.keyfile import sync_directory


class DoesNotOpen(GatewayError):
    """The file is no age file, was changed or cut, or is for another identity."""


def encrypt(source: BufferedIOBase, target: Path, recipients: Sequence[str]) -> None:
    """Write what `source` gives to `target`, for its owner alone; durable when this returns.

    ConfigurationError where the recipients are none. What a fault leaves of `target` is no backup.
    """
    keys = _recipients(recipients)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(target, flags, 0o600), "wb") as file:
        try:
            pyrage.encrypt_io(source, file, keys)
        except pyrage.EncryptError as fault:
            raise OSError(f"{target}: {fault}") from fault
        file.flush()
        os.fsync(file.fileno())


def decrypt(source: Path, target: BufferedIOBase, identities: Sequence[Path]) -> None:
    """Write the content of `source` to `target`. DoesNotOpen: what was written is not to be used."""
    keys = [key for path in identities for key in _identities(path)]
    try:
        with source.open("rb") as file:
            pyrage.decrypt_io(file, target, keys)
    except pyrage.DecryptError as fault:
        raise DoesNotOpen(
            f"{source} does not open: {fault}; is --identity its recipient's, and the file whole?"
        ) from fault
    except OSError as fault:
        if fault.errno is None:
            raise DoesNotOpen(f"{source} was changed or cut: it does not open") from fault
        raise


def decrypted(source: Path, identities: Sequence[Path]) -> bytes:
    """The content of a small file; DoesNotOpen as `decrypt`."""
    target = BytesIO()
    decrypt(source, target, identities)
    return target.getvalue()


def make_identity(path: Path) -> str:
    """A new identity in a file for its owner alone, as age-keygen writes it; its recipient."""
    identity = x25519.Identity.generate()
    recipient = str(identity.to_public())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(f"# public key: {recipient}\n{identity}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        sync_directory(path.parent)
    except FileExistsError:
        raise Conflict(f"{path} is there already: an identity is never overwritten") from None
    except OSError as fault:
        with suppress(OSError):
            path.unlink()
        raise ConfigurationError(f"{path} cannot be written: {fault.strerror}") from fault
    return recipient


def _recipients(texts: Sequence[str]) -> list[x25519.Recipient]:
    try:
        return [x25519.Recipient.from_str(text) for text in texts]
    except pyrage.RecipientError:
        raise ConfigurationError(
            "backup.recipients, backup.keyring_recipients: age recipients begin with age1"
        ) from None


def _identities(path: Path) -> list[x25519.Identity]:
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as fault:
        raise DoesNotOpen(f"{path} cannot be read: {fault.strerror}") from fault
    lines = [line.strip() for line in text.splitlines()]
    try:
        found = [x25519.Identity.from_str(line) for line in lines if line and line[0] != "#"]
    except pyrage.IdentityError:
        found = []
    if not found:
        raise DoesNotOpen(f"{path} holds no age identity, which begins with AGE-SECRET-KEY-1")
    return found

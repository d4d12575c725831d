"""What a key is: its name, what it is for, its secret; a secret must never show in text.

CPython frees an object when its last holder lets go, and `Secret` overwrites its bytes then. That is
as far as wiping goes here: copies that a provider's client, a JSON parser or base64 made on the way
are freed without being overwritten, OpenSSL overwrites its own, and memory that the machine swapped
out or dumped is beyond this process.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
ALL_DAYS = "all"
"""The epoch of keys that belong to no day."""


class KeyUse(StrEnum):
    """What a key is for; a key serves one use only."""

    CONTACT = "contact"
    INDEX = "index"
    LOG = "log"
    CONSOLE = "console"
    CREDENTIALS = "credentials"
    WEBHOOK = "webhook"
    SENDER = "sender"


class Secret:
    """A key's bytes, overwritten with zeros when nobody holds them any more."""

    __slots__ = ("_bytes",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self._bytes = bytearray(secret)

    def reveal(self) -> bytearray:
        """The bytes themselves, valid as long as this object is held; not to be changed."""
        return self._bytes

    def __del__(self) -> None:
        wiped = getattr(self, "_bytes", bytearray())
        wiped[:] = bytes(len(wiped))

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key with the name that ciphertexts carry, for example contact-2026-11-23-1; not its secret."""

    key_id: str
    use: KeyUse
    epoch: str
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Key(KeyRecord):
    """A key that works: `secret` for digests and signing, `aead` for envelopes, made but once."""

    secret: Secret = field(repr=False, compare=False)
    aead: AESGCM = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare the cipher."""
        object.__setattr__(self, "aead", AESGCM(self.secret.reveal()))


def key_name(use: KeyUse, epoch: str, version: int) -> str:
    """What ciphertexts call a key."""
    return f"{use}-{epoch}-{version}"


def unlocked(record: KeyRecord, secret: bytes) -> Key:
    """The key of a record."""
    return Key(
        key_id=record.key_id,
        use=record.use,
        epoch=record.epoch,
        version=record.version,
        created_at=record.created_at,
        secret=Secret(secret),
    )

"""What a key provider does: wrap and unwrap our keys, and forget; it must never see a contact."""

from pathlib import Path
from typing import Protocol

from gateway.errors import Unavailable


class Provider(Protocol):
    """Holds what wraps our keys; a call may take a network round trip."""

    @property
    def name(self) -> str:
        """As the settings call it; stands beside each key that it wrapped."""
        ...

    def wrap(self, key_id: str, secret: bytes) -> bytes:
        """`secret` so that only this provider opens it, and only under this name."""
        ...

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        """What was wrapped. ProviderDown when it does not answer, KeyDamaged when it says no."""
        ...

    def forget(self, key_id: str) -> None:
        """Destroy what wraps this key, where each has a wrapping key of its own.

        Every copy of the wrapped key, in any backup, is worthless then. Twice is no fault.
        """
        ...


class ProviderDown(Unavailable):
    """The provider does not answer, or not us; nothing is lost, and it works again when it does."""

    def __init__(self, provider: str, reason: str, file: Path | None = None) -> None:
        super().__init__("keys", f"the key provider {provider} does not answer: {reason}", file)
        self.provider = provider
        self.reason = reason
        self.file = file


class KeyDamaged(Unavailable):
    """The provider answers that this is not what it wrapped: changed, or wrapped by another key."""

    def __init__(self, provider: str, key_id: str) -> None:
        super().__init__(
            "keys",
            f"the key provider {provider} does not unwrap {key_id}: it was changed, or wrapped by "
            "another wrapping key; restore the keyring or the wrapping key from its backup",
        )

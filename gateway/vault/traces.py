"""What keys left behind where contacts are stored: a lost keyring must never be made anew beside it.

A key made anew would have the lost one's name and open nothing of it, and from then on nobody could
tell which contacts are under which.
"""

from typing import Protocol

from gateway.vault.keys import KeyUse


class Traces(Protocol):
    """What is stored by the keys of a keyring; asked only when a key is made."""

    def are_any(self) -> bool:
        """Whether any key of a keyring was ever used here."""
        ...

    def newest_version(self, use: KeyUse, epoch: str) -> int:
        """The newest version of a key that something stored names; 0 for none."""
        ...

"""Clients: who holds a token, in which role, and what they may ask for."""

from dataclasses import dataclass
from datetime import datetime

from policies.question import Purpose, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who would receive a contact; `carrier_id` is set for carriers and for nobody else."""

    merchant: str
    role: Role
    carrier_id: str | None
    purposes: frozenset[Purpose]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client(Recipient):
    """A registered caller of the API, who receives what it asks for itself.

    With `own_keys` it proves itself by keys of its own, and its plain token counts for nothing.
    """

    client_id: str
    name: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    own_keys: bool = False

    def is_live(self, now: datetime) -> bool:
        """Whether the token counts at `now`: neither revoked nor expired."""
        if self.revoked_at is not None:
            return False
        return self.expires_at is None or now < self.expires_at

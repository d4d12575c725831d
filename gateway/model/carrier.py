"""Carriers as a merchant registers them: who may receive what, for which purpose, how long."""

from dataclasses import dataclass
from datetime import datetime

from gateway.model.client import Recipient
from policies.question import Mode, Purpose, Registration, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """One registration; `valid_until` is exclusive, `withdrawn_at` is set when it left the file.

    `endpoint` takes messages, sealed for `public_key` if there is one. `order_endpoint` takes the
    carrier's own order documents, which are written as `order_profile` says.
    With `bound_tokens` its clients' plain tokens count for nothing: only access tokens that are
    bound to a key or a certificate do (RFC 9449, RFC 8705).
    """

    carrier_id: str
    name: str
    otto_codes: tuple[str, ...]
    modes: frozenset[Mode]
    fields: frozenset[str]
    purposes: frozenset[Purpose]
    valid_from: datetime
    valid_until: datetime
    endpoint: str | None
    public_key: str | None
    withdrawn_at: datetime | None = None
    order_profile: str | None = None
    order_endpoint: str | None = None
    bound_tokens: bool = False

    def recipient(self, merchant: str) -> Recipient:
        """The carrier as registered with a merchant, for what is handed over without its asking."""
        return Recipient(
            merchant=merchant,
            role=Role.CARRIER,
            carrier_id=self.carrier_id,
            purposes=self.purposes,
        )

    def registration(self, now: datetime) -> Registration:
        """The state of the registration at `now` (UTC)."""
        if self.withdrawn_at is not None:
            return Registration.WITHDRAWN
        if self.valid_from <= now < self.valid_until:
            return Registration.CURRENT
        return Registration.LAPSED

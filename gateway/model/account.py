"""Accounts of the people who use the console; an account holds no contact of any buyer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

VISITOR = "visitor"
"""The role, in the log, of whoever could not sign in."""


class Office(StrEnum):
    """What a person is in the console: whoever reviews changes nothing that is reviewed.

    A carrier's dispatcher sees that carrier's own deliveries, and nothing else.
    """

    REVIEWER = "reviewer"
    OPERATOR = "operator"
    CARRIER = "carrier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person's account; `name` is what they sign in with, the log names them by `account_id`.

    `carrier_id` is set for the office of a carrier, and for no other.
    """

    account_id: str
    merchant: str
    name: str
    office: Office
    created_at: datetime
    disabled_at: datetime | None
    carrier_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey of an account; `label` is the person's own word for the device."""

    credential_id: bytes
    account_id: str
    public_key: bytes
    uses: int
    label: str
    created_at: datetime
    used_at: datetime | None


class Way(StrEnum):
    """How somebody signed in."""

    LINK = "link"
    PASSWORD = "password"  # noqa: S105  a word, not a password
    PASSKEY = "passkey"
    OPENID = "openid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser; it ends at `ends_at`, or earlier when it is not used."""

    account: Account
    way: Way
    began_at: datetime
    seen_at: datetime
    ends_at: datetime

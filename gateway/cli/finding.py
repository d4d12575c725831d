"""What the doctor finds: a part, how it is, and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How it is: fine; fine, but to be looked at; not fine."""

    OK = "ok"
    NOTE = "note"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found, and how to mend it where there is something to mend."""

    part: str
    health: Health
    says: str
    fix: str | None = None

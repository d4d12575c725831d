"""What the clients of a gateway sent and were told: the one thing that its state is held against."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.builders import an_address, an_order, order_number

PHONES = "+49 30 231257"
"""How every phone number begins that is sent; with the two digits behind it, one for fiction."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An order's contact, as its carrier must get it and nobody else may."""

    name: str
    phone: str
    email: str


@dataclass
class Ledger:
    """Several threads write into it; what is in a plural participle was acknowledged.

    What stands in `erasing` or `cancelling` alone may have happened or not.
    """

    sent: dict[str, Sent] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    assigned: set[str] = field(default_factory=set)
    cancelling: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    erasing: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    released: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    notes: list[bytes] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    unavailable: Counter[str] = field(default_factory=Counter)
    broken: int = 0
    wrong: list[str] = field(default_factory=list)
    leaps: int = 0
    leapt: bool = False

    def gone(self) -> set[str]:
        """Orders whose contact is gone for certain."""
        return self.erased | self.cancelled

    def going(self) -> set[str]:
        """Orders whose contact may be gone."""
        return self.erasing | self.cancelling

    def make(self, count: int) -> dict[str, Any]:
        """A further order, noted down before it is sent."""
        number, phone = order_number(count), f"{PHONES}{count % 100:02d}"
        family, email = f"Canary{number}", f"canary.{number}@example.org"
        self.sent[number] = Sent(f"Canaryfirst {family}", phone.replace(" ", ""), email)
        address = an_address(
            firstName="Canaryfirst", lastName=family, phoneNumber=phone, email=email
        )
        return an_order(number, deliveryAddress=address)

"""Finds a buyer's orders by phone or e-mail through the blind index; no contact is opened for it.

What is sought is written the way that imports write it, so that every spelling finds the same; while a
new index key takes over, both indexes are asked. It must never show what was sought.
"""

from collections.abc import Sequence
from datetime import datetime

from gateway.errors import InvalidInput
from gateway.marketplaces.mail import normalised
from gateway.marketplaces.phone import e164
from gateway.model.contact import Private
from gateway.storage import orders
from gateway.storage.store import Transaction
from gateway.usecases.forget import Find
from gateway.vault.sealing import Sealer

_NO_COUNTRY = ""


def by_email(sealer: Sealer, text: str, now: datetime) -> Find:
    """Orders with this address, however its letters are written; InvalidInput where it is none."""
    address = normalised(text.strip())
    if address is None:
        raise InvalidInput({"email": ["is no mail address"]})
    return _by(sealer, "email", Private(address), now)


def by_phone(sealer: Sealer, text: str, now: datetime) -> Find:
    """Orders with this number; InvalidInput where it is none, or its country does not stand in it."""
    number = e164(text, _NO_COUNTRY)
    if number is None:
        raise InvalidInput(
            {"phone": ["must be a number with its country's code, such as +49 30 23125001"]}
        )
    return _by(sealer, "phone", Private(number), now)


def _by(sealer: Sealer, kind: str, value: Private, now: datetime) -> Find:
    # Has the keys at hand, so that no transaction waits for their provider.
    sealer.lookups("", kind, value, now)

    def find(tx: Transaction) -> Sequence[str]:
        digests = sealer.lookups(tx.merchant, kind, value, tx.now)
        return orders.of_digests(tx.connection, tx.merchant, digests)

    return find

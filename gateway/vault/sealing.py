"""The way in: contacts become envelopes and blind-index digests; nothing here can open one."""

import hmac
import json
from datetime import date, datetime
from typing import Protocol

from gateway.model.contact import FreightContact, Private, ShopContact
from gateway.model.ids import Entropy
from gateway.model.order import Order
from gateway.vault.blind_index import order_digest, value_digest, version_of
from gateway.vault.contents import encode_freight, encode_shop
from gateway.vault.envelope import Binding, Envelope, seal
from gateway.vault.keys import Key


class SealingKeys(Protocol):
    """The part of a keyring that sealing needs."""

    def contact_key(self, day: date, now: datetime) -> Key:
        """The newest key of the day."""

    def index_key(self, now: datetime) -> Key:
        """The newest key of the blind index."""

    def index_keys(self) -> list[Key]:
        """Every version of it, the newest first."""

    def index_version(self, version: int) -> Key | None:
        """One version of it."""


class Sealer:
    """Seals contacts under the key of the import day, and names values by keyed digests."""

    def __init__(self, keyring: SealingKeys, entropy: Entropy) -> None:
        self._keyring = keyring
        self._entropy = entropy

    def freight(self, contact: FreightContact, binding: Binding, now: datetime) -> Envelope:
        """The envelope of a freight contact."""
        key = self._keyring.contact_key(now.date(), now)
        return seal(encode_freight(contact), binding, key, self._entropy)

    def shop(self, contact: ShopContact, binding: Binding, now: datetime) -> Envelope:
        """The envelope of a shop contact."""
        key = self._keyring.contact_key(now.date(), now)
        return seal(encode_shop(contact), binding, key, self._entropy)

    def ready(self, now: datetime) -> None:
        """Have the keys of the day at hand, so that no transaction waits for the key provider."""
        self._keyring.contact_key(now.date(), now)
        self._keyring.index_key(now)

    def keys(self, now: datetime) -> tuple[Key, Key]:
        """What seals now: the key of the day, and that of the blind index."""
        return self._keyring.contact_key(now.date(), now), self._keyring.index_key(now)

    def digests(self, merchant: str, contact: FreightContact, now: datetime) -> list[bytes]:
        """The blind index of a freight contact's phone and e-mail, under the newest key."""
        key = self._keyring.index_key(now)
        values = [("phone", contact.phone), ("email", contact.email)]
        return [value_digest(key, merchant, kind, value) for kind, value in values if value]

    def lookups(self, merchant: str, kind: str, value: Private, now: datetime) -> list[bytes]:
        """Under which digests a contact with this phone or e-mail may be found.

        One for each version of the index key: while a new one takes over, a contact stands under
        either.
        """
        self._keyring.index_key(now)
        return [value_digest(key, merchant, kind, value) for key in self._keyring.index_keys()]

    def fingerprint(self, merchant: str, order: Order, now: datetime) -> bytes:
        """Says whether an order came before in just this shape; keyed, so it cannot be guessed at."""
        return order_digest(self._keyring.index_key(now), _shape(merchant, order))

    def recognises(self, stored: bytes, fingerprint: bytes, merchant: str, order: Order) -> bool:
        """Whether the order that makes `fingerprint` now made `stored` when it last came.

        An older version of the index key may have made `stored`; once that key is destroyed the
        order counts as changed, and is stored again.
        """
        if version_of(stored) != version_of(fingerprint):
            key = self._keyring.index_version(version_of(stored))
            if key is None:
                return False
            fingerprint = order_digest(key, _shape(merchant, order))
        return hmac.compare_digest(stored, fingerprint)

    def mark(self, merchant: str, raw: bytes, now: datetime) -> bytes:
        """Recognises an order that could not be read, by its bytes; keyed for the same reason."""
        return order_digest(self._keyring.index_key(now), f"{merchant}\0{raw.hex()}")


def _shape(merchant: str, order: Order) -> str:
    freight = encode_freight(order.freight).decode() if order.freight else None
    shop = encode_shop(order.shop).decode() if order.shop else None
    items = [
        (item.item_id, item.status, item.mode, item.evidence, item.tracking_carrier)
        for item in order.items
    ]
    return json.dumps(
        (
            merchant,
            order.order_number,
            order.sales_order_id,
            order.country,
            order.postcode_area,
            items,
            freight,
            shop,
            order.flags,
            order.discarded,
            *_further(order),
        )
    )


def _further(order: Order) -> list[str]:
    """What few orders have; left out of the others, so that these look as they always did."""
    told = (order.bar.after_delivery, *(item.delivered_at for item in order.items))
    return [str(one) for one in told] if any(told) else []

"""The way in: contacts become envelopes and blind-index digests; nothing here can open one."""

import hmac
import json
from datetime import datetime

from gateway.model.contact import FreightContact, Private, ShopContact
from gateway.model.ids import Entropy
from gateway.model.order import Order
from gateway.vault.contents import encode_freight, encode_shop
from gateway.vault.envelope import Binding, Envelope, seal
from gateway.vault.keyring import Keyring

DIGEST_BYTES = 16


class Sealer:
    """Seals contacts under the key of the import day, and names values by keyed digests."""

    def __init__(self, keyring: Keyring, entropy: Entropy) -> None:
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

    def digests(self, merchant: str, contact: FreightContact, now: datetime) -> list[bytes]:
        """The blind index of a freight contact's phone and e-mail; equal values, equal digests."""
        values = [("phone", contact.phone), ("email", contact.email)]
        return [self.digest(merchant, kind, value, now) for kind, value in values if value]

    def digest(self, merchant: str, kind: str, value: Private, now: datetime) -> bytes:
        """One value's digest, for finding a contact without opening any; `value` is normalised.

        Phones are E.164; addresses are compared without regard to case.
        """
        text = f"{merchant}\0{kind}\0{value.reveal().casefold()}"
        return self._keyed(b"value\0", text, now)

    def fingerprint(self, merchant: str, order: Order, now: datetime) -> bytes:
        """Says whether an order came before in just this shape; keyed, so it cannot be guessed at."""
        freight = encode_freight(order.freight).decode() if order.freight else None
        shop = encode_shop(order.shop).decode() if order.shop else None
        items = [
            (item.item_id, item.status, item.mode, item.evidence, item.tracking_carrier)
            for item in order.items
        ]
        shape = (
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
        )
        return self._keyed(b"order\0", json.dumps(shape), now)

    def _keyed(self, what: bytes, text: str, now: datetime) -> bytes:
        key = self._keyring.index_key(now)
        return hmac.digest(key.secret, what + text.encode(), "sha256")[:DIGEST_BYTES]

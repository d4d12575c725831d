"""Seals an order before its turn in the log, so that several processes can; it stores nothing.

What is sealed ahead counts for an order that is stored for the first time, under the keys of that
moment; anything else is sealed anew when it is stored.
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.model.ids import Entropy, new_id
from gateway.model.order import Order
from gateway.storage import orders
from gateway.vault.envelope import Binding, Envelope
from gateway.vault.sealing import Sealer

FIRST = 1
"""The version of a contact that is sealed ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """An order's envelopes and digests; `key_ids` name the contact and the index key behind them."""

    key_ids: tuple[str, str]
    fingerprint: bytes
    shop: tuple[Binding, Envelope] | None
    freight: tuple[Binding, Envelope] | None
    digests: tuple[bytes, ...]


def key_ids(sealer: Sealer, now: datetime) -> tuple[str, str]:
    """The names of the keys that seal now."""
    contact, index = sealer.keys(now)
    return contact.key_id, index.key_id


def sealed_ahead(
    sealer: Sealer, merchant: str, order: Order, now: datetime, entropy: Entropy
) -> Ahead:
    """The order's envelopes, were it stored now for the first time."""
    fingerprint = sealer.fingerprint(merchant, order, now)
    return sealed(sealer, merchant, order, now, entropy, FIRST, fingerprint)


def sealed(
    sealer: Sealer,
    merchant: str,
    order: Order,
    now: datetime,
    entropy: Entropy,
    version: int,
    fingerprint: bytes,
) -> Ahead:
    """The order's envelopes as the given version of its contact."""

    def binding(kind: str) -> Binding:
        return Binding(merchant, order.order_number, new_id(now, entropy), kind, version)

    shop = freight = None
    if order.shop is not None:
        bound = binding(orders.SHOP)
        shop = bound, sealer.shop(order.shop, bound, now)
    if order.freight is not None:
        bound = binding(orders.FREIGHT)
        freight = bound, sealer.freight(order.freight, bound, now)
    return Ahead(
        key_ids=key_ids(sealer, now),
        fingerprint=fingerprint,
        shop=shop,
        freight=freight,
        digests=tuple(sealer.digests(merchant, order.freight, now)) if order.freight else (),
    )

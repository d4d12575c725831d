"""Makes an order's rows before its turn in the log, so that several processes can; it stores nothing.

What is made ahead counts for an order that is stored for the first time, under the keys of that
moment; anything else is made anew when it is stored.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from gateway.model.ids import Entropy, new_id
from gateway.model.merging import merged
from gateway.model.order import Order
from gateway.storage import orders
from gateway.storage.bulk import BoundOrder, Inserts
from gateway.vault.envelope import Binding, Envelope
from gateway.vault.sealing import Sealer

FIRST = 1
"""The version of a contact that is sealed ahead."""

_SUBJECT_KEY_BYTES = 32


class Ready(NamedTuple):
    """The rows of a new order, but for the times, which its turn sets; it goes through a pipe.

    `key_ids` name the contact and the index key behind them, `subject` its name in the log, `latest`
    is its marketplace's bar.
    """

    order_number: str
    key_ids: tuple[str, str]
    subject: str
    rows: BoundOrder
    discarded: tuple[str, ...]
    is_cancelled: bool
    latest: timedelta | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """An order of which everything is ready; `order` makes it again, for when that does not count."""

    ready: Ready
    order: Callable[[], Order]

    @property
    def order_number(self) -> str:
        """Whose rows they are."""
        return self.ready.order_number


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedContact:
    """An order's envelopes and the digests by which it is found."""

    shop: tuple[Binding, Envelope] | None
    freight: tuple[Binding, Envelope] | None
    digests: tuple[bytes, ...]


def key_ids(sealer: Sealer, now: datetime) -> tuple[str, str]:
    """The names of the keys that seal now."""
    contact, index = sealer.keys(now)
    return contact.key_id, index.key_id


def ready(
    sealer: Sealer,
    inserts: Inserts,
    merchant: str,
    order: Order,
    now: datetime,
    entropy: Entropy,
) -> Ready | None:
    """The order's rows, were it stored now for the first time.

    None where pieces are delivered already, or none is left to deliver: its turn decides what goes when.
    """
    kept = merged(None, order, subject="", now=now, latest_at=now)
    if kept.erased_at is not None or any(item.delivered_at is not None for item in kept.items):
        return None
    fingerprint = sealer.fingerprint(merchant, order, now)
    made = sealed(sealer, merchant, order, now, entropy, FIRST)
    subject, subject_key = named(merchant, order.order_number, entropy)
    its = {"fingerprint": fingerprint, "subject": subject, "subject_key": subject_key}
    return Ready(
        order_number=order.order_number,
        key_ids=key_ids(sealer, now),
        subject=subject,
        rows=inserts.bound(
            orders.columns(merchant, kept) | its,
            orders.item_rows(merchant, kept),
            orders.contact_rows((made.shop, made.freight)),
            orders.digest_rows(merchant, order.order_number, made.digests),
        ),
        discarded=order.discarded,
        is_cancelled=any(item.status.is_cancelled for item in order.items),
        latest=order.bar.latest,
    )


def named(merchant: str, order_number: str, entropy: Entropy) -> tuple[str, bytes]:
    """A new order's name in the log, and the key that it is made with.

    The name is HMAC-SHA-256 under a key of its own, cut to 128 bits, in hex.
    """
    key = entropy(_SUBJECT_KEY_BYTES)
    return hmac.digest(key, f"{merchant}\0{order_number}".encode(), "sha256")[:16].hex(), key


def sealed(
    sealer: Sealer, merchant: str, order: Order, now: datetime, entropy: Entropy, version: int
) -> SealedContact:
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
    return SealedContact(
        shop=shop,
        freight=freight,
        digests=tuple(sealer.digests(merchant, order.freight, now)) if order.freight else (),
    )

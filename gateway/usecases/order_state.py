"""Shows where an order stands, piece by piece; it must never show contact data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from gateway.errors import NotFound
from gateway.model.kept import KeptItem, KeptOrder
from gateway.model.order import EmailKind, Flag
from gateway.settings import Deadlines
from gateway.storage import orders
from gateway.storage.store import Store
from policies.question import Mode, Window

_FLAGS_OF = {
    Mode.FREIGHT: frozenset({Flag.PHONE_MISSING, Flag.PHONE_UNPARSABLE, Flag.EMAIL_INVALID}),
    Mode.UNCLASSIFIED: frozenset({Flag.UNCLASSIFIED, Flag.PHONE_UNPARSABLE, Flag.EMAIL_INVALID}),
    Mode.PARCEL: frozenset({Flag.PARCEL_PHONE_DISCARDED, Flag.PARCEL_EMAIL_DISCARDED}),
}
_FLAGS_OF_ALL = frozenset(Flag) - frozenset[Flag]().union(*_FLAGS_OF.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceState:
    """A piece; `phone_present` and `flags` speak of what may be used for this very piece."""

    piece: KeptItem
    phone_present: bool
    window: Window
    flags: tuple[Flag, ...]

    def members(self) -> dict[str, Any]:
        """The piece by the names of the outward surface."""
        return {
            "position_item_id": self.piece.item_id,
            "status": self.piece.status,
            "mode": self.piece.mode,
            "evidence": self.piece.evidence,
            "carrier": self.piece.carrier_id,
            "consignment": self.piece.consignment,
            "phone_present": self.phone_present,
            "appointment": self.piece.appointment and asdict(self.piece.appointment),
            "delivered_at": self.piece.delivered_at,
            "window": self.window,
            "flags": self.flags,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState:
    """An order; `delete_by` is when its contacts go at the latest, None when they are gone."""

    order: KeptOrder
    email_kind: EmailKind | None
    delete_by: datetime | None
    pieces: tuple[PieceState, ...]

    def members(self) -> dict[str, Any]:
        """The order by the names of the outward surface."""
        of_all = {"email_kind": self.email_kind, "delete_by": self.delete_by}
        return {
            "order_number": self.order.order_number,
            "marketplace": self.order.marketplace,
            "sales_order_id": self.order.sales_order_id,
            "ordered_at": self.order.ordered_at,
            "changed_at": self.order.changed_at,
            "imported_at": self.order.imported_at,
            "erased_at": self.order.erased_at,
            **of_all,
            "flags": self.order.flags,
            "position_items": [piece.members() | of_all for piece in self.pieces],
        }


def order_state(store: Store, deadlines: Deadlines, merchant: str, order_number: str) -> OrderState:
    """The order as it stands now; NotFound when the merchant has none of this number."""
    with store.read() as connection:
        found: Mapping[str, KeptOrder] = orders.kept(connection, merchant, [order_number])
    order = found.get(order_number)
    if order is None:
        raise NotFound(f"there is no order {order_number}")
    now, deadlines = store.clock(), deadlines.of(merchant)
    erased = order.erased_at is not None
    return OrderState(
        order=order,
        email_kind=None if erased else order.email_kind,
        delete_by=None if erased else order.delete_by(deadlines.erase_after_delivery),
        pieces=tuple(
            PieceState(
                piece=piece,
                phone_present=order.phone_present and not erased and piece.mode is not Mode.PARCEL,
                window=piece.window(order, now, deadlines.window_after_delivery),
                flags=_flags(order, piece),
            )
            for piece in order.items
        ),
    )


def _flags(order: KeptOrder, piece: KeptItem) -> tuple[Flag, ...]:
    return tuple(
        flag for flag in order.flags if flag in _FLAGS_OF[piece.mode] or flag in _FLAGS_OF_ALL
    )

"""Turns what is stored into the facts that the policy is asked about; it must never decide itself."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from gateway.model.carrier import Carrier
from gateway.model.client import Recipient
from gateway.model.kept import KeptItem, KeptOrder
from gateway.model.order import OTTO, EmailKind
from policies.question import (
    Channel,
    Mode,
    Purpose,
    Question,
    Registration,
    Role,
    Window,
)

CONTACT_FIELDS = ("name", "phone", "email")
"""The fields of a freight contact, in the order of answers."""

_WINDOWS = (Window.OPEN, Window.CLOSED, Window.NOT_OPEN)
_MODES = (Mode.FREIGHT, Mode.UNCLASSIFIED, Mode.PARCEL)


def freight_question(
    recipient: Recipient,
    carrier: Carrier | None,
    order: KeptOrder | None,
    consignment: str | None,
    purpose: Purpose,
    fields: Collection[str],
    now: datetime,
    grace: timedelta,
) -> Question:
    """May this recipient have the freight contact of this order, or of the pieces of one consignment?

    For a carrier that is not responsible nothing of the order's state goes into the question:
    whether it exists, travels by freight or is erased must not show in the answer.
    """
    pieces = _responsible_pieces(recipient, order, consignment)
    seen = order is not None and (bool(pieces) or recipient.role is not Role.CARRIER)
    looked_at = pieces or (list(order.items) if order is not None and seen else [])
    return Question(
        role=recipient.role,
        channel=Channel.CARRIER,
        purpose=purpose,
        purpose_registered=_purpose_registered(recipient, carrier, purpose),
        fields_registered=carrier is None or carrier.fields.issuperset(fields),
        registration=carrier.registration(now) if carrier else Registration.MISSING,
        responsible=bool(pieces),
        mode=_mode(looked_at) if seen else Mode.FREIGHT,
        window=_window(order, looked_at, now, grace) if order and seen else Window.OPEN,
        erased=seen and order is not None and order.erased_at is not None,
    )


def order_question(
    recipient: Recipient,
    carrier: Carrier | None,
    order: KeptOrder | None,
    purpose: Purpose,
    fields: Collection[str],
    now: datetime,
    grace: timedelta,
) -> Question:
    """A carrier, and whoever names the appointment, means the freight contact; others write by OTTO.

    So does everybody where there is no other way to the buyer: no relay, and no OTTO Partner Connect.
    """
    means_contact = purpose is Purpose.DELIVERY_APPOINTMENT or recipient.role is Role.CARRIER
    relay = order is not None and order.email_kind is EmailKind.RELAY
    if order is None or means_contact or not (relay or order.marketplace == OTTO):
        return freight_question(recipient, carrier, order, None, purpose, fields, now, grace)
    return buyer_question(recipient, order, purpose, relay=relay)


def buyer_question(
    recipient: Recipient, order: KeptOrder, purpose: Purpose, *, relay: bool
) -> Question:
    """May this client write to the buyer through OTTO: by the relay address, or else in OTTO's system?"""
    return Question(
        role=recipient.role,
        channel=Channel.RELAY if relay else Channel.PARTNER_CONNECT,
        purpose=purpose,
        purpose_registered=purpose in recipient.purposes,
        fields_registered=True,
        registration=Registration.MISSING,
        responsible=False,
        mode=_mode(order.items),
        window=Window.OPEN,
        erased=order.erased_at is not None,
    )


def _responsible_pieces(
    recipient: Recipient, order: KeptOrder | None, consignment: str | None
) -> list[KeptItem]:
    if order is None or recipient.carrier_id is None:
        return []
    return [
        item
        for item in order.items
        if item.carrier_id == recipient.carrier_id
        and (consignment is None or item.consignment == consignment)
    ]


def _purpose_registered(recipient: Recipient, carrier: Carrier | None, purpose: Purpose) -> bool:
    return purpose in recipient.purposes and (carrier is None or purpose in carrier.purposes)


def _mode(items: Sequence[KeptItem]) -> Mode:
    """Freight as soon as one piece is; the contact may be used for the freight pieces."""
    modes = {item.mode for item in items}
    return next((mode for mode in _MODES if mode in modes), Mode.UNCLASSIFIED)


def _window(order: KeptOrder, items: Sequence[KeptItem], now: datetime, grace: timedelta) -> Window:
    """Open as soon as one freight piece's window is; a parcel's window opens nothing."""
    counted = [item for item in items if item.mode is Mode.FREIGHT] or items
    windows = {item.window(order, now, grace) for item in counted}
    return next((window for window in _WINDOWS if window in windows), Window.NOT_OPEN)

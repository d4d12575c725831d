"""Gives the address that a shop may store with an order: relay or placeholder, never a freight contact."""

from dataclasses import dataclass

from gateway.errors import Conflict, Gone, NotFound
from gateway.model.client import Client
from gateway.model.contact import Private
from gateway.model.kept import KeptOrder
from gateway.model.order import OTTO, EmailKind
from gateway.storage import orders
from gateway.storage.store import Store
from gateway.usecases.asking import ask
from gateway.usecases.questions import buyer_question
from gateway.vault.opening import Opener
from policies.engine import Engine
from policies.question import Purpose
from policies.verdict import Permit

_OTTOS_NOTICES = {
    EmailKind.RELAY: (
        "OTTO's relay address: for this order only, in the allowed cases only. "
        "Send no order, dispatch or delivery confirmation and no advertising to it."
    ),
    EmailKind.PLACEHOLDER: (
        "A placeholder without function: mail to it reaches nobody. "
        "Contact the buyer in OTTO Partner Connect only."
    ),
}
_NOTICES = {
    EmailKind.RELAY: (
        "The marketplace's relay address: for this order only, in the allowed cases only. "
        "Send no advertising to it, and nothing that the marketplace itself tells the buyer."
    ),
    EmailKind.PLACEHOLDER: (
        "A placeholder without function: mail to it reaches nobody. "
        "Contact the buyer only in the shop or marketplace that the order comes from."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeAddress:
    """What a shop may know; `allowed_purposes` are those that the policy permits by this address."""

    order_number: str
    email: Private
    kind: EmailKind
    deliverable: bool
    allowed_purposes: tuple[Purpose, ...]
    notice: str


def shop_contact(
    store: Store, engine: Engine, opener: Opener, client: Client, order_number: str
) -> SafeAddress:
    """The safe address. NotFound, Conflict (no address yet) or Gone (erased) otherwise."""
    with store.read() as connection:
        order = orders.kept(connection, client.merchant, [order_number]).get(order_number)
        if order is None:
            raise NotFound(f"there is no order {order_number}")
        sealed = orders.envelopes(connection, client.merchant, [order_number], orders.SHOP)
    if order.erased_at is not None:
        raise Gone("the contact of this order is erased")
    if order_number not in sealed or order.email_kind is None:
        raise Conflict("the marketplace has not sent an address for this order yet")
    binding, envelope = sealed[order_number]
    contact = opener.shop(envelope, binding)
    return SafeAddress(
        order_number=order_number,
        email=contact.email,
        kind=order.email_kind,
        deliverable=contact.deliverable,
        allowed_purposes=_allowed(engine, client, order),
        notice=(_OTTOS_NOTICES if order.marketplace == OTTO else _NOTICES)[order.email_kind],
    )


def _allowed(engine: Engine, client: Client, order: KeptOrder) -> tuple[Purpose, ...]:
    """What the policy permits by the relay; a placeholder serves no purpose at all."""
    if order.email_kind is not EmailKind.RELAY:
        return ()
    return tuple(
        purpose
        for purpose in Purpose
        if isinstance(ask(engine, buyer_question(client, order, purpose, relay=True)), Permit)
    )

"""What is asked for, and all that the decision on it rests on; it must never decide itself."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from gateway.audit.entry import Actor
from gateway.model.carrier import Carrier
from gateway.model.client import Recipient
from gateway.model.kept import KeptOrder
from gateway.storage import carriers, log, orders
from gateway.storage.answers import Repeatable
from gateway.storage.log import Position
from gateway.storage.orders import Sealed
from gateway.usecases.questions import CONTACT_FIELDS
from policies.engine import Engine
from policies.question import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a carrier names: an order number or its own consignment, exactly one of them."""

    order_number: str | None = None
    consignment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request for one or many contacts; `fields` None means all that are registered.

    `recipient` is decided on and would receive them; `actor` set the request off: the very same
    client, or whoever had the gateway hand something over to a carrier. `detail` stands in the entry.
    """

    recipient: Recipient
    actor: Actor
    items: Sequence[Wanted]
    purpose: str
    fields: Sequence[str] | None
    request_id: str
    repeatable: Repeatable | None = None
    detail: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything that the decisions of one request rest on, as it stood when the log was at `seen`."""

    seen: Position | None
    engine: Engine
    carrier: Carrier | None
    orders: Mapping[str, tuple[KeptOrder, Sealed | None]]
    by_consignment: Mapping[str, str]
    purpose: Purpose
    fields: Sequence[str]

    def find(self, wanted: Wanted) -> tuple[KeptOrder | None, Sealed | None]:
        """The order that is wanted, and its freight contact; None for what there is not."""
        number = wanted.order_number or self.by_consignment.get(wanted.consignment or "", "")
        return self.orders.get(number, (None, None))


def look_up(connection: Connection, asked: Asked, engine: Engine) -> Desk:
    """The registration and the orders as they stand now; the purpose from the closed list."""
    recipient = asked.recipient
    merchant = recipient.merchant
    seen = log.position(connection, merchant)
    carrier = (
        carriers.one(connection, merchant, recipient.carrier_id) if recipient.carrier_id else None
    )
    consignments = {wanted.consignment for wanted in asked.items if wanted.consignment}
    by_consignment = (
        orders.of_consignments(connection, merchant, recipient.carrier_id, consignments)
        if consignments and recipient.carrier_id
        else {}
    )
    numbers = {wanted.order_number for wanted in asked.items if wanted.order_number}
    numbers.update(by_consignment.values())
    registered = carrier.fields if carrier else frozenset(CONTACT_FIELDS)
    return Desk(
        seen=seen,
        engine=engine,
        carrier=carrier,
        orders=orders.kept_and_sealed(connection, merchant, numbers),
        by_consignment=by_consignment,
        purpose=Purpose.of(asked.purpose),
        fields=_in_order(registered if asked.fields is None else asked.fields),
    )


def _in_order(names: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in CONTACT_FIELDS if name in names)

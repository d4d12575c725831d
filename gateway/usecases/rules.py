"""The policy for those who answer for it: which version decided when, and what it would say now.

It decides nothing: what is tried here releases nothing and refuses nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.audit.entry import Action, Actor, Entry, Outcome
from gateway.errors import NotFound
from gateway.model.client import Recipient
from gateway.storage import carriers, entries, orders
from gateway.storage.entries import Sought
from gateway.storage.store import Store, Transaction
from gateway.usecases.questions import CONTACT_FIELDS, order_question
from gateway.usecases.services import Services
from policies.question import Purpose, Question

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the policy, and from when on it decided; `entry_id` says so in the log."""

    version: str
    since: datetime
    entry_id: str


def versions(store: Store, merchant: str) -> Sequence[Version]:
    """What decided when, as the merchant's log has it, the newest first, fifty at the most."""
    found: list[Version] = []
    with store.read() as connection:
        for stretch in entries.stretches(connection, merchant, None, None):
            sought = Sought(action=Action.POLICY_CHANGED)
            for one in entries.newest(connection, stretch, sought, _SHOWN - len(found)):
                entry = Entry.parse(one.leaf)
                found.append(Version(entry.policy or "", entry.time, entry.id))
    return found


def about_order(
    services: Services,
    asker: Actor,
    who: Recipient,
    order_number: str,
    purpose: Purpose,
    request_id: str,
) -> Question:
    """What the policy would be asked if `who` asked about this order now; the look is on record.

    NotFound where there is no such order.
    """
    grace = services.settings.deadlines.window_after_delivery

    def work(tx: Transaction) -> Question:
        order = orders.kept(tx.connection, tx.merchant, [order_number]).get(order_number)
        if order is None:
            raise NotFound(f"there is no order {order_number}")
        tx.record(
            asker,
            Action.AUDIT_VIEWED,
            Outcome.DONE,
            subject=order.subject,
            request_id=request_id,
            detail={"tried": purpose.value},
        )
        carrier = (
            carriers.one(tx.connection, tx.merchant, who.carrier_id) if who.carrier_id else None
        )
        fields = CONTACT_FIELDS if carrier is None else tuple(carrier.fields)
        return order_question(who, carrier, order, purpose, fields, tx.now, grace)

    return services.store.write(who.merchant, work)

"""Says what would be decided, without any contact data; a refusal is put on record all the same."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.audit.entry import Action, Outcome
from gateway.errors import NotFound
from gateway.model.client import Client
from gateway.model.kept import KeptOrder
from gateway.settings import Deadlines
from gateway.storage import carriers, orders
from gateway.storage.store import Store, Transaction
from gateway.usecases.actors import actor
from gateway.usecases.asking import ask
from gateway.usecases.questions import CONTACT_FIELDS, order_question
from gateway.usecases.rulebook import Rulebook
from policies.question import Purpose, Question, Role
from policies.verdict import Permit, Refusal


class Way(StrEnum):
    """By which way the buyer may be reached for the purpose asked about."""

    CARRIER = "carrier"
    RELAY = "relay"
    PARTNER_CONNECT = "otto-partner-connect"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Decision:
    """What would be decided, and by which version of the rules."""

    verdict: Permit | Refusal
    way: Way
    policy: str


@dataclass(frozen=True, slots=True)
class Decide:
    """The use case, with what it works on."""

    store: Store
    rulebook: Rulebook
    deadlines: Deadlines

    def __call__(
        self,
        client: Client,
        order_number: str,
        purpose_text: str,
        fields: tuple[str, ...] | None,
        request_id: str,
    ) -> Decision:
        """The decision. NotFound for orders that do not exist; a carrier gets a refusal instead."""
        purpose = Purpose.of(purpose_text)
        engine = self.rulebook.deciding()

        def work(tx: Transaction) -> Decision:
            order = orders.kept(tx.connection, tx.merchant, [order_number]).get(order_number)
            if order is None and client.role is not Role.CARRIER:
                raise NotFound(f"there is no order {order_number}")
            question = self._question(tx, client, order, purpose, fields)
            verdict = ask(engine, question)
            if isinstance(verdict, Permit):
                return Decision(verdict, Way(question.channel.value), engine.version)
            tx.record(
                actor(client),
                Action.CONTACT_REFUSED,
                Outcome.REFUSED,
                purpose=purpose.value,
                reasons=tuple(reason.code.value for reason in verdict.reasons),
                policy=engine.version,
                subject=order.subject if order else None,
                carrier=client.carrier_id,
                fields=fields or (),
                request_id=request_id,
            )
            return Decision(verdict, Way.NONE, engine.version)

        return self.store.write(client.merchant, work)

    def _question(
        self,
        tx: Transaction,
        client: Client,
        order: KeptOrder | None,
        purpose: Purpose,
        fields: tuple[str, ...] | None,
    ) -> Question:
        carrier = (
            carriers.one(tx.connection, tx.merchant, client.carrier_id)
            if client.carrier_id
            else None
        )
        asked = fields or (CONTACT_FIELDS if carrier is None else carrier.fields)
        grace = self.deadlines.window_after_delivery
        return order_question(client, carrier, order, purpose, asked, tx.now, grace)

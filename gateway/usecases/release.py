"""Hands the freight contact to the responsible carrier, or refuses; the road reads top to bottom.

It must never open an envelope before the entry that tells of the release is durable.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.audit.entry import Action, Actor, Outcome
from gateway.errors import Unavailable
from gateway.model.carrier import Carrier
from gateway.model.client import Recipient
from gateway.model.contact import FreightContact, Private
from gateway.model.kept import KeptOrder
from gateway.settings import Deadlines
from gateway.storage import answers, carriers, orders
from gateway.storage.answers import Repeatable
from gateway.storage.orders import Sealed
from gateway.storage.store import Store, Transaction
from gateway.usecases import repeats
from gateway.usecases.asking import ask
from gateway.usecases.questions import CONTACT_FIELDS, freight_question
from gateway.usecases.rulebook import Rulebook
from gateway.vault.opening import Opener
from policies.engine import Engine
from policies.guidance import guidance
from policies.question import Purpose, Question
from policies.verdict import Permit, Refusal


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


def receipt_link(log_index: int, receipt_id: str) -> dict[str, Any]:
    """Where a release stands on record, by the names of the outward surface."""
    return {"log_index": log_index, "href": f"/v1/audit/receipts/{receipt_id}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A contact on its way out; `contact` holds the asked fields, None where OTTO gave none."""

    release_id: str
    order_number: str
    consignment: str | None
    purpose: Purpose
    contact: Mapping[str, Private | None]
    released_at: datetime
    delete_by: datetime
    log_index: int
    receipt_id: str

    def members(self) -> dict[str, Any]:
        """The release by the names of the outward surface, the contact's values still private."""
        return {
            "release_id": self.release_id,
            "order_number": self.order_number,
            "consignment": self.consignment,
            "purpose": self.purpose,
            "contact": self.contact,
            "released_at": self.released_at,
            "delete_by": self.delete_by,
            "receipt": receipt_link(self.log_index, self.receipt_id),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A refusal with every reason that applies, the weightiest first."""

    decision_id: str
    refusal: Refusal
    guidance: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Permitted:
    """A release on record, its envelope still closed."""

    release_id: str
    order: KeptOrder
    consignment: str | None
    fields: Sequence[str]
    sealed: Sealed
    recorded_at: datetime
    log_index: int
    entry_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """Everything that the decisions of one request rest on, as the transaction sees it."""

    engine: Engine
    carrier: Carrier | None
    orders: Mapping[str, tuple[KeptOrder, Sealed | None]]
    by_consignment: Mapping[str, str]
    purpose: Purpose
    fields: Sequence[str]

    def find(self, wanted: Wanted) -> tuple[KeptOrder | None, Sealed | None]:
        number = wanted.order_number or self.by_consignment.get(wanted.consignment or "", "")
        return self.orders.get(number, (None, None))


@dataclass(frozen=True, slots=True)
class Release:
    """The use case, with what it works on."""

    store: Store
    rulebook: Rulebook
    opener: Opener
    deadlines: Deadlines

    def __call__(self, asked: Asked) -> list[Released | Refused]:
        """One answer for each item, in order. Unavailable: nothing left, nothing is on record."""
        # 1. The rules that were approved.
        engine = self.rulebook.deciding()
        # 2. Look up, decide and record; durable when this returns.
        decided = self.store.write(
            asked.recipient.merchant, lambda tx: self._decide(tx, asked, engine)
        )
        # 3. Only now open what was permitted.
        return [
            outcome if isinstance(outcome, Refused) else self._open(asked, outcome)
            for outcome in decided
        ]

    def _decide(self, tx: Transaction, asked: Asked, engine: Engine) -> list[_Permitted | Refused]:
        desk = _look_up(tx, asked, engine)
        earlier = _earlier_ids(tx, asked)
        outcomes = [
            self._decide_one(tx, asked, desk, wanted, earlier_id)
            for wanted, earlier_id in zip(asked.items, earlier, strict=True)
        ]
        if asked.repeatable:
            _keep_ids(tx, asked.repeatable, earlier, outcomes)
        return outcomes

    def _decide_one(
        self, tx: Transaction, asked: Asked, desk: _Desk, wanted: Wanted, earlier_id: str | None
    ) -> _Permitted | Refused:
        order, sealed = desk.find(wanted)
        question = freight_question(
            asked.recipient,
            desk.carrier,
            order,
            wanted.consignment,
            desk.purpose,
            desk.fields,
            tx.now,
            self.deadlines.window_after_delivery,
        )
        verdict = ask(desk.engine, question)
        if isinstance(verdict, Permit) and order is not None and sealed is not None:
            return self._permit(tx, asked, desk, wanted, order, sealed, earlier_id)
        if isinstance(verdict, Refusal):
            return self._refuse(tx, asked, desk, order, question, verdict)
        raise Unavailable("policy", "the policy permitted what does not exist")

    def _refuse(
        self,
        tx: Transaction,
        asked: Asked,
        desk: _Desk,
        order: KeptOrder | None,
        question: Question,
        refusal: Refusal,
    ) -> Refused:
        entry = tx.record(
            asked.actor,
            Action.CONTACT_REFUSED,
            Outcome.REFUSED,
            purpose=desk.purpose.value,
            reasons=tuple(reason.code.value for reason in refusal.reasons),
            policy=desk.engine.version,
            subject=order.subject if order else None,
            carrier=asked.recipient.carrier_id,
            fields=tuple(desk.fields),
            request_id=asked.request_id,
            detail=asked.detail,
        )
        return Refused(decision_id=entry.id, refusal=refusal, guidance=guidance(question, refusal))

    def _permit(
        self,
        tx: Transaction,
        asked: Asked,
        desk: _Desk,
        wanted: Wanted,
        order: KeptOrder,
        sealed: Sealed,
        earlier_id: str | None,
    ) -> _Permitted:
        # A missing key is found before the entry claims a hand-over.
        _, envelope = sealed
        self.opener.require(envelope.key_id)
        entry = tx.record(
            asked.actor,
            Action.CONTACT_RELEASED,
            Outcome.PERMITTED,
            purpose=desk.purpose.value,
            policy=desk.engine.version,
            subject=order.subject,
            carrier=asked.recipient.carrier_id,
            fields=tuple(desk.fields),
            request_id=asked.request_id,
            detail=asked.detail,
        )
        return _Permitted(
            release_id=earlier_id or entry.id,
            order=order,
            consignment=wanted.consignment or _consignment(order, asked.recipient),
            fields=desk.fields,
            sealed=sealed,
            recorded_at=entry.time,
            log_index=entry.index,
            entry_id=entry.id,
        )

    def _open(self, asked: Asked, permitted: _Permitted) -> Released:
        binding, envelope = permitted.sealed
        contact = self.opener.freight(envelope, binding)
        deadlines = self.deadlines.of(asked.recipient.merchant)
        return Released(
            release_id=permitted.release_id,
            order_number=permitted.order.order_number,
            consignment=permitted.consignment,
            purpose=Purpose.of(asked.purpose),
            contact=_fields_of(contact, permitted.fields),
            released_at=permitted.recorded_at,
            delete_by=permitted.order.delete_by(deadlines.erase_after_delivery),
            log_index=permitted.log_index,
            receipt_id=permitted.entry_id,
        )


def _look_up(tx: Transaction, asked: Asked, engine: Engine) -> _Desk:
    """The registration and the orders as they stand now; the purpose from the closed list."""
    recipient, connection = asked.recipient, tx.connection
    carrier = (
        carriers.one(connection, tx.merchant, recipient.carrier_id)
        if recipient.carrier_id
        else None
    )
    consignments = {wanted.consignment for wanted in asked.items if wanted.consignment}
    by_consignment = (
        orders.of_consignments(connection, tx.merchant, recipient.carrier_id, consignments)
        if consignments and recipient.carrier_id
        else {}
    )
    numbers = {wanted.order_number for wanted in asked.items if wanted.order_number}
    numbers.update(by_consignment.values())
    registered = carrier.fields if carrier else frozenset(CONTACT_FIELDS)
    return _Desk(
        engine=engine,
        carrier=carrier,
        orders=orders.kept_and_sealed(connection, tx.merchant, numbers),
        by_consignment=by_consignment,
        purpose=Purpose.of(asked.purpose),
        fields=_in_order(registered if asked.fields is None else asked.fields),
    )


def _earlier_ids(tx: Transaction, asked: Asked) -> Sequence[str | None]:
    """The release ids that this request was given before, None where there is none."""
    nothing: Sequence[str | None] = [None] * len(asked.items)
    if asked.repeatable is None:
        return nothing
    kept = repeats.earlier(tx.connection, asked.repeatable)
    return nothing if kept is None else kept.answer["release_ids"]


def _keep_ids(
    tx: Transaction,
    request: Repeatable,
    earlier: Sequence[str | None],
    outcomes: Sequence[_Permitted | Refused],
) -> None:
    """Ids once given stay; what was refused before may have one now."""
    ids = [
        outcome.release_id if isinstance(outcome, _Permitted) else before
        for before, outcome in zip(earlier, outcomes, strict=True)
    ]
    answers.keep(tx.connection, request, 200, {"release_ids": ids}, tx.now)


def _in_order(names: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in CONTACT_FIELDS if name in names)


def _consignment(order: KeptOrder, recipient: Recipient) -> str | None:
    """The carrier's own number for its pieces of the order, where it has one."""
    own = (item.consignment for item in order.items if item.carrier_id == recipient.carrier_id)
    return next((number for number in own if number is not None), None)


def _fields_of(contact: FreightContact, fields: Collection[str]) -> dict[str, Private | None]:
    every = {"name": contact.name, "phone": contact.phone, "email": contact.email}
    return {name: every[name] for name in fields}

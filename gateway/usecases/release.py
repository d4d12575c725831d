"""Hands the freight contact to the responsible carrier, or refuses; the road reads top to bottom.

It must never open an envelope before the entry that tells of the release is durable.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.audit.entry import Action, Outcome
from gateway.errors import Unavailable
from gateway.model.client import Recipient
from gateway.model.contact import FreightContact, Private
from gateway.model.kept import KeptOrder
from gateway.settings import Deadlines
from gateway.storage import answers
from gateway.storage.answers import Repeatable
from gateway.storage.orders import Sealed
from gateway.storage.store import Store, Transaction
from gateway.usecases import repeats
from gateway.usecases.asking import ask
from gateway.usecases.desk import Asked, Desk, Wanted, look_up
from gateway.usecases.questions import freight_question
from gateway.usecases.rulebook import Rulebook
from gateway.vault.opening import Opener
from policies.guidance import guidance
from policies.question import Purpose, Question
from policies.verdict import Permit, Refusal


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


@dataclass(frozen=True, slots=True)
class Release:
    """The use case, with what it works on."""

    store: Store
    rulebook: Rulebook
    opener: Opener
    deadlines: Deadlines

    def __call__(self, asked: Asked) -> list[Released | Refused]:
        """One answer for each item, in order. Unavailable: nothing left, nothing is on record."""
        merchant = asked.recipient.merchant
        # 1. The rules that were approved.
        engine = self.rulebook.deciding()
        # 2. Look up, while nobody waits for it.
        with self.store.look(merchant) as connection:
            desk = look_up(connection, asked, engine)
        # 3. Decide and record; durable when this returns.
        decided = self.store.write(merchant, lambda tx: self._decide(tx, asked, desk))
        # 4. Only now open what was permitted.
        return [
            outcome if isinstance(outcome, Refused) else self._open(asked, outcome)
            for outcome in decided
        ]

    def _decide(self, tx: Transaction, asked: Asked, desk: Desk) -> list[_Permitted | Refused]:
        # The log tells of every change: where it does not, the desk is as it stands now.
        if not tx.is_unchanged_since(desk.seen):
            desk = look_up(tx.connection, asked, desk.engine)
        earlier = _earlier_ids(tx, asked)
        outcomes = [
            self._decide_one(tx, asked, desk, wanted, earlier_id)
            for wanted, earlier_id in zip(asked.items, earlier, strict=True)
        ]
        if asked.repeatable:
            _keep_ids(tx, asked.repeatable, earlier, outcomes)
        return outcomes

    def _decide_one(
        self, tx: Transaction, asked: Asked, desk: Desk, wanted: Wanted, earlier_id: str | None
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
        desk: Desk,
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
        desk: Desk,
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


def _consignment(order: KeptOrder, recipient: Recipient) -> str | None:
    """The carrier's own number for its pieces of the order, where it has one."""
    own = (item.consignment for item in order.items if item.carrier_id == recipient.carrier_id)
    return next((number for number in own if number is not None), None)


def _fields_of(contact: FreightContact, fields: Collection[str]) -> dict[str, Private | None]:
    every = {"name": contact.name, "phone": contact.phone, "email": contact.email}
    return {name: every[name] for name in fields}

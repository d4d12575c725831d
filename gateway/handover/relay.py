"""Sends on a carrier's own order document, with the contact put in; the road reads top to bottom.

The contact goes to the registered address alone, and no trace of it comes back to whoever sent the
document. It is on record as handed over before it is sent: when the carrier's answer is lost it stays
so, and under the same Idempotency-Key nothing is sent a second time.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from gateway.errors import ConfigurationError, Conflict, NotFound, Unavailable
from gateway.handover import carrier_key, profiles
from gateway.handover import document as documents
from gateway.handover.exchange import Reply, Unanswered, Unreached
from gateway.handover.outbound import Outbound
from gateway.handover.profiles import Profile
from gateway.handover.retries import retry_after
from gateway.handover.scrub import Traces
from gateway.model.carrier import Carrier
from gateway.model.times import parse_rfc3339, rfc3339
from gateway.storage import answers, carriers, quotas
from gateway.storage.answers import Repeatable
from gateway.storage.store import Store
from gateway.tracing import Fact, Step, span
from gateway.usecases import repeats
from gateway.usecases.actors import actor
from gateway.usecases.desk import Asked, Wanted
from gateway.usecases.questions import CONTACT_FIELDS
from gateway.usecases.relaying import (
    Given,
    NoLine,
    OnRecord,
    Outcome,
    Relayed,
    TooFast,
    TurnedDown,
    Unsure,
)
from gateway.usecases.release import Refused, Released
from gateway.usecases.services import Services
from gateway.vault.credentials import CredentialFile
from policies.question import Purpose, Registration

if TYPE_CHECKING:
    from gateway.handover.line import Line

_SUCCESS = range(200, 300)
_KEPT = 200
_COME_AGAIN = frozenset({429, 503})
"""What a carrier says that has not looked at the order: the same request may be sent once more."""


@dataclass(frozen=True, slots=True)
class NativeRelay:
    """The way, with what it works on."""

    services: Services
    outbound: Outbound
    credentials: CredentialFile

    def __call__(self, given: Given) -> Outcome:
        """What came of it, now or the first time under this key."""
        # 1. What was sent under the same key before is not sent again.
        if given.repeatable and (earlier := _earlier(self.services.store, given.repeatable)):
            return earlier
        # 2. The carrier's registration, profile and key; the document as the profile wants it.
        carrier = self._carrier(given.client.merchant, given.carrier_id)
        profile = self._profile(carrier)
        key = carrier_key.find(self.credentials, given.client.merchant, given.carrier_id)
        number = documents.order_number(profile, given.document)
        documents.check(profile, given.document)
        # 3. A connection, and room for one more, before anything is released.
        line = self.outbound.dial(carrier.order_endpoint or "")
        if isinstance(line, Unreached):
            return NoLine(line.hindrance)
        with line:
            if too_fast := self._counted(given, profile):
                return too_fast
            # 4. Decide, record and open.
            released = self._released(given, carrier, profile, number)
            if isinstance(released, Refused):
                return released
            if released.release_id != released.receipt_id:
                return Unsure(released.release_id, "the same request is being sent already")
            # 5. Put the contact in, send, and take it out of the answer.
            with span(Step.HANDOVER) as told:
                told.tell(Fact.CARRIER, carrier.carrier_id)
                headers = {profile.key_header: key}
                outcome = self._sent(line, headers, profile, given.document, released)
        # 6. Remember what came of it.
        if given.repeatable:
            _keep(self.services.store, given.client.merchant, given.repeatable, outcome)
        return outcome

    def _carrier(self, merchant: str, carrier_id: str) -> Carrier:
        with self.services.store.read() as connection:
            carrier = carriers.one(connection, merchant, carrier_id)
        now = self.services.store.clock()
        if carrier is None or carrier.registration(now) is Registration.WITHDRAWN:
            raise NotFound(f"there is no carrier {carrier_id}")
        if carrier.order_endpoint is None or carrier.order_profile is None:
            raise Conflict(f"{carrier_id} is registered without order_profile and order_endpoint")
        return carrier

    def _profile(self, carrier: Carrier) -> Profile:
        try:
            return profiles.load(profiles.path(self.services.settings, carrier.order_profile or ""))
        except ConfigurationError as fault:
            raise Unavailable("profiles", "the carrier's profile does not hold") from fault

    def _counted(self, given: Given, profile: Profile) -> TooFast | None:
        wait = quotas.take(
            self.services.store,
            given.client.merchant,
            given.carrier_id,
            per_second=profile.per_second,
            per_day=profile.per_day,
        )
        return None if wait is None else TooFast(wait)

    def _released(
        self, given: Given, carrier: Carrier, profile: Profile, number: str
    ) -> Released | Refused:
        wanted = profile.fields() & carrier.fields
        [outcome] = self.services.release(
            Asked(
                recipient=carrier.recipient(given.client.merchant),
                actor=actor(given.client),
                items=[Wanted(order_number=number)],
                purpose=Purpose.DELIVERY_APPOINTMENT,
                fields=[name for name in CONTACT_FIELDS if name in wanted],
                request_id=given.request_id,
                repeatable=given.repeatable,
                detail={"way": "order", "profile": carrier.order_profile or ""},
            )
        )
        return outcome

    def _sent(
        self,
        line: "Line",
        headers: Mapping[str, str],
        profile: Profile,
        document: Mapping[str, Any],
        released: Released,
    ) -> Relayed | TurnedDown | Unsure:
        whole = documents.with_contact(profile, document, released.contact)
        reply = line.post(headers, json.dumps(whole, separators=(",", ":")).encode())
        if isinstance(reply, Unanswered):
            return Unsure(released.release_id, reply.hindrance)
        record = OnRecord.of(released)
        sent = documents.texts(document) - {released.order_number}
        answer = _scrubbed(reply, Traces(released.contact, sent, headers.values()))
        if reply.status in _SUCCESS:
            return Relayed(record=record, status=reply.status, answer=answer)
        wait = retry_after(reply.headers.get("retry-after"), self.services.store.clock())
        return TurnedDown(record=record, status=reply.status, answer=answer, wait=wait)


def _scrubbed(reply: Reply, traces: Traces) -> Any:
    """The answer, as JSON or else as a short text; nothing of what cannot be read."""
    try:
        text = reply.body.decode().strip()
    except UnicodeDecodeError:
        return None
    try:
        return traces.removed(json.loads(text))
    except (ValueError, RecursionError):
        return traces.removed(text) or None


# ---- Under an Idempotency-Key -------------------------------------------------------------------
# The release keeps its id under the key, in the commit that records it; what came of it is added.


def _earlier(store: Store, request: Repeatable) -> Relayed | TurnedDown | Unsure | None:
    """What came of this request before; None when nothing was sent."""
    with store.read() as connection:
        kept = repeats.earlier(connection, request)
    if kept is None or kept.answer["release_ids"] == [None]:
        return None
    came = kept.answer.get("came")
    if came is None:
        [release_id] = kept.answer["release_ids"]
        return Unsure(release_id, "it was sent before, and there is no answer to it")
    record = OnRecord(**came["record"] | {"released_at": parse_rfc3339(came["released_at"])})
    kind = Relayed if came["status"] in _SUCCESS else TurnedDown
    return kind(record=record, status=came["status"], answer=came["answer"])


def _keep(
    store: Store, merchant: str, request: Repeatable, outcome: Relayed | TurnedDown | Unsure
) -> None:
    """Remember it. Should that fail, the same request is answered later as if nothing had come."""
    if isinstance(outcome, Unsure):
        return
    kept: dict[str, Any] = {"release_ids": [None]}
    if outcome.status not in _COME_AGAIN:
        record = asdict(outcome.record)
        came = {
            "record": record,
            "released_at": rfc3339(record.pop("released_at")),
            "status": outcome.status,
            "answer": outcome.answer,
        }
        kept = {"release_ids": [outcome.record.release_id], "came": came}
    with suppress(Unavailable):
        store.write(merchant, lambda tx: answers.keep(tx.connection, request, _KEPT, kept, tx.now))

"""An audit entry and its bytes, the leaf that is hashed; it must never hold contact data.

Neither a bare hash of a contact value nor an order number in the clear belongs in it: phone numbers
can be enumerated, so a subject is a keyed pseudonym whose key is destroyed at erasure. A `Draft` says what happened; it becomes an `Entry` when the log gives it index, time and salt.
The bytes are canonical JSON (RFC 8785) and cannot be read back in any other form.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from json.encoder import encode_basestring as _quote
from typing import Any, NamedTuple

from gateway.audit.canonical import MAX_INTEGER, encode
from gateway.audit.faults import Malformed

MAX_LEAF = 0xFFFF
"""Largest leaf in bytes: an entry bundle gives the length in 16 bits (C2SP tlog-tiles)."""


class Action(StrEnum):
    """What an entry can tell of."""

    ORDER_STORED = "order.stored"
    ORDER_REJECTED = "order.rejected"
    ORDER_ASSIGNED = "order.assigned"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_DELIVERED = "order.delivered"
    APPOINTMENT_SET = "appointment.set"
    CONTACT_RELEASED = "contact.released"
    CONTACT_REFUSED = "contact.refused"
    CONTACT_DISCARDED = "contact.discarded"
    CONTACT_EXPIRED = "contact.expired"
    SUBJECT_ERASED = "subject.erased"
    SUBJECT_REPORTED = "subject.reported"
    ERASURE_REQUESTED = "erasure.requested"
    ERASURE_WITHDRAWN = "erasure.withdrawn"
    REPORT_MADE = "report.made"
    CARRIER_REGISTERED = "carrier.registered"
    CARRIER_CHANGED = "carrier.changed"
    CARRIER_WITHDRAWN = "carrier.withdrawn"
    ENDPOINT_VERIFIED = "endpoint.verified"
    ENDPOINT_DISABLED = "endpoint.disabled"
    CLIENT_CREATED = "client.created"
    CLIENT_ROTATED = "client.rotated"
    CLIENT_REVOKED = "client.revoked"
    AUDIT_VIEWED = "audit.viewed"
    AUDIT_EXPORTED = "audit.exported"
    KEY_ROTATED = "key.rotated"
    KEY_DESTROYED = "key.destroyed"
    BACKUP_CREATED = "backup.created"
    BACKUP_RESTORED = "backup.restored"
    POLICY_PROPOSED = "policy.proposed"
    POLICY_WITHDRAWN = "policy.withdrawn"
    POLICY_CHANGED = "policy.changed"
    SIGNIN_SUCCEEDED = "signin.succeeded"
    SIGNIN_FAILED = "signin.failed"
    HINT_REVIEWED = "hint.reviewed"
    LOG_OPENED = "log.opened"
    LOG_DELETED = "log.deleted"


class Outcome(StrEnum):
    """How it ended: a decision is permitted or refused, any other deed done or failed."""

    PERMITTED = "permitted"
    REFUSED = "refused"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: the role of a client or operator, and its opaque id."""

    role: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What happened, before the log gave it a place.

    `subject` is a keyed pseudonym; `policy` the version (sha256) that decided; `reasons` are codes
    and `fields` names of contact fields, never their values. `detail` holds machine facts only
    (key ids; origin, size and root of a previous log) and stands in the entry only if not empty.
    None where a fact does not apply.
    """

    id: str
    merchant: str
    actor: Actor
    action: Action
    outcome: Outcome
    purpose: str | None = None
    reasons: tuple[str, ...] = ()
    policy: str | None = None
    subject: str | None = None
    carrier: str | None = None
    fields: tuple[str, ...] = ()
    request_id: str | None = None
    detail: Mapping[str, str | int] = field(default_factory=dict)

    def at(self, *, index: int, time: datetime, salt: str) -> "Entry":
        """This draft as the entry at `index`; `salt` is 16 random bytes in hex."""
        return Entry(
            id=self.id,
            merchant=self.merchant,
            actor=self.actor,
            action=self.action,
            outcome=self.outcome,
            purpose=self.purpose,
            reasons=self.reasons,
            policy=self.policy,
            subject=self.subject,
            carrier=self.carrier,
            fields=self.fields,
            request_id=self.request_id,
            detail=self.detail,
            index=index,
            time=time,
            salt=salt,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Draft):
    """One line of the log: a draft with its zero-based index, its UTC time and its salt."""

    index: int
    time: datetime
    salt: str

    def leaf(self) -> bytes:
        """The canonical JSON bytes, which are what is hashed; `Malformed` if there are none."""
        return self.alike().leaf(self.id, self.index, self.salt, self.subject)

    def alike(self) -> "Alike":
        """What this entry's leaf has in common with those of entries alike."""
        detail = f'"detail":{encode(self.detail).decode()},' if self.detail else ""
        return Alike(
            f'{{"action":"{self.action.value}",'
            f'"actor":{{"id":{_quote(self.actor.id)},"role":{_quote(self.actor.role)}}},'
            f'"carrier":{_nullable(self.carrier)},'
            f"{detail}"
            f'"fields":{_strings(self.fields)},'
            '"id":',
            f'"merchant":{_quote(self.merchant)},'
            f'"outcome":"{self.outcome.value}",'
            f'"policy":{_nullable(self.policy)},'
            f'"purpose":{_nullable(self.purpose)},'
            f'"reasons":{_strings(self.reasons)},'
            f'"request_id":{_nullable(self.request_id)},'
            '"salt":',
            f',"time":"{timestamp(self.time)}"}}',
        )

    @classmethod
    def parse(cls, leaf: bytes) -> "Entry":
        """The entry whose leaf is exactly `leaf`.

        Everything else is `Malformed`: other members, types or values, and any other spelling of
        the same entry, such as white space, another order, doubled members or other escapes.
        """
        if len(leaf) > MAX_LEAF:
            raise Malformed("an entry is longer than 65535 bytes")
        value = _object(leaf)
        entry = cls(
            index=_index(value["index"]),
            id=_text(value, "id"),
            time=parse_timestamp(_text(value, "time")),
            merchant=_text(value, "merchant"),
            actor=_actor(value["actor"]),
            action=_action(_text(value, "action")),
            outcome=_outcome(_text(value, "outcome")),
            purpose=_text_or_none(value, "purpose"),
            reasons=_texts(value, "reasons"),
            policy=_text_or_none(value, "policy"),
            subject=_text_or_none(value, "subject"),
            carrier=_text_or_none(value, "carrier"),
            fields=_texts(value, "fields"),
            request_id=_text_or_none(value, "request_id"),
            salt=_salt(_text(value, "salt")),
            detail=_detail(value["detail"]) if "detail" in value else {},
        )
        if entry.leaf() != leaf:
            raise Malformed("an entry is not in canonical form (RFC 8785)")
        return entry


class Alike(NamedTuple):
    """What the leaves of entries have in common that differ in id, index, salt and subject alone.

    The members stand in RFC 8785 order in one template, because every import and release passes here;
    the tests hold it equal to the general encoder.
    """

    before_id: str
    after_index: str
    after_subject: str

    def leaf(self, id_: str, index: int, salt: str, subject: str | None) -> bytes:
        """The leaf of one of them; `Malformed` if there is none."""
        if not 0 <= index <= MAX_INTEGER:
            raise Malformed("an entry's index is out of range")
        text = (
            f'{self.before_id}{_quote(id_)},"index":{index},{self.after_index}{_quote(salt)},'
            f'"subject":{_nullable(subject)}{self.after_subject}'
        )
        try:
            leaf = text.encode()
        except UnicodeEncodeError:
            raise Malformed("a string holds an unpaired surrogate") from None
        if len(leaf) > MAX_LEAF:
            raise Malformed("an entry is longer than 65535 bytes")
        return leaf


def timestamp(time: datetime) -> str:
    """RFC 3339 in UTC with microseconds and Z: such texts sort as the times do."""
    text = time.isoformat(timespec="microseconds")
    if not text.endswith("+00:00"):
        raise Malformed("an entry's time is in UTC")
    return text[:-6] + "Z"


def parse_timestamp(text: str) -> datetime:
    """The time that `timestamp` writes as `text`; no other spelling is taken."""
    if not _TIME.fullmatch(text):
        raise Malformed("an entry's time is RFC 3339 in UTC with microseconds and Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Malformed("an entry's time is not in the calendar") from None


_MEMBERS = frozenset(
    (
        *("action", "actor", "carrier", "fields", "id", "index", "merchant", "outcome", "policy"),
        *("purpose", "reasons", "request_id", "salt", "subject", "time"),
    )
)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_SALT = re.compile(r"[0-9a-f]{32}")


def _nullable(text: str | None) -> str:
    return "null" if text is None else _quote(text)


def _strings(texts: Sequence[str]) -> str:
    return f"[{','.join(map(_quote, texts))}]" if texts else "[]"


def _object(leaf: bytes) -> dict[str, Any]:
    """The members of a leaf, all that must be there and no others, of whatever types."""
    try:
        value = json.loads(leaf.decode())
    except (ValueError, RecursionError):
        raise Malformed("an entry is not JSON in UTF-8") from None
    if not isinstance(value, dict) or value.keys() - {"detail"} != _MEMBERS:
        raise Malformed("an entry has other members than the format names")
    return value


def _index(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Malformed("index is not a whole number from 0")
    return value


def _text(value: Mapping[str, Any], name: str) -> str:
    text = value[name]
    if not isinstance(text, str):
        raise Malformed(f"{name} is not a string")
    return text


def _text_or_none(value: Mapping[str, Any], name: str) -> str | None:
    return None if value[name] is None else _text(value, name)


def _texts(value: Mapping[str, Any], name: str) -> tuple[str, ...]:
    texts = value[name]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Malformed(f"{name} is not a list of strings")
    return tuple(texts)


def _actor(value: Any) -> Actor:
    if not isinstance(value, dict) or value.keys() != {"id", "role"}:
        raise Malformed("actor is not an object of id and role")
    return Actor(role=_text(value, "role"), id=_text(value, "id"))


def _action(text: str) -> Action:
    try:
        return Action(text)
    except ValueError:
        raise Malformed("action is not one that the log knows") from None


def _outcome(text: str) -> Outcome:
    try:
        return Outcome(text)
    except ValueError:
        raise Malformed("outcome is not one that the log knows") from None


def _salt(text: str) -> str:
    if not _SALT.fullmatch(text):
        raise Malformed("salt is not 16 bytes in hex")
    return text


def _detail(value: Any) -> dict[str, str | int]:
    if not isinstance(value, dict) or not value:
        raise Malformed("detail is not an object with members")
    facts: dict[str, str | int] = {}
    for name, fact in value.items():
        if isinstance(fact, bool) or not isinstance(fact, str | int):
            raise Malformed("a fact in detail is neither a string nor an integer")
        facts[name] = fact
    return facts

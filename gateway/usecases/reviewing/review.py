"""Shows the audit log to those who review it; every look at it is itself an entry, made before."""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gateway.audit.entry import Action, Actor, Outcome
from gateway.errors import InvalidInput
from gateway.model.times import parse_rfc3339
from gateway.storage import entries as stored
from gateway.storage import erasure, orders
from gateway.storage.entries import Found, Sought, Stretch
from gateway.storage.store import Store, Transaction
from policies.question import Purpose
from policies.verdict import ReasonCode

LIMIT = 100
MOST = 1000
"""Entries on one page: unless told, and at the most."""

_CHUNK = 1000
_CURSOR = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})", re.ASCII)
_ORDER = (
    *("index", "id", "time", "merchant", "actor", "action", "outcome", "purpose", "reasons"),
    *("policy", "subject", "carrier", "fields", "detail", "request_id", "salt"),
)
_ERASED = {"erased": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the entries must tell of; None leaves it open. `since` is inclusive, `until` is not."""

    order_number: str | None = None
    carrier: str | None = None
    actor: str | None = None
    action: Action | None = None
    outcome: Outcome | None = None
    reason: ReasonCode | None = None
    purpose: Purpose | None = None
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> "Filters":
        """The filters by their outward names (`from` and `to` for the times). InvalidInput names each bad one."""
        known: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        for name, text in texts.items():
            try:
                known[_FIELDS[name]] = _READERS.get(name, str)(text)
            except KeyError:
                errors[name] = [f"there is no such filter, only {', '.join(_FIELDS)}"]
            except ValueError:
                errors[name] = [f"{text!r} is not {_WANTED[name]}"]
        if errors:
            raise InvalidInput(errors)
        return cls(**known)

    def names(self) -> str:
        """The outward names of the filters that are set, for the record; never what was looked for."""
        outward = {attribute: name for name, attribute in _FIELDS.items()}
        given = (one.name for one in fields(self) if getattr(self, one.name) is not None)
        return ",".join(outward[name] for name in given)


_FIELDS = {
    **{name: name for name in ("order_number", "carrier", "actor", "action", "outcome", "reason")},
    "purpose": "purpose",
    "from": "since",
    "to": "until",
}
_READERS = {
    "action": Action,
    "outcome": Outcome,
    "reason": ReasonCode,
    "purpose": Purpose,
    "from": parse_rfc3339,
    "to": parse_rfc3339,
}
_WANTED = {
    "action": f"an action: {', '.join(Action)}",
    "outcome": f"an outcome: {', '.join(Outcome)}",
    "reason": f"a reason code: {', '.join(ReasonCode)}",
    "purpose": f"a purpose: {', '.join(Purpose)}",
    "from": "a time with its offset, such as 2026-11-23T18:05:00Z",
    "to": "a time with its offset, such as 2026-11-23T18:05:00Z",
}


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first, and where the next page begins; None when this was the last."""

    entries: list[dict[str, Any]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look that is on record may show: the logs, newest first, up to itself."""

    stretches: tuple[Stretch, ...]
    sought: Sought


@dataclass(frozen=True, slots=True)
class _Place:
    """Before which entry a page begins."""

    log: int
    index: int

    @classmethod
    def of(cls, cursor: str) -> "_Place":
        try:
            plain = base64.urlsafe_b64decode(cursor.encode("ascii") + b"==").decode("ascii")
        except ValueError:
            plain = ""
        match = _CURSOR.fullmatch(plain)
        if match is None:
            raise InvalidInput({"cursor": ["is not one that a page gave"]})
        return cls(int(match[1]), int(match[2]))

    def cursor(self) -> str:
        return base64.urlsafe_b64encode(f"{self.log}.{self.index}".encode()).decode().rstrip("=")


def entries(
    store: Store,
    merchant: str,
    asker: Actor,
    filters: Filters,
    cursor: str | None = None,
    limit: int = LIMIT,
    request_id: str | None = None,
) -> Page:
    """A page of the merchant's entries. The look itself is on record first, and not on the page.

    An order that is erased, or was never there, has no name in the log any more: an empty page.
    """
    if not 1 <= limit <= MOST:
        raise InvalidInput({"limit": [f"1 to {MOST}"]})
    start = None if cursor is None else _Place.of(cursor)
    look = _record(store, merchant, asker, Action.AUDIT_VIEWED, filters, request_id)
    found: list[Found] = []
    with store.read() as connection:
        for stretch in look.stretches:
            if len(found) <= limit:
                part = _before(stretch, start)
                found += stored.newest(connection, part, look.sought, limit + 1 - len(found))
        page = found[:limit]
        told = _told(connection, merchant, page)
    more = len(found) > limit
    following = _Place(page[-1].log, page[-1].index).cursor() if more else None
    return Page(told, following)


def export(
    store: Store, merchant: str, asker: Actor, filters: Filters, request_id: str | None = None
) -> Iterator[dict[str, Any]]:
    """The merchant's entries as they stood when it was put on record, oldest first, a few at a time."""
    look = _record(store, merchant, asker, Action.AUDIT_EXPORTED, filters, request_id)
    return _walk(store, look)


def _walk(store: Store, look: _Look) -> Iterator[dict[str, Any]]:
    for stretch in reversed(look.stretches):
        part = stretch
        while part.low < part.high:
            # Each piece in a snapshot of its own: a long export must not hold back the journal.
            with store.read() as connection:
                found = stored.oldest(connection, part, look.sought, _CHUNK)
                told = _told(connection, part.merchant, found)
            yield from told
            part = replace(part, low=found[-1].index + 1 if len(found) == _CHUNK else part.high)


def _record(
    store: Store,
    merchant: str,
    asker: Actor,
    action: Action,
    filters: Filters,
    request_id: str | None,
) -> _Look:
    """Put the look on record; what it may show ends before this very entry."""

    def work(tx: Transaction) -> _Look:
        subject = _subject(tx, filters.order_number)
        names = filters.names()
        tx.record(
            asker,
            action,
            Outcome.DONE,
            subject=subject,
            request_id=request_id,
            detail={"filters": names} if names else {},
        )
        if filters.order_number is not None and subject is None:
            return _Look((), Sought())
        parts = stored.stretches(tx.connection, tx.merchant, filters.since, filters.until)
        return _Look(tuple(parts), _sought(filters, subject))

    return store.write(merchant, work)


def _subject(tx: Transaction, number: str | None) -> str | None:
    if number is None:
        return None
    order = orders.kept(tx.connection, tx.merchant, [number]).get(number)
    return order.subject if order else None


def _sought(filters: Filters, subject: str | None) -> Sought:
    return Sought(
        subject=subject,
        carrier=filters.carrier,
        actor=filters.actor,
        action=filters.action,
        outcome=filters.outcome,
        reason=filters.reason,
        purpose=filters.purpose,
    )


def _before(stretch: Stretch, start: _Place | None) -> Stretch:
    if start is None or stretch.log < start.log:
        return stretch
    if stretch.log > start.log:
        return replace(stretch, high=stretch.low)
    return replace(stretch, high=min(stretch.high, start.index))


def _told(connection: Connection, merchant: str, found: Sequence[Found]) -> list[dict[str, Any]]:
    """The entries as they are shown; those of a buyer who is erased say so."""
    told = [shown(one.leaf) for one in found]
    named = {entry["subject"] for entry in told if entry["subject"]}
    erased = named - erasure.remembered(connection, merchant, named)
    return [entry | _ERASED if entry["subject"] in erased else entry for entry in told]


def shown(leaf: bytes) -> dict[str, Any]:
    """An entry as it is shown, its members in the order in which the contract of the API names them."""
    entry = json.loads(leaf)
    return {name: entry[name] for name in _ORDER if name in entry}

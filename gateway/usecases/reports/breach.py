"""The scope of a breach (GDPR 33(3)): whose contacts, how many, which fields, to whom, from when to when."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.audit.entry import Action, Actor
from gateway.errors import Unavailable
from gateway.storage import activity, arrivals, tallies
from gateway.storage.arrivals import Route, Span
from gateway.storage.tallies import Kind
from gateway.usecases.questions import CONTACT_FIELDS
from gateway.usecases.reports import period
from gateway.usecases.reports.continuity import Continuity, continuity
from gateway.usecases.reports.made import Made, ReportKind, made
from gateway.usecases.reports.period import Period, Recorded
from gateway.usecases.reviewing.lines import names
from gateway.usecases.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What one carrier received through one client; `actor` is the client or whoever pushed."""

    carrier_id: str
    carrier_name: str
    actor: str
    actor_name: str
    releases: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What left in the period, to the carrier and through the client if one is named.

    `subjects` are buyers, counted by order: no order is linked to another here. `releases` are the
    records; `fields` how many of them held each field; `others` how many other entries of each
    action the named client or carrier caused. `continuity` proves the log over the period.
    """

    period: Period
    carrier_id: str | None
    client_id: str | None
    subjects: int
    releases: int
    refusals: int
    first_at: datetime | None
    last_at: datetime | None
    fields: Mapping[str, int]
    received: tuple[Received, ...]
    others: Mapping[str, int]
    continuity: tuple[Continuity, ...]


def breach(
    services: Services,
    merchant: str,
    asker: Actor,
    covered: Period,
    carrier_id: str | None,
    client_id: str | None,
    request_id: str | None = None,
) -> Made[Scope]:
    """The scope as the log has it. Exact: Unavailable while the tallies are far behind."""
    store = services.store
    about = {name: it for name, it in (("carrier", carrier_id), ("client", client_id)) if it}
    recorded = period.record(store, merchant, asker, ReportKind.BREACH, covered, about, request_id)
    zone = services.settings.console.time_zone
    period.counted(store, recorded, zone)
    period.arrivals_counted(store, recorded, zone)
    with store.read() as connection:
        kinds = _asked_about(connection, merchant, carrier_id, client_id)
        counts = _counts(connection, recorded, kinds)
        released = {id_: kind for id_, kind in kinds.items() if kind.action == _RELEASED}
        received = _received(connection, merchant, recorded, released, counts)
        span = Span(covered.since, covered.until, recorded.pieces)
        subjects = arrivals.distinct(
            connection, merchant, span, Route(carrier_id or "", client_id or "")
        )
    content = Scope(
        period=covered,
        carrier_id=carrier_id,
        client_id=client_id,
        subjects=subjects,
        releases=sum(one.releases for one in received),
        refusals=_actions(kinds, counts)[Action.CONTACT_REFUSED.value],
        first_at=min((one.first_at for one in received), default=None),
        last_at=max((one.last_at for one in received), default=None),
        fields=_fields(released, counts),
        received=received,
        others=_others(_actions(kinds, counts)) if about else {},
        continuity=continuity(store, recorded.stretches),
    )
    return made(store, ReportKind.BREACH, recorded.entry, content)


_RELEASED = Action.CONTACT_RELEASED.value

Kinds = Mapping[int, Kind]


def _asked_about(
    connection: Connection, merchant: str, carrier_id: str | None, client_id: str | None
) -> Kinds:
    """The kinds of entries that tell of the carrier and of the client, where one is named."""
    return {
        id_: kind
        for id_, kind in tallies.known(connection, merchant).items()
        if carrier_id in {None, kind.carrier} and client_id in {None, kind.actor}
    }


def _counts(connection: Connection, recorded: Recorded, kinds: Kinds) -> Counter[int]:
    counts: Counter[int] = Counter()
    for piece in recorded.pieces:
        sums = tallies.sums(connection, piece)
        counts.update({id_: number for id_, number in sums.items() if id_ in kinds})
    return counts


def _received(
    connection: Connection, merchant: str, recorded: Recorded, released: Kinds, counts: Counter[int]
) -> tuple[Received, ...]:
    called = names(connection, merchant)
    groups: dict[tuple[str, str], list[int]] = {}
    for id_, kind in released.items():
        if counts[id_]:
            groups.setdefault((kind.carrier, kind.actor), []).append(id_)
    found = [
        Received(
            carrier_id=carrier,
            carrier_name=called.carriers.get(carrier, carrier),
            actor=actor,
            actor_name=called.actors.get(actor, actor),
            releases=sum(counts[id_] for id_ in ids),
            first_at=_first(connection, recorded, ids),
            last_at=_last(connection, recorded, ids),
        )
        for (carrier, actor), ids in groups.items()
    ]
    return tuple(sorted(found, key=lambda it: (-it.releases, it.carrier_name, it.actor)))


def _first(connection: Connection, recorded: Recorded, ids: Collection[int]) -> datetime:
    # The oldest log comes last.
    for piece in reversed(recorded.pieces):
        index = tallies.earliest(connection, piece, ids)
        if index is not None:
            return activity.time_of(connection, piece.log, index)
    raise Unavailable("tallies", "they contradict themselves; gateway audit verify")


def _last(connection: Connection, recorded: Recorded, ids: Collection[int]) -> datetime:
    for piece in recorded.pieces:
        for index in tallies.newest(connection, piece, ids, 1):
            return activity.time_of(connection, piece.log, index)
    raise Unavailable("tallies", "they contradict themselves; gateway audit verify")


def _fields(released: Kinds, counts: Counter[int]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for id_, kind in released.items():
        found.update(dict.fromkeys(kind.fields, counts[id_]))
    return {name: found[name] for name in CONTACT_FIELDS if found[name]}


def _actions(kinds: Kinds, counts: Counter[int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for id_, kind in kinds.items():
        found[kind.action] += counts[id_]
    return found


def _others(actions: Counter[str]) -> Mapping[str, int]:
    told = {_RELEASED, Action.CONTACT_REFUSED.value}
    return {name: it for name, it in sorted(actions.items()) if it and name not in told}

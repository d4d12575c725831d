"""The access review of a quarter: who could reach contacts and records, and who did."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway.audit.entry import Actor
from gateway.storage import accounts, carriers, clients
from gateway.usecases.questions import CONTACT_FIELDS
from gateway.usecases.reports import period
from gateway.usecases.reports.made import Made, ReportKind, made
from gateway.usecases.reports.period import Period, Recorded
from gateway.usecases.reviewing.deeds import NOTHING, Did, deeds
from gateway.usecases.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account of the console that could be used at some time in the quarter."""

    name: str
    office: str
    created_at: datetime
    disabled_at: datetime | None
    did: Did


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOfQuarter:
    """A client whose token counted at some time in the quarter."""

    client_id: str
    name: str
    role: str
    carrier_id: str | None
    created_at: datetime
    ended_at: datetime | None
    did: Did


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierOfQuarter:
    """A carrier that was registered at some time in the quarter; `did` counts what went to it."""

    carrier_id: str
    name: str
    fields: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime
    withdrawn_at: datetime | None
    did: Did


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Whoever acted and is neither account nor client: the command line, the service, a stranger."""

    role: str
    actor: str
    did: Did


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who could, and who did. Whoever could and did not is the first to be asked about."""

    quarter: str
    period: Period
    people: tuple[Person, ...]
    clients: tuple[ClientOfQuarter, ...]
    carriers: tuple[CarrierOfQuarter, ...]
    others: tuple[Other, ...]


def access(
    services: Services, merchant: str, asker: Actor, quarter: str, request_id: str | None = None
) -> Made[Access]:
    """The review of a quarter by its name, such as 2026q4. Exact, as `breach` is."""
    store, zone = services.store, services.settings.console.time_zone
    covered = Period.of_quarter(quarter, zone)
    about = {"quarter": quarter}
    recorded = period.record(store, merchant, asker, ReportKind.ACCESS, covered, about, request_id)
    period.counted(store, recorded, zone)
    with store.read() as connection:
        content = _content(connection, merchant, quarter, covered, recorded)
    return made(store, ReportKind.ACCESS, recorded.entry, content)


def _content(
    connection: Connection, merchant: str, quarter: str, covered: Period, recorded: Recorded
) -> Access:
    last = (covered.until - timedelta(days=1)).date()
    by_actor, by_carrier = deeds(connection, merchant, recorded.pieces, last)
    people = accounts.of_merchant(connection, merchant)
    callers = clients.of_merchant(connection, merchant)
    known = {one.account_id for one in people} | {one.client_id for one in callers}
    return Access(
        quarter=quarter,
        period=covered,
        people=tuple(
            Person(
                name=one.name,
                office=one.office.value,
                created_at=one.created_at,
                disabled_at=one.disabled_at,
                did=by_actor.get((one.office.value, one.account_id), NOTHING),
            )
            for one in people
            if _overlap(covered, one.created_at, one.disabled_at)
        ),
        clients=tuple(
            ClientOfQuarter(
                client_id=one.client_id,
                name=one.name,
                role=one.role.value,
                carrier_id=one.carrier_id,
                created_at=one.created_at,
                ended_at=_earlier(one.revoked_at, one.expires_at),
                did=by_actor.get((one.role.value, one.client_id), NOTHING),
            )
            for one in callers
            if _overlap(covered, one.created_at, _earlier(one.revoked_at, one.expires_at))
        ),
        carriers=tuple(
            CarrierOfQuarter(
                carrier_id=one.carrier_id,
                name=one.name,
                fields=tuple(name for name in CONTACT_FIELDS if name in one.fields),
                valid_from=one.valid_from,
                valid_until=one.valid_until,
                withdrawn_at=one.withdrawn_at,
                did=by_carrier.get(one.carrier_id, NOTHING),
            )
            for one in carriers.of_merchant(connection, merchant)
            if _overlap(covered, one.valid_from, _earlier(one.withdrawn_at, one.valid_until))
        ),
        others=tuple(
            Other(role=role, actor=actor, did=did)
            for (role, actor), did in sorted(by_actor.items())
            if actor not in known
        ),
    )


def _overlap(covered: Period, start: datetime, end: datetime | None) -> bool:
    return start < covered.until and (end is None or end > covered.since)


def _earlier(*times: datetime | None) -> datetime | None:
    return min((time for time in times if time is not None), default=None)

"""Tells at a glance how a merchant's gateway fares: numbers and dates, no record of anybody."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import Connection

from gateway.audit.entry import Action, Entry
from gateway.audit.faults import AuditError
from gateway.errors import GatewayError
from gateway.storage import anchors, entries, erasure, logs, tallies, tree, verifications
from gateway.storage.anchors import Anchor
from gateway.storage.entries import Sought
from gateway.storage.hints import Hint
from gateway.storage.logs import KeptLog
from gateway.storage.tallies import Kind
from gateway.storage.verifications import Result, Verification
from gateway.usecases.log.witnessed import Witnessed, largest
from gateway.usecases.reviewing import hints
from gateway.usecases.services import Services
from gateway.vault.keys import KeyRecord, KeyUse

DAYS = 30
"""How many days the overview looks back, today among them."""

SOON = timedelta(days=7)
"""Which deletions are told beforehand."""

_TAIL = 5000
"""Entries that are not counted yet and are looked at one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What was decided on one day (proleptic ordinal); `refused` by the weightiest reason."""

    day: int
    released: int
    refused: Mapping[str, int]

    @property
    def refusals(self) -> int:
        """All of them."""
        return sum(self.refused.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHealth:
    """The current log: its entries, its last checkpoint, and whether the copy held apart agrees.

    `verified` is when its every entry was last looked at, and what came of it; None: never yet.
    `witnesses` is how many are configured; `outside` are the holders that have a checkpoint of it.
    """

    origin: str
    entries: int
    signed: int
    signed_at: datetime | None
    held: bool
    verified: Verification | None
    witnesses: int
    witnessed: Witnessed | None
    outside: Sequence[Anchor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys that contacts are sealed with: how many, and when the newest was made."""

    count: int
    newest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the first page shows. `deletions` are due by day (ordinal); `overdue` should be done.

    `broken` is the first log that failed when the logs were last verified.
    """

    days: Sequence[Day]
    lags: bool
    hints: Sequence[Hint]
    log: LogHealth | None
    broken: Verification | None
    overdue: int
    deletions: Sequence[tuple[int, int]]
    keys: Keys | None


def overview(services: Services, merchant: str, zone: tzinfo) -> Overview:
    """How things stand now; `zone` says when a day begins."""
    now = services.store.clock()
    with services.store.read() as connection:
        days, lags = _days(connection, merchant, now, zone)
        verified = verifications.latest(connection, merchant)
        return Overview(
            days=days,
            lags=lags,
            hints=hints.current(connection, merchant, now, zone),
            log=_log(services, connection, merchant, verified),
            broken=next((one for one in verified if one.outcome is Result.FAILED), None),
            overdue=erasure.due_between(connection, merchant, None, now),
            deletions=_deletions(connection, merchant, now, zone),
            keys=_keys(services),
        )


def _days(
    connection: Connection, merchant: str, now: datetime, zone: tzinfo
) -> tuple[list[Day], bool]:
    """The days, oldest first, and whether younger entries are not counted yet."""
    today = now.astimezone(zone).toordinal()
    first = today - DAYS + 1
    known = tallies.known(connection, merchant)
    released: Counter[int] = Counter()
    refused: dict[int, Counter[str]] = {}
    lags = False

    def note(day: int, kind: Kind, number: int) -> None:
        if kind.action == Action.CONTACT_RELEASED:
            released[day] += number
        elif kind.action == Action.CONTACT_REFUSED:
            refused.setdefault(day, Counter())[kind.reasons[0]] += number

    for part in entries.stretches(connection, merchant, _begin(first, zone), None):
        for day, id_, number in tallies.by_day(connection, part.log, part.low, first):
            note(day, known[id_], number)
        rest = replace(part, low=max(part.low, tallies.counted(connection, part.log)))
        lags = lags or rest.high - rest.low > _TAIL
        for one in entries.newest(connection, rest, Sought(), _TAIL):
            # One that was tampered with must not keep this page from saying so.
            with suppress(AuditError):
                entry = Entry.parse(one.leaf)
                note(entry.time.astimezone(zone).toordinal(), Kind.of(entry), 1)
    days = [
        Day(day=day, released=released[day], refused=refused.get(day, {}))
        for day in range(first, today + 1)
    ]
    return days, lags


def _log(
    services: Services,
    connection: Connection,
    merchant: str,
    verified: Sequence[Verification],
) -> LogHealth | None:
    current = logs.one(connection, merchant, None)
    if current is None:
        return None
    return LogHealth(
        origin=current.origin,
        entries=current.size,
        signed=current.integrated,
        signed_at=tree.signed_at(connection, current.log, current.integrated),
        held=_is_held(services, connection, current),
        verified=next((one for one in verified if one.origin == current.origin), None),
        witnesses=len(services.quorum.witnesses),
        witnessed=_witnessed(services, connection, current.log),
        outside=[
            one
            for one in anchors.of_log(connection, current.log)
            if one.confirmed_at is not None and not one.place.startswith(anchors.WITNESS)
        ],
    )


def _witnessed(services: Services, connection: Connection, log: int) -> Witnessed | None:
    try:
        return largest(connection, log, services.quorum)
    except AuditError:
        # A cosignature that is false counts for nothing; verifying the log says whose it is.
        return None


def _is_held(services: Services, connection: Connection, log: KeptLog) -> bool:
    """Whether the checkpoint that is kept beside the database is one of this log's own."""
    notary = services.store.logbook.notary
    held = notary.held(log.origin)
    if held is None:
        return log.integrated == 0
    try:
        outside = notary.open(held, log.origin)
        stored = tree.checkpoint_before(connection, log.log, outside.size)
        return stored is not None and notary.open(stored, log.origin) == outside
    except AuditError:
        return False


def _deletions(
    connection: Connection, merchant: str, now: datetime, zone: tzinfo
) -> Sequence[tuple[int, int]]:
    """The rest of today and the days after it, each with the contacts that are due."""
    today = now.astimezone(zone).toordinal()
    found = []
    for day in range(today, today + SOON.days):
        since = max(now, _begin(day, zone))
        found.append((day, erasure.due_between(connection, merchant, since, _begin(day + 1, zone))))
    return found


def _begin(day: int, zone: tzinfo) -> datetime:
    return datetime.fromordinal(day).replace(tzinfo=zone)


def _keys(services: Services) -> Keys | None:
    try:
        found: list[KeyRecord] = [
            one for one in services.keyring.all() if one.use is KeyUse.CONTACT
        ]
    except GatewayError:
        return None
    return Keys(count=len(found), newest_at=max((one.created_at for one in found), default=None))

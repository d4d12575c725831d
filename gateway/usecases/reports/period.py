"""The time that a report covers, and the entries of the merchant's logs in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from sqlalchemy import Connection

from gateway.audit.entry import Action, Actor, Entry, Outcome
from gateway.errors import InvalidInput
from gateway.storage import entries
from gateway.storage.entries import Stretch
from gateway.storage.store import Store, Transaction
from gateway.storage.tallies import Piece
from gateway.usecases.reports.made import ReportKind
from gateway.usecases.reviewing import tallying

_QUARTER = re.compile(r"([0-9]{4})q([1-4])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, as they are counted where the times say: from `since` until `until`, exclusive."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        """Buyers are counted by days."""
        if any(it.time() != time() for it in (self.since, self.until)):
            raise ValueError("a period begins and ends at midnight")

    @classmethod
    def of_days(cls, first: str, last: str, zone: tzinfo) -> "Period":
        """From the first day to the last, both inclusive, as days are counted in `zone`."""
        errors: dict[str, list[str]] = {}
        days = {}
        for name, text in (("from", first), ("to", last)):
            try:
                days[name] = date.fromisoformat(text)
            except ValueError:
                errors[name] = ["a day, such as 2026-11-23"]
        if not errors and days["to"] < days["from"]:
            errors["to"] = ["lies before the first day"]
        if errors:
            raise InvalidInput(errors)
        after = days["to"] + timedelta(days=1)
        return cls(
            datetime.combine(days["from"], time(), zone), datetime.combine(after, time(), zone)
        )

    @classmethod
    def of_quarter(cls, text: str, zone: tzinfo) -> "Period":
        """A quarter by its name, such as 2026q4."""
        match = _QUARTER.fullmatch(text)
        if match is None or int(match[1]) < 1:
            raise InvalidInput({"quarter": ["a quarter, such as 2026q4"]})
        year, quarter = int(match[1]), int(match[2])
        first = datetime(year, 3 * quarter - 2, 1, tzinfo=zone)
        after = datetime(year + quarter // 4, 3 * quarter % 12 + 1, 1, tzinfo=zone)
        return cls(first, after)


def quarter_of(when: datetime, zone: tzinfo) -> str:
    """The name of the quarter that a time is in."""
    local = when.astimezone(zone)
    return f"{local.year}q{(local.month + 2) // 3}"


def quarter_before(name: str) -> str:
    """The name of the quarter before."""
    year, quarter = int(name[:4]), int(name[-1])
    return f"{year}q{quarter - 1}" if quarter > 1 else f"{year - 1}q4"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A report that is on record, and the entries that it may tell of, the newest log first."""

    entry: Entry
    stretches: tuple[Stretch, ...]

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The entries as pieces of the logs."""
        return tuple(Piece(it.log, it.low, it.high) for it in self.stretches if it.low < it.high)


def record(
    store: Store,
    merchant: str,
    asker: Actor,
    report: ReportKind,
    period: Period | None,
    about: Mapping[str, str],
    request_id: str | None,
) -> Recorded:
    """Put a report on record; what it may tell ends before this very entry."""

    def work(tx: Transaction) -> Recorded:
        found = _stretches(tx.connection, merchant, period)
        detail = {"report": report.value, **about}
        if period is not None:
            detail |= {"from": period.since.isoformat(), "to": period.until.isoformat()}
        entry = tx.record(
            asker, Action.REPORT_MADE, Outcome.DONE, request_id=request_id, detail=detail
        )
        return Recorded(entry, found)

    return store.write(merchant, work)


def counted(store: Store, recorded: Recorded, zone: tzinfo) -> None:
    """Have every entry of the report counted. Unavailable while the tallies are far behind."""
    for stretch in recorded.stretches:
        tallying.catch_up(store, stretch.log, stretch.merchant, zone, stretch.high)


def arrivals_counted(store: Store, recorded: Recorded, zone: tzinfo) -> None:
    """The same of the buyers in them."""
    for stretch in recorded.stretches:
        tallying.catch_up_arrivals(store, stretch.log, stretch.merchant, zone, stretch.high)


def _stretches(connection: Connection, merchant: str, period: Period | None) -> tuple[Stretch, ...]:
    since, until = (None, None) if period is None else (period.since, period.until)
    return tuple(entries.stretches(connection, merchant, since, until))

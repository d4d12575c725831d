"""The access review in words: who could, and who did."""

from collections.abc import Iterator
from datetime import datetime

from gateway.console.telling.document import Section, Table
from gateway.console.telling.speech import Speech
from gateway.usecases.reports.access import Access
from gateway.usecases.reviewing.deeds import Did


def sections(say: Speech, content: Access) -> Iterator[Section]:
    """People, clients, carriers, and whoever else acted."""
    idle = [one.name for one in content.people if one.did.last_day is None]
    idle += [one.name for one in content.clients if one.did.last_day is None]
    yield Section(
        heading=say("reports.quarter_name", n=content.quarter[5:], year=content.quarter[:4]),
        facts=((say("report.period"), say.period(content.period)),),
        texts=(
            say("report.access.idle", names=say.listed(idle))
            if idle
            else say("report.access.all_used"),
        ),
    )
    yield Section(
        heading=say("report.access.people"),
        table=Table(
            head=_heads(say, "name", "office", "since", "ended", "did", "last"),
            rows=tuple(
                (
                    one.name,
                    say.called("office", one.office),
                    say.day(one.created_at),
                    say.day_or(one.disabled_at, "report.none"),
                    *_did(say, one.did),
                )
                for one in content.people
            ),
        ),
        empty=say("report.access.no_people"),
    )
    yield Section(
        heading=say("report.access.clients"),
        table=Table(
            head=_heads(say, "name", "role", "since", "until", "did", "last"),
            rows=tuple(
                (
                    one.name,
                    " ".join((say.called("role", one.role), one.carrier_id or "")).strip(),
                    say.day(one.created_at),
                    say.day_or(one.ended_at, "report.none"),
                    *_did(say, one.did),
                )
                for one in content.clients
            ),
        ),
        empty=say("report.access.no_clients"),
    )
    yield Section(
        heading=say("report.access.carriers"),
        table=Table(
            head=_heads(say, "name", "fields", "since", "until", "received", "last"),
            rows=tuple(
                (
                    one.name,
                    say.fields(one.fields),
                    say.day(one.valid_from),
                    _end(say, one.valid_until, one.withdrawn_at),
                    *_did(say, one.did),
                )
                for one in content.carriers
            ),
        ),
        empty=say("report.access.no_carriers"),
    )
    yield Section(
        heading=say("report.access.others"),
        table=Table(
            head=_heads(say, "name", "role", "did", "last"),
            rows=tuple(
                (say.called("actor", one.actor), say.called("role", one.role), *_did(say, one.did))
                for one in content.others
            ),
        ),
        empty=say("report.access.no_others"),
    )


def _heads(say: Speech, *names: str) -> tuple[str, ...]:
    return tuple(say(f"report.column.{name}") for name in names)


def _did(say: Speech, did: Did) -> tuple[str, str]:
    return say.deeds(did.actions), say.day_or(did.last_day, "report.access.never")


def _end(say: Speech, valid_until: datetime, withdrawn_at: datetime | None) -> str:
    if withdrawn_at is not None:
        return say("report.access.withdrawn", day=say.day(withdrawn_at))
    return say.last_day(valid_until)

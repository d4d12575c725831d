"""A log of any length, as a year of a busy merchant leaves it: written fast, then integrated and counted."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway import settings
from gateway.app import assemble, now
from gateway.audit.entry import Action, Actor, Entry, Outcome
from gateway.model.account import Account, Office
from gateway.storage import schema
from gateway.usecases import clients, merchants, register
from gateway.usecases.actors import OPERATOR
from gateway.usecases.log import sequence
from gateway.usecases.people import accounts
from gateway.usecases.reviewing import tallying
from gateway.usecases.services import Services
from policies.question import Purpose, Role
from policies.verdict import ReasonCode
from tests.conftest import a_carrier

_CARRIERS = (
    *("dachser", "rhenus", "emons", "hellmann", "kuehne", "schenker", "dsv", "zufall"),
    *("koch", "logwin", "geis", "raben", "hes", "gel", "btw"),
)
_SPAN = timedelta(days=300)
_BATCH = 20_000
TOLD = {"GATEWAY_AUDIT__PERIOD": "year"}
"""One log that does not roll over while it grows."""

_COLUMNS = (
    *("log", "index", "id", "merchant", "time", "action", "outcome", "purpose"),
    *("actor_role", "actor", "carrier", "subject", "leaf"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """Entries that differ in place, time, id and subject alone; `weight` says how many are so."""

    weight: float
    entry: Entry


def written(data: Path, size: int) -> str:
    """Makes a gateway whose default merchant's log has this many entries; a reviewer's way in."""
    services = assemble(settings.load({"GATEWAY_DATA": str(data), **TOLD}))
    store = services.store
    schema.upgrade(store.database)
    merchants.create(store, "default", "Default")
    year = timedelta(days=365)
    terms = {"valid_from": now() - year, "valid_until": now() + year}
    register.apply(store, "default", OPERATOR, [a_carrier(one, **terms) for one in _CARRIERS])
    reviewer = accounts.create(store, "default", "bench", Office.REVIEWER)
    kinds = _kinds(services, reviewer)
    store.database.engine.dispose()
    with closing(sqlite3.connect(data / "gateway.db")) as database:
        _write(database, kinds, size)
    sequence.integrate_waiting(store)
    tallying.count_waiting(store, services.settings.console.time_zone)
    link = accounts.link(store, reviewer)
    store.database.engine.dispose()
    return link


def _write(database: sqlite3.Connection, kinds: list[Kind], size: int) -> None:
    database.execute("PRAGMA synchronous=OFF")
    names = "('entries', 'entry_reasons')"
    find = f"SELECT name, sql FROM sqlite_master WHERE tbl_name IN {names} AND sql LIKE 'CREATE INDEX%'"
    indexes = database.execute(find).fetchall()
    for name, _ in indexes:
        database.execute(f"DROP INDEX {name}")
    log, first = database.execute("SELECT log, size FROM logs").fetchone()
    last = 0
    for rows, reasons in _rows(kinds, log, first, size):
        columns = ", ".join(f'"{name}"' for name in _COLUMNS)
        marks = ", ".join("?" * len(_COLUMNS))
        database.executemany(f"INSERT INTO entries ({columns}) VALUES ({marks})", rows)
        into = 'INSERT INTO entry_reasons (merchant, reason, log, "index") VALUES (?, ?, ?, ?)'
        database.executemany(into, reasons)
        last = rows[-1][4]
        database.commit()
    for _, sql in indexes:
        database.execute(sql)
    database.execute("UPDATE logs SET size = ?, last_time = ?", (size, last))
    database.commit()


def _rows(
    kinds: list[Kind], log: int, first: int, size: int
) -> Iterator[tuple[list[Any], list[Any]]]:
    chance = random.Random(1)
    weights = [one.weight for one in kinds]
    made = [_made(one.entry) for one in kinds]
    begin = now() - _SPAN
    step = _SPAN / size
    for start in range(first, size, _BATCH):
        rows, reasons = [], []
        for at, (entry, leaf) in enumerate(
            chance.choices(made, weights, k=min(_BATCH, size - start)), start
        ):
            time = begin + step * at
            entry_id = f"{at:032x}"
            subject = f"{chance.randrange(size // 4 + 1):032x}" if entry.subject else None
            text = leaf % (
                *(entry_id, at, chance.getrandbits(128)),
                f'"{subject}"' if subject else "null",
                time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            )
            micro = (time - _EPOCH) // _MICRO
            rows.append(
                (
                    *(log, at, entry_id, "default", micro, entry.action.value),
                    *(entry.outcome.value, entry.purpose, entry.actor.role, entry.actor.id),
                    *(entry.carrier, subject, text.encode()),
                )
            )
            reasons += [("default", code, log, at) for code in entry.reasons]
        yield rows, reasons


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_MARKED = {"id": "I" * 32, "salt": "a" * 32, "subject": "S" * 32}


def _made(entry: Entry) -> tuple[Entry, str]:
    """The entry, and its leaf with places for what differs."""
    text = entry.leaf().decode().replace("%", "%%")
    text = text.replace('"I' + "I" * 31 + '"', '"%s"').replace('"index":0', '"index":%d')
    text = text.replace(f'"salt":"{_MARKED["salt"]}"', '"salt":"%032x"')
    subject = f'"{_MARKED["subject"]}"' if entry.subject else "null"
    text = text.replace(f'"subject":{subject}', '"subject":%s')
    return entry, text.replace('"time":"1970-01-01T00:00:00.000000Z"', '"time":"%s"')


def _kinds(services: Services, reviewer: Account) -> list[Kind]:
    store = services.store
    make = clients.create
    shop = Actor("shop", make(store, "default", Role.SHOP, None, "Shop", None, None)[0].client_id)
    found = [
        Kind(400, _entry(shop, Action.ORDER_STORED, subject=True)),
        Kind(60, _entry(Actor("service", "gateway"), Action.CONTACT_EXPIRED, subject=True)),
        Kind(1, _entry(Actor("reviewer", reviewer.account_id), Action.AUDIT_VIEWED)),
    ]
    every = ("name", "phone", "email")
    for rank, carrier in enumerate(_CARRIERS, 1):
        made = make(store, "default", Role.CARRIER, carrier, f"{carrier} TMS", None, None)[0]
        who = Actor("carrier", made.client_id)
        share = 1 / rank
        found.append(Kind(60 * share, _entry(shop, Action.ORDER_ASSIGNED, carrier, subject=True)))
        found += [
            Kind(45 * share, _entry(who, Action.CONTACT_RELEASED, carrier, fields))
            for fields in (every, every[:2])
        ]
        found += [
            Kind(
                2 * share / weight,
                _entry(who, Action.CONTACT_REFUSED, carrier, every, purpose, (code.value,)),
            )
            for weight, code in enumerate(ReasonCode, 1)
            for purpose in (Purpose.DELIVERY_APPOINTMENT, Purpose.MARKETING)
        ]
    return found


def _entry(
    actor: Actor,
    action: Action,
    carrier: str | None = None,
    fields: tuple[str, ...] = (),
    purpose: Purpose | None = None,
    reasons: tuple[str, ...] = (),
    *,
    subject: bool = False,
) -> Entry:
    refused, released = action is Action.CONTACT_REFUSED, action is Action.CONTACT_RELEASED
    outcome = Outcome.REFUSED if refused else Outcome.PERMITTED if released else Outcome.DONE
    return Entry(
        **{name: text for name, text in _MARKED.items() if name != "subject"},
        merchant="default",
        actor=actor,
        action=action,
        outcome=outcome,
        purpose=(purpose or Purpose.DELIVERY_APPOINTMENT).value if refused or released else None,
        reasons=reasons,
        policy="sha256:" + "ab" * 32 if refused or released else None,
        subject=_MARKED["subject"] if subject or refused or released else None,
        carrier=carrier,
        fields=fields,
        index=0,
        time=_EPOCH,
    )

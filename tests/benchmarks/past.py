"""A merchant with a past: a year of the log in bulk, and at its end what really happened to some buyers."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from gateway import settings
from gateway.app import assemble, now
from gateway.audit.entry import Action, Actor, Outcome
from gateway.model.account import Account, Office
from gateway.model.client import Client
from gateway.storage import schema
from gateway.storage.store import Store
from gateway.storage.tables import orders
from gateway.usecases import clients, erasures, merchants, publishing, register
from gateway.usecases.actors import OPERATOR, actor
from gateway.usecases.assign import Assignment, assign
from gateway.usecases.people import accounts
from gateway.usecases.release import Asked, Released, Wanted
from gateway.usecases.services import Services
from policies.question import Purpose, Role
from policies.verdict import ReasonCode
from tests.benchmarks import scenery
from tests.benchmarks.long_log import Course, Kind, entry_like, fill, subject_name
from tests.builders import order_number
from tests.conftest import a_carrier

CARRIERS = (
    *("dachser", "rhenus", "emons", "hellmann", "kuehne", "schenker", "dsv", "zufall"),
    *("koch", "logwin", "geis", "raben", "hes", "gel", "btw"),
)
"""The more a carrier receives, the earlier it stands here."""

SPAN = timedelta(days=300)
TOLD = {"GATEWAY_AUDIT__PERIOD": "year"}
"""One log, unless its time has a New Year in it."""

EMAIL = "buyer@example.org"
_REVIEWER = "reviewer"
_ORDERS, _RELEASES = 20, 5
_KEPT = 10
"""Of so many subjects one still has its order: the others' buyers are forgotten."""

_AT_ONCE = 10_000
_FIELDS = ("name", "phone", "email")


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The orders of one buyer, found by `EMAIL`; the entry of another one's erasure."""

    numbers: tuple[str, ...]
    erasure: str


def written(data: Path, size: int) -> Past:
    """Makes a gateway whose default merchant's log has so many entries and some hundreds more."""
    begin = now() - SPAN
    scenery.remember_proof(data)
    told = settings.load({"GATEWAY_DATA": str(data), **TOLD})
    # Set up on the first of its days: no entry may be older than the one before.
    with scenery.closing_database(assemble(told, lambda: begin)) as services:
        store = services.store
        schema.upgrade(store.database)
        merchants.create(store, "default", "Default")
        publishing.adopt(services.rulebook)
        year = timedelta(days=365)
        terms = {"valid_from": begin - year, "valid_until": begin + 2 * year}
        register.apply(store, "default", OPERATOR, [a_carrier(one, **terms) for one in CARRIERS])
        reviewer = accounts.create(store, "default", _REVIEWER, Office.REVIEWER)
        operator = accounts.create(store, "default", "operator", Office.OPERATOR)
        callers = [
            clients.create(store, "default", Role.CARRIER, one, f"{one} TMS", None, None)[0]
            for one in CARRIERS
        ]
        zone = services.settings.console.time_zone
        subjects = size // 4 + 1
        course = Course(begin=begin, end=now(), zone=zone, subjects=subjects)
        fill(store, course, _kinds(store, reviewer, callers), size)
    with scenery.closing_database(assemble(told)) as services:
        store = services.store
        _keep_orders(store, subjects)
        numbers = [order_number(at) for at in range(_ORDERS + 1)]
        _lived(services, callers, numbers)
        asked = erasures.ask(store, operator, numbers[-1], "asked for by letter")
        erased = erasures.confirm(store, reviewer, asked.request_id)
    return Past(numbers=tuple(numbers[:-1]), erasure=erased.entry_id)


def way_in(data: Path) -> str:
    """A new one-time link for the reviewer."""
    services = assemble(settings.load({"GATEWAY_DATA": str(data), **TOLD}))
    with scenery.closing_database(services):
        return accounts.link(services.store, accounts.find(services.store, "default", _REVIEWER))


def _lived(services: Services, callers: list[Client], numbers: list[str]) -> None:
    """Orders of one buyer that came in, were given to carriers and were delivered by them."""
    store = services.store
    values = [
        scenery.a_freight_order(at, phoneNumber="+49 30 23125999", email=EMAIL)
        for at in range(len(numbers))
    ]
    batch = [scenery.derived(services, one) for one in values]
    services.intake("default", OPERATOR, batch, 0, None)
    for at, number in enumerate(numbers):
        caller = callers[at % 3]
        given = Assignment(
            order_number=number,
            carrier_id=caller.carrier_id or "",
            consignment=None,
            item_ids=None,
        )
        assign(store, "default", OPERATOR, given, None)
        asked = Asked(
            recipient=caller,
            actor=actor(caller),
            items=[Wanted(order_number=number, consignment=None)] * _RELEASES,
            purpose=Purpose.DELIVERY_APPOINTMENT,
            fields=None,
            request_id="bench",
        )
        if not all(isinstance(one, Released) for one in services.release(asked)):
            raise TypeError("the benchmark's own release is refused")


def _keep_orders(store: Store, subjects: int) -> None:
    """Rows of orders whose names in the log still tell whose they are, as of synthetic entries."""
    for start in range(0, subjects, _KEPT * _AT_ONCE):
        rows = [_order(at) for at in range(start, min(subjects, start + _KEPT * _AT_ONCE), _KEPT)]
        with store.change() as connection:
            connection.execute(insert(orders), rows)


def _order(at: int) -> dict[str, Any]:
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        "merchant": "default",
        "order_number": f"past{at}",
        "sales_order_id": f"past{at}",
        **dict.fromkeys(("ordered_at", "changed_at", "imported_at", "latest_at"), long_ago),
        "phone_present": False,
        "flags": [],
        "subject": subject_name(at),
        "subject_key": bytes(32),
        "erased_at": long_ago,
    }


def _kinds(store: Store, reviewer: Account, callers: list[Client]) -> list[Kind]:
    shop_id = clients.create(store, "default", Role.SHOP, None, "Shop", None, None)[0].client_id
    shop = Actor("shop", shop_id)
    found = [
        Kind(400, _entry(shop, Action.ORDER_STORED)),
        Kind(60, _entry(Actor("service", "gateway"), Action.CONTACT_EXPIRED)),
        Kind(1, _entry(accounts.actor(reviewer), Action.AUDIT_VIEWED, subject=False)),
    ]
    for rank, caller in enumerate(callers, 1):
        who, carrier = actor(caller), caller.carrier_id
        share = 1 / rank
        found.append(Kind(60 * share, _entry(shop, Action.ORDER_ASSIGNED, carrier)))
        found += [
            Kind(45 * share, _entry(who, Action.CONTACT_RELEASED, carrier, fields))
            for fields in (_FIELDS, _FIELDS[:2])
        ]
        found += [
            Kind(
                2 * share / weight,
                _entry(who, Action.CONTACT_REFUSED, carrier, _FIELDS, purpose, (code.value,)),
            )
            for weight, code in enumerate(ReasonCode, 1)
            for purpose in (Purpose.DELIVERY_APPOINTMENT, Purpose.MARKETING)
        ]
    return found


def _entry(
    who: Actor,
    action: Action,
    carrier: str | None = None,
    fields: tuple[str, ...] = (),
    purpose: Purpose = Purpose.DELIVERY_APPOINTMENT,
    reasons: tuple[str, ...] = (),
    *,
    subject: bool = True,
) -> Any:
    outcomes = {
        Action.CONTACT_REFUSED: Outcome.REFUSED,
        Action.CONTACT_RELEASED: Outcome.PERMITTED,
    }
    decided = action in outcomes
    return entry_like(
        merchant="default",
        actor=who,
        action=action,
        outcome=outcomes.get(action, Outcome.DONE),
        purpose=purpose.value if decided else None,
        reasons=reasons,
        policy="sha256:" + "ab" * 32 if decided else None,
        subject=subject,
        carrier=carrier,
        fields=fields,
    )

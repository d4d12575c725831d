"""What a buyer is told: who received the contact (GDPR 15), and who is to be told of an erasure (GDPR 19)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.audit.entry import Actor
from gateway.errors import InvalidInput
from gateway.settings import Deadlines
from gateway.storage.store import Store
from gateway.usecases import forget
from gateway.usecases.forget import Disclosure, Find, Report
from gateway.usecases.reports.made import Made, ReportKind, made

LEGAL_BASIS = "GDPR 6(1)(b)"
"""Of every hand-over: the delivery that the buyer ordered cannot be arranged without it."""

_MOST_ORDERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOfBuyer:
    """One order: when it came, when its contact goes or went, and who received it, the earliest first."""

    order_number: str
    imported_at: datetime
    delete_by: datetime | None
    erased_at: datetime | None
    disclosures: tuple[Disclosure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """The actual recipients of a buyer's contact (GDPR 15(1)(c), C-154/21), order by order."""

    legal_basis: str
    orders: tuple[OrderOfBuyer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToNotify:
    """A recipient that is to be told of an erasure, and what it had received of how many orders."""

    carrier_id: str
    carrier_name: str
    fields: tuple[str, ...]
    releases: int
    first_at: datetime
    last_at: datetime
    order_numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """Everybody to whom the contact of these orders was disclosed (GDPR 19), by name."""

    order_numbers: tuple[str, ...]
    recipients: tuple[ToNotify, ...]


def recipients(
    store: Store,
    deadlines: Deadlines,
    merchant: str,
    asker: Actor,
    whose: Sequence[str] | Find,
    request_id: str | None = None,
) -> Made[Recipients]:
    """The report on a buyer's orders, by their numbers or however the buyer is found.

    NotFound; Gone where the buyer of an order that is named was erased.
    """
    found = _reports(store, deadlines, merchant, asker, whose, request_id)
    content = Recipients(legal_basis=LEGAL_BASIS, orders=tuple(_order(one) for one in found))
    return made(store, ReportKind.RECIPIENTS, found[-1].entry, content)


def notification(
    store: Store,
    deadlines: Deadlines,
    merchant: str,
    asker: Actor,
    whose: Sequence[str] | Find,
    request_id: str | None = None,
) -> Made[Notification]:
    """Whom to tell before these orders are erased; NotFound and Gone as in `recipients`."""
    found = _reports(store, deadlines, merchant, asker, whose, request_id)
    pairs = [(one.order_number, it) for one in found for it in one.disclosures]
    content = Notification(
        order_numbers=tuple(one.order_number for one in found), recipients=to_notify(pairs)
    )
    return made(store, ReportKind.NOTIFICATION, found[-1].entry, content)


def to_notify(disclosures: Sequence[tuple[str, Disclosure]]) -> tuple[ToNotify, ...]:
    """Disclosures, each with its order, as one line a recipient, by name; an order may be nameless."""
    names = {one.carrier_id: one.carrier_name for _, one in disclosures}
    return tuple(
        _recipient([it for it in disclosures if it[1].carrier_id == carrier_id])
        for carrier_id in sorted(names, key=lambda it: (names[it], it))
    )


def _recipient(pairs: Sequence[tuple[str, Disclosure]]) -> ToNotify:
    received = [one for _, one in pairs]
    return ToNotify(
        carrier_id=received[0].carrier_id,
        carrier_name=received[0].carrier_name,
        fields=tuple(dict.fromkeys(name for one in received for name in one.fields)),
        releases=len(received),
        first_at=min(one.released_at for one in received),
        last_at=max(one.released_at for one in received),
        order_numbers=tuple(dict.fromkeys(number for number, _ in pairs if number)),
    )


def _reports(
    store: Store,
    deadlines: Deadlines,
    merchant: str,
    asker: Actor,
    whose: Sequence[str] | Find,
    request_id: str | None,
) -> list[Report]:
    if callable(whose):
        return forget.report_buyer(store, deadlines, merchant, asker, whose, request_id)
    numbers = list(dict.fromkeys(whose))
    if not 1 <= len(numbers) <= _MOST_ORDERS:
        raise InvalidInput({"order": [f"1 to {_MOST_ORDERS} orders"]})
    return [
        forget.report(store, deadlines, merchant, asker, number, request_id) for number in numbers
    ]


def _order(found: Report) -> OrderOfBuyer:
    return OrderOfBuyer(
        order_number=found.order_number,
        imported_at=found.imported_at,
        delete_by=None if found.erased_at else found.delete_by,
        erased_at=found.erased_at,
        disclosures=found.disclosures,
    )

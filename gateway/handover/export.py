"""Writes a carrier's contacts into a file: every contact in it is a release with its entry.

What a format has no room for is kept out of the file and named by its order; it is on record as
released all the same, because it had been opened.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.audit.entry import Actor
from gateway.handover.files import fortras, iftmin, spreadsheet, vcard
from gateway.handover.files.edifact import Charset
from gateway.handover.files.fortras import EmailCode, Fortras
from gateway.handover.files.iftmin import Directory, Iftmin
from gateway.handover.files.row import Row, UnfitError
from gateway.model.carrier import Carrier
from gateway.model.kept import Stage
from gateway.usecases import appoint
from gateway.usecases.desk import Asked, Wanted
from gateway.usecases.release import Refused
from gateway.usecases.services import Services
from policies.question import Purpose


@dataclass(frozen=True, slots=True)
class Form:
    """A format: what is written of one contact, and how the file is made of that."""

    name: str
    media_type: str
    entry: Callable[[Row], Any]
    whole: Callable[[Sequence[Any]], bytes]


@dataclass(slots=True)
class Export:
    """What came of it: the file, what was refused with its reason codes, and what did not fit and why."""

    content: bytes = field(default=b"", repr=False)
    exported: list[str] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)


CSV = Form("csv", "text/csv", spreadsheet.line, spreadsheet.file)
VCARD = Form("vcard", "text/vcard", vcard.card, vcard.file)


def edifact(
    directory: Directory, charset: Charset, services: Services, merchant: str, carrier_id: str
) -> Form:
    """IFTMIN from a merchant to a carrier."""
    store = services.store
    interchange = Iftmin(
        directory=directory,
        charset=charset,
        sender=merchant[: iftmin.PARTY].upper(),
        recipient=carrier_id[: iftmin.PARTY].upper(),
        reference=store.entropy(7).hex().upper(),
        now=store.clock(),
    )
    name = f"iftmin-{directory}"
    return Form(name, "application/EDIFACT", interchange.message, interchange.interchange)


def bordero(code: EmailCode, services: Services, merchant: str, carrier_id: str) -> Form:
    """A Fortras manifest from a merchant to a carrier."""
    manifest = Fortras(
        sender=merchant[: fortras.PARTY].upper(),
        recipient=carrier_id[: fortras.PARTY].upper(),
        reference=services.store.entropy(7).hex().upper(),
        email_code=code,
        now=services.store.clock(),
    )
    return Form("fortras", "text/plain;charset=ISO-8859-1", manifest.consignment, manifest.file)


def export(
    services: Services,
    merchant: str,
    carrier: Carrier,
    form: Form,
    orders: Sequence[str],
    fields: Sequence[str] | None,
    asker: Actor,
    request_id: str,
) -> Export:
    """A file of these orders' contacts; without any named, of all that wait for an appointment."""
    done, entries = Export(), []
    for numbers in _parts(orders) if orders else _open(services, merchant, carrier):
        outcomes = services.release(
            Asked(
                recipient=carrier.recipient(merchant),
                actor=asker,
                items=[Wanted(order_number=number) for number in numbers],
                purpose=Purpose.DELIVERY_APPOINTMENT,
                fields=fields,
                request_id=request_id,
                detail={"way": "file", "format": form.name},
            )
        )
        for number, outcome in zip(numbers, outcomes, strict=True):
            if isinstance(outcome, Refused):
                done.refused[number] = list(outcome.refusal.codes)
                continue
            try:
                entries.append(form.entry(Row.of(outcome)))
                done.exported.append(number)
            except UnfitError as fault:
                done.unfit[number] = str(fault)
    done.content = form.whole(entries)
    return done


def _parts(orders: Sequence[str]) -> Iterator[Sequence[str]]:
    """In parts that one transaction takes."""
    distinct = list(dict.fromkeys(orders))
    for at in range(0, len(distinct), appoint.MOST):
        yield distinct[at : at + appoint.MOST]


def _open(services: Services, merchant: str, carrier: Carrier) -> Iterator[Sequence[str]]:
    """The carrier's worklist, page by page; a release moves nothing in it."""
    cursor: str | None = None
    while True:
        page = appoint.listing(
            services.store,
            services.settings.deadlines,
            merchant,
            carrier.carrier_id,
            Stage.OPEN,
            cursor,
            appoint.MOST,
        )
        if page.deliveries:
            yield [delivery.order_number for delivery in page.deliveries]
        cursor = page.next_cursor
        if cursor is None:
            return

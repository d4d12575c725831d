"""The two reports about one buyer in words: who received the contact, and who is to be told."""

from collections.abc import Iterator, Sequence

from gateway.console.telling.document import Section, Table
from gateway.console.telling.speech import Speech
from gateway.usecases.reports.buyer import Notification, OrderOfBuyer, Recipients, ToNotify


def recipients(say: Speech, content: Recipients) -> Iterator[Section]:
    """Order by order, then what law it rests on."""
    for order in content.orders:
        yield _order(say, order)
    yield Section(
        heading=say("report.recipients.basis"), texts=(say("report.recipients.basis_text"),)
    )


def notification(say: Speech, content: Notification) -> Iterator[Section]:
    """Whom to tell, and what of."""
    yield Section(
        heading=say("report.notification.recipients"),
        facts=((say("report.orders"), ", ".join(content.order_numbers)),),
        table=to_notify(say, content.recipients),
        empty=say("report.nobody"),
    )


def to_notify(say: Speech, found: Sequence[ToNotify]) -> Table:
    """One line a recipient."""
    heads = ("recipient", "fields", "times", "first", "last")
    return Table(
        head=tuple(say(f"report.column.{name}") for name in heads),
        rows=tuple(
            (
                one.carrier_name,
                say.fields(one.fields),
                say.number(one.releases),
                say.moment(one.first_at),
                say.moment(one.last_at),
            )
            for one in found
        ),
    )


def _order(say: Speech, order: OrderOfBuyer) -> Section:
    went = (
        (say("report.recipients.erased"), say.day(order.erased_at))
        if order.erased_at
        else (say("report.recipients.delete_by"), say.day_or(order.delete_by, "report.none"))
    )
    heads = ("recipient", "when", "fields", "purpose", "entry")
    return Section(
        heading=say("report.recipients.order", number=order.order_number),
        facts=((say("report.recipients.imported"), say.day(order.imported_at)), went),
        table=Table(
            head=tuple(say(f"report.column.{name}") for name in heads),
            rows=tuple(
                (
                    one.carrier_name,
                    say.moment(one.released_at),
                    say.fields(one.fields),
                    say.called("purpose", one.purpose),
                    say.number(one.index),
                )
                for one in order.disclosures
            ),
        ),
        empty=say("report.nobody"),
    )

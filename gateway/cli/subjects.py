"""`gateway subjects`: what a buyer may ask of the merchant, answered by order number."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from gateway.cli.output import show, table, text
from gateway.cli.running import Run, json_option, merchant_option, pass_run
from gateway.usecases import forget
from gateway.usecases.actors import OPERATOR
from gateway.usecases.forget import Disclosure, Report

_HEAD = ("recipient", "name", "received", "purpose", "fields", "entry")


@click.group()
def subjects() -> None:
    """Reports to buyers, and their erasure."""


@subjects.command()
@click.option("--order", "order_number", required=True, metavar="N", help="The order number.")
@merchant_option
@json_option
@pass_run
def report(run: Run, order_number: str, merchant: str, as_json: bool) -> None:
    """Who received the contact of an order, when, which fields, what for (GDPR 15(1)(c)).

    \b
    Example:
      gateway subjects report --order bagm62dvgp --json
    """
    services = run.services
    found = forget.report(
        services.store,
        run.settings.deadlines,
        run.merchant(merchant),
        OPERATOR,
        order_number,
        run.request_id,
    )
    data = {
        "order_number": found.order_number,
        "reported_at": found.entry.time,
        "legal_basis": "GDPR 6(1)(b)",
        "recipients": _data(found.disclosures),
        "delete_by": None if found.erased_at else found.delete_by,
        "erased_at": found.erased_at,
    }
    show(as_json, data, _lines(found))


@subjects.command()
@click.option("--order", "order_number", required=True, metavar="N", help="The order number.")
@click.option(
    "--reason",
    required=True,
    help="Why, for the record; it stays there, so it may name nobody and hold no long number.",
)
@merchant_option
@json_option
@pass_run
def erase(run: Run, order_number: str, reason: str, merchant: str, as_json: bool) -> None:
    """Erase the contact of an order for good, and what ties the audit log to the buyer (GDPR 17).

    The entries stay, and their proofs hold; nobody can tell any more whom they speak of. Run the
    report before, if the buyer wants one: afterwards there is none.

    \b
    Example:
      gateway subjects erase --order bagm62dvgp --reason "request by letter of 2026-11-20"
    """
    found = forget.erase(
        run.services.store,
        run.merchant(merchant),
        OPERATOR,
        order_number,
        reason,
        run.request_id,
    )
    data = {
        "order_number": found.order_number,
        "erased_at": found.erased_at,
        "recipients_to_notify": _data(found.recipients),
    }
    lines = [f"The buyer of order {order_number} is erased."]
    if found.recipients:
        names = sorted({one.carrier_name for one in found.recipients})
        lines.append(f"To be told of it (GDPR 19): {', '.join(names)}")
    show(as_json, data, lines)


def _lines(found: Report) -> Iterator[str]:
    yield f"Order {found.order_number}, as of {text(found.entry.time)}"
    if found.erased_at:
        yield f"The contact was erased on {text(found.erased_at)}."
    else:
        yield f"The contact is erased by {text(found.delete_by)} at the latest."
    yield ""
    if not found.disclosures:
        yield "Nobody has received the contact."
        return
    yield "Recipients, on the legal basis of GDPR 6(1)(b):"
    yield from table(
        _HEAD,
        [
            (
                one.carrier_id,
                one.carrier_name,
                one.released_at,
                one.purpose,
                one.fields,
                one.entry_id,
            )
            for one in found.disclosures
        ],
    )


def _data(disclosures: Sequence[Disclosure]) -> list[dict[str, Any]]:
    return [
        {
            "carrier": one.carrier_id,
            "name": one.carrier_name,
            "released_at": one.released_at,
            "purpose": one.purpose,
            "fields": list(one.fields),
            "entry": one.entry_id,
            "log_index": one.index,
        }
        for one in disclosures
    ]

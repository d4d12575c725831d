"""`gateway subjects`: what a buyer may ask of the merchant, by order number, e-mail or phone."""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from gateway.cli.nouns import Noun
from gateway.cli.output import show, table, text
from gateway.cli.running import Run, json_option, merchant_option, pass_run
from gateway.usecases import forget, seeking
from gateway.usecases.actors import OPERATOR
from gateway.usecases.forget import Disclosure, Erased, Find, Report

_HEAD = ("recipient", "name", "received", "purpose", "fields", "entry")


@click.group(cls=Noun)
def subjects() -> None:
    """Reports to buyers, and their erasure."""


def _buyer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """One order, or all orders of whoever has this address or number."""
    order = click.option("--order", "order_number", metavar="N", help="The order number.")
    email = click.option(
        "--email", metavar="ADDRESS|-", help="All orders with this e-mail; - reads it."
    )
    phone = click.option(
        "--phone", metavar="NUMBER|-", help="All orders with this phone; - reads it."
    )
    return order(email(phone(command)))


@subjects.command()
@_buyer_options
@merchant_option
@json_option
@pass_run
def report(
    run: Run,
    order_number: str | None,
    email: str | None,
    phone: str | None,
    merchant: str,
    as_json: bool,
) -> None:
    """Who received the contact of an order, when, which fields, what for (GDPR 15(1)(c)).

    By e-mail or phone: of every order that still has it. Given as -, it is read from standard input,
    and stands neither in the shell's history nor in the list of processes.

    \b
    Examples:
      gateway subjects report --order bagm62dvgp --json
      gateway subjects report --email -
    """
    services, merchant = run.services, run.merchant(merchant)
    parts = (services.store, run.settings.deadlines, merchant, OPERATOR)
    find = _sought(run, order_number, email, phone)
    if find is not None:
        all_of_them = forget.report_buyer(*parts, find, run.request_id)
        lines = "\n\n".join("\n".join(_lines(one)) for one in all_of_them)
        show(as_json, {"orders": [_report_data(one) for one in all_of_them]}, [lines])
        return
    found = forget.report(*parts, str(order_number), run.request_id)
    show(as_json, _report_data(found), _lines(found))


@subjects.command()
@_buyer_options
@click.option(
    "--reason",
    required=True,
    help="Why, for the record; it stays there, so it may name nobody and hold no long number.",
)
@merchant_option
@json_option
@pass_run
def erase(
    run: Run,
    order_number: str | None,
    email: str | None,
    phone: str | None,
    reason: str,
    merchant: str,
    as_json: bool,
) -> None:
    """Erase the contact of an order for good, and what ties the audit log to the buyer (GDPR 17).

    By e-mail or phone: of every order that still has it, all at once; given as -, it is read from
    standard input. The entries stay, and their proofs hold; nobody can tell any more whom they speak
    of. Run the report before, if the buyer wants one: afterwards there is none. Carriers that had
    received the contact are named, and those with an endpoint are told.

    \b
    Examples:
      gateway subjects erase --order bagm62dvgp --reason "request by letter of 2026-11-20"
      gateway subjects erase --phone "+49 30 23125001" --reason "request by telephone"
    """
    store, merchant = run.services.store, run.merchant(merchant)
    find = _sought(run, order_number, email, phone)
    if find is not None:
        every = forget.erase_buyer(store, merchant, OPERATOR, find, reason, run.request_id)
        lines = [line for one in every for line in _erased_lines(one)]
        show(as_json, {"orders": [_erased_data(one) for one in every]}, lines)
        return
    found = forget.erase(store, merchant, OPERATOR, str(order_number), reason, run.request_id)
    show(as_json, _erased_data(found), _erased_lines(found))


def _sought(
    run: Run, order_number: str | None, email: str | None, phone: str | None
) -> Find | None:
    """How to find all orders of a buyer; None where one is named."""
    if sum(given is not None for given in (order_number, email, phone)) != 1:
        raise click.UsageError("name the buyer by one of --order, --email and --phone")
    sealer, now = run.services.sealer, run.clock()
    if email is not None:
        return seeking.by_email(sealer, _typed(email), now)
    if phone is not None:
        return seeking.by_phone(sealer, _typed(phone), now)
    return None


def _typed(text: str) -> str:
    return sys.stdin.readline().strip() if text == "-" else text


def _report_data(found: Report) -> dict[str, Any]:
    return {
        "order_number": found.order_number,
        "reported_at": found.entry.time,
        "legal_basis": "GDPR 6(1)(b)",
        "recipients": _data(found.disclosures),
        "delete_by": None if found.erased_at else found.delete_by,
        "erased_at": found.erased_at,
    }


def _erased_data(found: Erased) -> dict[str, Any]:
    return {
        "order_number": found.order_number,
        "erased_at": found.erased_at,
        "recipients_to_notify": _data(found.recipients),
        "recipients_told": list(found.told),
    }


def _erased_lines(found: Erased) -> Iterator[str]:
    yield f"The buyer of order {found.order_number} is erased."
    names = {one.carrier_id: one.carrier_name for one in found.recipients}
    if told := sorted(names[carrier_id] for carrier_id in found.told):
        yield f"Word of it is on its way to: {', '.join(told)}"
    if left := sorted(name for carrier_id, name in names.items() if carrier_id not in found.told):
        yield f"To be told of it (GDPR 19): {', '.join(left)}"


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

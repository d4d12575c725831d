"""`gateway orders`: orders in, given to carriers, and where they stand; never a contact."""

from collections.abc import Iterator

import click

from gateway.cli.importing import import_
from gateway.cli.nouns import Noun
from gateway.cli.output import show, table, text
from gateway.cli.running import Run, json_option, merchant_option, pass_run
from gateway.cli.syncing import sync
from gateway.model.order import OTTO
from gateway.usecases.actors import OPERATOR
from gateway.usecases.assign import Assignment
from gateway.usecases.assign import assign as give
from gateway.usecases.order_state import OrderState, order_state


@click.group(cls=Noun)
def orders() -> None:
    """Orders in, and who delivers them."""


orders.add_command(import_)
orders.add_command(sync)


@orders.command()
@click.argument("order_number", metavar="ORDER")
@click.option("--carrier", required=True, metavar="ID", help="The carrier that delivers.")
@click.option("--consignment", metavar="NO", help="The carrier's own number for it.")
@click.option(
    "--item",
    "items",
    multiple=True,
    metavar="ID",
    help="Only this piece; repeatable. Without it, all pieces that are not parcels.",
)
@merchant_option
@json_option
@pass_run
def assign(
    run: Run,
    order_number: str,
    carrier: str,
    consignment: str | None,
    items: tuple[str, ...],
    merchant: str,
    as_json: bool,
) -> None:
    """Give an order to a carrier: from now on it may ask for the contact.

    \b
    Example:
      gateway orders assign bagm62dvgp --carrier dachser --consignment DE-4711-0001
    """
    services, merchant = run.services, run.merchant(merchant)
    assignment = Assignment(
        order_number=order_number,
        carrier_id=carrier,
        consignment=consignment,
        item_ids=items or None,
    )
    give(services.store, merchant, OPERATOR, assignment, run.request_id)
    _show(run, merchant, order_number, as_json)


@orders.command("show")
@click.argument("order_number", metavar="ORDER")
@merchant_option
@json_option
@pass_run
def show_(run: Run, order_number: str, merchant: str, as_json: bool) -> None:
    """Show where an order stands, piece by piece, without the contact.

    \b
    Example:
      gateway orders show bagm62dvgp
    """
    _show(run, run.merchant(merchant), order_number, as_json)


def _show(run: Run, merchant: str, order_number: str, as_json: bool) -> None:
    state = order_state(run.services.store, run.settings.deadlines, merchant, order_number)
    show(as_json, state.members(), _lines(state))


def _lines(state: OrderState) -> Iterator[str]:
    place = "" if state.order.marketplace == OTTO else f" of {state.order.marketplace}"
    yield f"Order {state.order.order_number}{place}, imported {text(state.order.imported_at)}"
    if state.delete_by is None:
        yield f"The contact is erased since {text(state.order.erased_at)}."
    else:
        yield (
            f"The contact is erased by {text(state.delete_by)} at the latest; "
            f"shops get {'a ' + state.email_kind if state.email_kind else 'no address yet'}."
        )
    yield ""
    head = (
        *("piece", "status", "mode", "by", "carrier", "consignment", "phone", "appointment"),
        *("delivered", "window", "flags"),
    )
    yield from table(
        head,
        [
            (
                one.piece.item_id,
                one.piece.status,
                one.piece.mode,
                one.piece.evidence,
                one.piece.carrier_id,
                one.piece.consignment,
                one.phone_present,
                one.piece.appointment and one.piece.appointment.starts_at,
                one.piece.delivered_at,
                one.window,
                one.flags,
            )
            for one in state.pieces
        ],
    )

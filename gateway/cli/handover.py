"""`gateway handover`: what is on its way to carriers, and the keys on both sides."""

import sys
from typing import Any

import click

from gateway.cli.handover_export import export
from gateway.cli.nouns import Noun
from gateway.cli.output import facts, show, table
from gateway.cli.running import Run, json_option, merchant_option, pass_run
from gateway.errors import InvalidInput
from gateway.handover import carrier_key
from gateway.handover import keys as carrier_keys
from gateway.model.message import Fate, Message
from gateway.usecases import outbox as usecase
from gateway.usecases import register
from gateway.usecases.actors import OPERATOR

_BOTH = (
    "The carrier needs both public keys for a week after a rotation: what is sealed for it has one "
    "signature,\nand until then it is the key before that makes it."
)

carrier_option = click.option(
    "--carrier", "carrier_id", required=True, metavar="ID", help="The carrier."
)


@click.group(cls=Noun)
def handover() -> None:
    """What goes to carriers without their asking."""


handover.add_command(export)


@handover.command()
@click.option("--fate", type=click.Choice([fate.value for fate in Fate]), help="Only these.")
@click.option("--carrier", "carrier_id", metavar="ID", help="Only to this carrier.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@merchant_option
@json_option
@pass_run
def outbox(
    run: Run, fate: str | None, carrier_id: str | None, limit: int, merchant: str, as_json: bool
) -> None:
    """Show the messages to carriers, the newest first, and what became of each.

    \b
    Examples:
      gateway handover outbox --fate dead
      gateway handover outbox --carrier dachser --json
    """
    store = run.services.store
    wanted = None if fate is None else Fate(fate)
    found = usecase.listing(store, run.merchant(merchant), wanted, carrier_id, limit)
    head = ("message", "carrier", "order", "queued", "fate", "attempts", "next", "outcome")
    rows = [
        (
            one.message_id,
            one.carrier_id,
            one.order_number,
            one.queued_at,
            one.fate,
            one.attempts,
            one.due_at if one.fate is Fate.WAITING else None,
            one.outcome,
        )
        for one in found
    ]
    show(as_json, {"messages": [_data(one) for one in found]}, table(head, rows))


@handover.command()
@click.argument("message_ids", nargs=-1, metavar="[MESSAGE]...")
@click.option("--carrier", "carrier_id", metavar="ID", help="All dead messages to this carrier.")
@merchant_option
@json_option
@pass_run
def replay(
    run: Run, message_ids: tuple[str, ...], carrier_id: str | None, merchant: str, as_json: bool
) -> None:
    """Let dead messages wait again: those named, or all to one carrier.

    Each is decided anew when it is sent. An endpoint that had said 410 Gone has to prove itself
    first: gateway carriers check.

    \b
    Examples:
      gateway handover replay 01a20846fe00358a467b48a9da92b4eb
      gateway handover replay --carrier dachser
    """
    if bool(message_ids) == (carrier_id is not None):
        raise click.UsageError("name messages, or a carrier with --carrier")
    store, merchant = run.services.store, run.merchant(merchant)
    if carrier_id is not None:
        revived = usecase.replay_all(store, merchant, OPERATOR, carrier_id)
    else:
        revived = usecase.replay(store, merchant, OPERATOR, message_ids)
    show(as_json, {"replayed": revived}, [f"{revived} messages wait again."])
    if revived < len(message_ids):
        raise click.exceptions.Exit(1)


@handover.command()
@carrier_option
@merchant_option
@json_option
@pass_run
def keys(run: Run, carrier_id: str, merchant: str, as_json: bool) -> None:
    """Show what a carrier needs to verify messages: the shared secret, and the public key.

    The secret is for this carrier alone; hand it over on a way that nobody else reads.
    """
    merchant = run.merchant(merchant)
    _require(run, merchant, carrier_id)
    now = run.clock()
    found = carrier_keys.carrier_keys(run.services.keyring, merchant, carrier_id, now)
    data = {
        "secret": found.shown_secret(),
        "public_key": found.shown_public_key(),
        "public_keys": [sender.shown_public_key() for sender in found.senders],
        "jwks": {"keys": [sender.public_jwk() for sender in found.senders]},
    }
    lines = facts({name: data[name] for name in ("secret", "public_key")})
    for older in found.senders[1:]:
        lines += [f"{older.shown_public_key()}  (the one before)", "", _BOTH]
    show(as_json, data, [*lines, "", "As a JSON Web Key Set: gateway handover keys --json"])


@handover.command()
@carrier_option
@merchant_option
@pass_run
def rotate(run: Run, carrier_id: str, merchant: str) -> None:
    """Make new keys for a carrier; for a week, messages are signed with the old ones too."""
    merchant, services = run.merchant(merchant), run.services
    _require(run, merchant, carrier_id)
    carrier_keys.rotate(services.store, services.keyring, OPERATOR, merchant, carrier_id)
    click.echo(
        f"{carrier_id} gets two signatures of each kind until "
        f"{(run.clock() + carrier_keys.OVERLAP).date()}; next: gateway handover keys"
    )


@handover.command()
@carrier_option
@merchant_option
@pass_run
def credential(run: Run, carrier_id: str, merchant: str) -> None:
    """Keep the key that a carrier gave for its own interface; it is asked for, or read from a pipe.

    The key goes with every order document that is sent on (POST /v1/handovers/{carrier}). It is kept
    sealed beside the keyring, and takes the place of the one before.

    \b
    Examples:
      gateway handover credential --carrier dachser
      pass dachser/api-key | gateway handover credential --carrier dachser
    """
    merchant, services = run.merchant(merchant), run.services
    _require(run, merchant, carrier_id)
    typed = sys.stdin.isatty()
    key = click.prompt("Key", hide_input=True) if typed else sys.stdin.read().strip()
    file = services.credentials
    carrier_key.keep(file, services.store, OPERATOR, merchant, carrier_id, key)
    click.echo(f"The key of {carrier_id} is kept sealed.")


def _require(run: Run, merchant: str, carrier_id: str) -> None:
    if carrier_id not in {one.carrier_id for one in register.listing(run.services.store, merchant)}:
        raise InvalidInput(
            {"carrier": [f"{carrier_id} is not registered; gateway carriers list shows who is"]}
        )


def _data(message: Message) -> dict[str, Any]:
    return {
        "message": message.message_id,
        "carrier": message.carrier_id,
        "order_number": message.order_number,
        "consignment": message.consignment,
        "actor": {"role": message.actor_role, "id": message.actor_id},
        "queued_at": message.queued_at,
        "fate": message.fate,
        "attempts": message.attempts,
        "due_at": message.due_at,
        "settled_at": message.settled_at,
        "outcome": message.outcome,
    }

"""`gateway clients`: who holds a token; a token is printed once, when it is made."""

from datetime import timedelta
from typing import TextIO

import click

from gateway.cli.nouns import Noun
from gateway.cli.output import facts, show, table
from gateway.cli.running import Run, json_option, merchant_option, pass_run
from gateway.cli.types import OneOf
from gateway.model.client import Client
from gateway.usecases import clients as usecase
from gateway.usecases.oauth import client_keys
from policies.question import Purpose, Role

_EVER = frozenset[Purpose]().union(*usecase.DEFAULT_PURPOSES.values())


@click.group(cls=Noun)
def clients() -> None:
    """The callers of the API and their tokens."""


@clients.command()
@click.option("--role", required=True, type=OneOf(Role))
@click.option(
    "--carrier", metavar="ID", help="Whose client it is; for the role carrier, and only there."
)
@click.option("--name", required=True, help="What it is, such as 'Dachser TMS'; no person's name.")
@click.option(
    "--purpose",
    "purposes",
    multiple=True,
    type=OneOf([purpose for purpose in Purpose if purpose in _EVER]),
    metavar="PURPOSE",
    help="Narrow what it may ask for; repeatable. Without it, all that the role may ever.",
)
@click.option(
    "--expires",
    type=click.IntRange(1, 3650),
    metavar="DAYS",
    help="Days until the token stops to count; without it, never.",
)
@click.option(
    "--keys",
    "jwks",
    type=click.File(encoding="utf-8"),
    metavar="FILE|-",
    help="Public keys (JWKS) that it proves itself with; it gets no token then.",
)
@merchant_option
@json_option
@pass_run
def create(
    run: Run,
    role: Role,
    carrier: str | None,
    name: str,
    purposes: tuple[Purpose, ...],
    expires: int | None,
    jwks: TextIO | None,
    merchant: str,
    as_json: bool,
) -> None:
    """Create a client and print its token, this once; one with --keys asks for its tokens itself.

    \b
    Examples:
      gateway clients create --role carrier --carrier dachser --name "Dachser TMS" --expires 365
      gateway clients create --role shop --name "Web shop" --purpose delivery-notice
      gateway clients create --role carrier --carrier dachser --name "Dachser TMS" --keys jwks.json
    """
    found = client_keys.read(jwks.read()) if jwks else ()
    client, token = usecase.create(
        run.services.store,
        run.merchant(merchant),
        role,
        carrier,
        name,
        purposes or None,
        None if expires is None else timedelta(days=expires),
        found,
    )
    told = {
        "client": client.client_id,
        "role": client.role,
        "purposes": client.purposes,
        "expires": client.expires_at,
    }
    if found:
        names = [key["kid"] for key in found]
        asks = "It asks for access tokens at /oauth/token, with assertions that it signs."
        lines = [*facts(told | {"keys": tuple(names)}), "", asks]
        show(as_json, {"client_id": client.client_id, "keys": names}, lines)
        return
    kept = "The token is not shown again, and kept here only as a hash."
    lines = [*facts(told | {"token": token}), "", kept]
    show(as_json, {"client_id": client.client_id, "token": token}, lines)


@clients.command()
@click.argument("client_id", metavar="ID")
@click.argument("file", type=click.File(encoding="utf-8"), metavar="FILE|-")
@merchant_option
@json_option
@pass_run
def keys(run: Run, client_id: str, file: TextIO, merchant: str, as_json: bool) -> None:
    """Register the public keys (JWKS) that a client proves itself with, in place of those before.

    From now on it asks for short-lived access tokens at /oauth/token, and its plain token counts for
    nothing. To change a key without a gap, register the old and the new one, later the new one alone:
    access tokens that were asked for with a key that is not there any more end at once.

    \b
    Example:
      gateway clients keys 0197f3… carrier-jwks.json
    """
    found = client_keys.read(file.read())
    client = client_keys.register(run.services.store, run.merchant(merchant), client_id, found)
    names = [key["kid"] for key in found]
    lines = [f"{client.client_id} ({client.name}) proves itself with: {', '.join(names)}"]
    show(as_json, {"client_id": client.client_id, "keys": names}, lines)


@clients.command("list")
@merchant_option
@json_option
@pass_run
def list_(run: Run, merchant: str, as_json: bool) -> None:
    """Show all clients, expired and revoked ones too."""
    found = usecase.listing(run.services.store, run.merchant(merchant))
    head = ("client", "role", "carrier", "name", "created", "expires", "state", "proves itself by")
    rows = [
        (
            one.client_id,
            one.role,
            one.carrier_id,
            one.name,
            one.created_at,
            one.expires_at,
            _state(run, one),
            _proof(one),
        )
        for one in found
    ]
    data = [
        {
            "client_id": one.client_id,
            "role": one.role,
            "carrier": one.carrier_id,
            "name": one.name,
            "purposes": one.purposes,
            "created_at": one.created_at,
            "expires_at": one.expires_at,
            "revoked_at": one.revoked_at,
            "state": _state(run, one),
            "proves_itself_by": _proof(one),
        }
        for one in found
    ]
    show(as_json, {"clients": data}, table(head, rows))


@clients.command()
@click.argument("client_id", metavar="ID")
@merchant_option
@pass_run
def revoke(run: Run, client_id: str, merchant: str) -> None:
    """End a client: its token counts for nothing from the next request on."""
    client = usecase.revoke(run.services.store, run.merchant(merchant), client_id)
    click.echo(f"{client.client_id} ({client.name}) is revoked.")


def _state(run: Run, client: Client) -> str:
    if client.revoked_at is not None:
        return "revoked"
    return "live" if client.is_live(run.clock()) else "expired"


def _proof(client: Client) -> str:
    return "keys" if client.own_keys else "token"

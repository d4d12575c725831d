"""`gateway console`: who may use the review console, and the links that let them in."""

import click

from gateway.cli.nouns import Noun
from gateway.cli.output import show, table
from gateway.cli.running import Run, json_option, merchant_option, pass_run
from gateway.cli.types import OneOf
from gateway.model.account import Office
from gateway.usecases.people import accounts


@click.group(cls=Noun)
def console() -> None:
    """The accounts of the review console."""


@console.command()
@click.option("--name", required=True, help="What the person signs in with, such as an address.")
@click.option(
    "--role",
    "office",
    required=True,
    type=OneOf(Office),
    help="reviewer: reads and reports; operator: carriers, clients, erasure; carrier: its deliveries.",
)
@click.option("--carrier", metavar="ID", help="Whose deliveries; for the role carrier alone.")
@merchant_option
@json_option
@pass_run
def create(
    run: Run, name: str, office: Office, carrier: str | None, merchant: str, as_json: bool
) -> None:
    """Create an account, and print the link that lets its owner in, once and within the hour.

    \b
    Examples:
      gateway console create --name dpo@example.org --role reviewer
      gateway console create --name dispatch@example.org --role carrier --carrier dachser
    """
    account = accounts.create(run.services.store, run.merchant(merchant), name, office, carrier)
    address = sign_in_address(run, accounts.link(run.services.store, account))
    data = {"account_id": account.account_id, "name": account.name, "link": address}
    show(as_json, data, [f"{account.name} ({account.office}) signs in with", address])


@console.command()
@click.option("--account", "name", required=True, metavar="NAME", help="Whose link.")
@merchant_option
@json_option
@pass_run
def link(run: Run, name: str, merchant: str, as_json: bool) -> None:
    """Print a link that signs in once, within the hour; earlier links of the account count no more.

    For a first visit, and for whoever lost what they sign in with.
    """
    account = accounts.find(run.services.store, run.merchant(merchant), name)
    address = sign_in_address(run, accounts.link(run.services.store, account))
    show(as_json, {"name": account.name, "link": address}, [address])


@console.command("list")
@merchant_option
@json_option
@pass_run
def list_(run: Run, merchant: str, as_json: bool) -> None:
    """Show all accounts, disabled ones too."""
    found = accounts.listing(run.services.store, run.merchant(merchant))
    bound = accounts.bound(run.services.store, run.merchant(merchant))
    rows = [
        (one.account_id, one.name, one.office, one.carrier_id, one.created_at, one.disabled_at)
        for one in found
    ]
    data = [
        {
            "account_id": one.account_id,
            "name": one.name,
            "office": one.office,
            "carrier": one.carrier_id,
            "created_at": one.created_at,
            "disabled_at": one.disabled_at,
            "is_bound": one.account_id in bound,
        }
        for one in found
    ]
    head = ("account", "name", "office", "carrier", "created", "disabled")
    show(as_json, {"accounts": data}, table(head, rows))


@console.command()
@click.argument("name")
@merchant_option
@pass_run
def disable(run: Run, name: str, merchant: str) -> None:
    """End an account: its sessions end now, and nothing opens it any more."""
    account = accounts.disable(run.services.store, run.merchant(merchant), name)
    click.echo(f"{account.name} ({account.account_id}) is disabled.")


@console.command(short_help="Let another person's company account open an account.")
@click.argument("name")
@merchant_option
@pass_run
def unbind(run: Run, name: str, merchant: str) -> None:
    """Undo that an account belongs to the first company account that opened it.

    For a person who was given a new company account, or when another provider takes over. The next
    who signs in under the account's verified address is the only one from then on; sessions end now.

    \b
    Example:
      gateway console unbind dpo@example.org
    """
    account = accounts.unbind(run.services.store, run.merchant(merchant), name)
    click.echo(f"{account.name} ({account.account_id}) is bound to no company account any more.")


def sign_in_address(run: Run, token: str, port: int | None = None) -> str:
    """The address of a sign-in link, as a browser on this machine reaches it unless one is configured."""
    settings = run.settings
    base = settings.console.address or f"http://localhost:{port or settings.service.port}"
    return f"{base}/console/link/{token}"

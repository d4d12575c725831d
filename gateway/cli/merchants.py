"""`gateway merchants`: whose data the gateway keeps apart."""

import click

from gateway.cli.nouns import Noun
from gateway.cli.output import show, table
from gateway.cli.running import Run, json_option, pass_run
from gateway.usecases import merchants as usecase


@click.group(cls=Noun)
def merchants() -> None:
    """The merchants that are served, kept apart."""


@merchants.command()
@click.argument("merchant", metavar="ID")
@click.option("--name", required=True, help="The company, as reports name it.")
@pass_run
def create(run: Run, merchant: str, name: str) -> None:
    """Add a merchant. It has no carriers and no clients yet.

    \b
    Example:
      gateway merchants create moebel-meier --name "Möbel Meier GmbH"
      gateway carriers apply --merchant moebel-meier meier-carriers.toml
    """
    services = run.services
    usecase.create(services.store, merchant, name)
    usecase.note_policy(services.store, services.engine.version)
    click.echo(f"{merchant} is there now; next: gateway carriers apply --merchant {merchant} FILE")


@merchants.command("list")
@json_option
@pass_run
def list_(run: Run, as_json: bool) -> None:
    """Show all merchants."""
    found = usecase.listing(run.services.store)
    rows = [(one.merchant, one.name, one.created_at) for one in found]
    data = [
        {"merchant": one.merchant, "name": one.name, "created_at": one.created_at} for one in found
    ]
    show(as_json, {"merchants": data}, table(("merchant", "name", "since"), rows))

"""`gateway audit`: the record of all that was done."""

from typing import Any

import click

from gateway.audit.entry import Action, Outcome
from gateway.cli.running import Run, merchant_option, pass_run
from gateway.cli.types import TIME, OneOf
from gateway.usecases import review
from gateway.usecases.actors import OPERATOR
from gateway.usecases.export_formats import Format, lines
from gateway.usecases.review import Filters
from policies.question import Purpose
from policies.verdict import ReasonCode


@click.group()
def audit() -> None:
    """The audit log."""


@audit.command()
@click.option(
    "--format",
    "form",
    type=OneOf(Format),
    default=Format.JSONL,
    show_default=True,
    help="jsonl: the entries as they are; csv: for spreadsheets; ocsf: for a SIEM.",
)
@click.option("--order", "order_number", metavar="N", help="About this order.")
@click.option("--carrier", metavar="ID", help="About this carrier.")
@click.option("--actor", metavar="ID", help="By this client, or command-line.")
@click.option("--action", type=OneOf(Action), metavar="ACTION", help="Such as contact.released.")
@click.option("--outcome", type=OneOf(Outcome))
@click.option("--reason", type=OneOf(ReasonCode), metavar="CODE", help="Refused for this reason.")
@click.option("--purpose", type=OneOf(Purpose), metavar="PURPOSE")
@click.option("--from", "since", type=TIME, metavar="TIME", help="From this day or time on.")
@click.option("--to", "until", type=TIME, metavar="TIME", help="Before this day or time.")
@merchant_option
@pass_run
def export(run: Run, /, form: Format, merchant: str, **filters: Any) -> None:
    """Write the entries to the standard output, oldest first; the export itself is on record.

    \b
    Examples:
      gateway audit export --from 2026-11-01 --to 2026-12-01 --format csv > november.csv
      gateway audit export --action contact.refused --reason purpose_marketing
    """
    entries = review.export(
        run.services.store,
        run.merchant(merchant),
        OPERATOR,
        Filters(**filters),
        run.request_id,
    )
    for line in lines(entries, form):
        click.echo(line, nl=False)

"""`gateway retention`: lets contacts go when their time is over."""

from datetime import datetime

import click

from gateway.cli.output import show
from gateway.cli.running import Run, json_option, pass_run
from gateway.cli.types import TIME
from gateway.usecases import retention as usecase


@click.group()
def retention() -> None:
    """Deletion of contacts whose time is over."""


@retention.command("run")
@click.option("--now", type=TIME, metavar="TIME", help="As if it were then; without it, the clock.")
@json_option
@pass_run
def run_(run: Run, now: datetime | None, as_json: bool) -> None:
    """Erase every contact that is due, of all merchants, and put each on record.

    Releases go on meanwhile, and it may be stopped at any time: the next run goes on.

    \b
    Examples:
      gateway retention run
      gateway retention run --now 2027-03-01
    """
    store = run.services.store
    usecase.redate(store, run.settings.deadlines)
    erased = usecase.run(store, now or run.clock())
    show(as_json, {"erased": erased}, [f"The contacts of {erased} orders were due and are erased."])

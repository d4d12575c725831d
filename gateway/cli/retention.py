"""`gateway retention`: lets contacts, and logs, go when their time is over."""

from datetime import datetime

import click

from gateway.cli.nouns import Noun
from gateway.cli.output import show
from gateway.cli.running import Run, json_option, pass_run
from gateway.cli.types import TIME
from gateway.usecases import retention as usecase
from gateway.usecases.log import retire_logs


@click.group(cls=Noun)
def retention() -> None:
    """Deletion of contacts and logs whose time is over."""


@retention.command("run")
@click.option("--now", type=TIME, metavar="TIME", help="As if it were then; without it, the clock.")
@click.option(
    "--clock-is-right", is_flag=True, help="Believe the clock, though it has jumped ahead by days."
)
@json_option
@pass_run
def run_(run: Run, now: datetime | None, clock_is_right: bool, as_json: bool) -> None:
    """Erase every contact that is due, and delete logs past their time; put each on record.

    While the clock is days ahead of when it was last seen, nothing is erased: set it right, or say that
    it is. Releases go on meanwhile, and it may be stopped at any time: the next run goes on.

    \b
    Examples:
      gateway retention run
      gateway retention run --now 2027-03-01
    """
    store = run.services.store
    if clock_is_right:
        run.services.timekeeping.believe(run.clock())
    if now is None:
        run.services.timekeeping.require(run.clock())
    usecase.redate(store, run.settings.deadlines)
    usecase.set_right(store, run.settings.deadlines, run.clock())
    now = now or run.clock()
    erased = usecase.run(store, now)
    logs = retire_logs.run(store, run.settings.keep_log_months, now)
    lines = [f"The contacts of {erased} orders were due and are erased."]
    if logs:
        lines.append(f"{logs} logs were past their time and are deleted, as is on record.")
    show(as_json, {"erased": erased, "logs_deleted": logs}, lines)

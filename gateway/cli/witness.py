"""`gateway audit witness`: what stands outside of the service's reach, and bringing it there now."""

from collections.abc import Iterator
from typing import Any

import click

from gateway.anchoring.anchoring import Anchoring, Round
from gateway.anchoring.sending import Sender
from gateway.cli.output import show, table
from gateway.cli.running import Run, json_option, merchant_option, pass_run
from gateway.storage import anchors, logs
from gateway.storage.anchors import Anchor
from gateway.storage.logs import KeptLog

_HEAD = ("log", "place", "has", "behind", "since", "last tried", "outcome")


@click.command(short_help="Show or bring what witnesses and holders have.")
@click.option("--now", is_flag=True, help="First bring every log's checkpoint to every place.")
@merchant_option
@json_option
@pass_run
def witness(run: Run, now: bool, merchant: str, as_json: bool) -> None:
    """Show which checkpoints witnesses cosigned and outside holders have; with --now bring them first.

    `gateway serve` does so by itself, as [witnesses] and [holders] in the settings say. The outcome
    "ahead" or "contradiction" means that a witness saw a log that ours does not continue: entries
    were cut off or rewritten.

    \b
    Examples:
      gateway audit witness
      gateway audit witness --now --json
    """
    merchant = run.merchant(merchant)
    anchoring = Anchoring.over(run.services, Sender())
    if not anchoring.places:
        raise click.ClickException(
            "no witness and no holder is configured: [witnesses] and [holders] in the settings"
        )
    rounds: dict[str, Round] = {}
    if now:
        holder = run.entropy(8).hex()
        rounds = {
            place.name: anchoring.turn(place, holder, only_due=False) for place in anchoring.places
        }
    names = [place.name for place in anchoring.places]
    rows = list(_rows(run, merchant, names))
    failed = {
        name: done.outcome or "another process is at it"
        for name, done in rounds.items()
        if done.outcome or done.is_busy
    }
    data = {"anchors": [_told(log, name, anchor) for log, name, anchor in rows], "failed": failed}
    lines = table(_HEAD, [_cells(log, name, anchor) for log, name, anchor in rows])
    show(as_json, data, [*lines, *(f"{name}: {why}" for name, why in failed.items())])
    if failed:
        raise click.exceptions.Exit(1)


def _rows(
    run: Run, merchant: str, names: list[str]
) -> Iterator[tuple[KeptLog, str, Anchor | None]]:
    with run.services.store.read() as connection:
        for log in logs.of_merchant(connection, merchant):
            known = {anchor.place: anchor for anchor in anchors.of_log(connection, log.log)}
            for name in names:
                yield log, name, known.get(name)


def _told(log: KeptLog, name: str, anchor: Anchor | None) -> dict[str, Any]:
    return {
        "origin": log.origin,
        "place": name,
        "size": anchor.size if anchor else 0,
        "log_size": log.size,
        "confirmed_at": anchor and anchor.confirmed_at,
        "tried_at": anchor and anchor.tried_at,
        "outcome": anchor and anchor.outcome,
    }


def _cells(log: KeptLog, name: str, anchor: Anchor | None) -> tuple[object, ...]:
    told = _told(log, name, anchor)
    return (
        *(log.origin, name, told["size"], log.size - told["size"]),
        *(told["confirmed_at"], told["tried_at"], told["outcome"] or "not tried yet"),
    )

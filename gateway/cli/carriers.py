"""`gateway carriers`: who may receive contacts, as a file says it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from gateway.cli.nouns import Noun
from gateway.cli.output import show, table
from gateway.cli.running import Run, json_option, merchant_option, pass_run
from gateway.errors import InvalidInput
from gateway.handover import profiles
from gateway.handover.conformance import examine
from gateway.handover.destination import Destinations
from gateway.handover.outbound import Outbound
from gateway.model.carrier import Carrier
from gateway.usecases import register
from gateway.usecases.actors import OPERATOR
from gateway.usecases.carrier_file import last_day, read_carriers
from gateway.usecases.register import Changes


@click.group(cls=Noun)
def carriers() -> None:
    """The carriers that may receive contacts."""


@carriers.command()
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@merchant_option
@json_option
@pass_run
def apply(run: Run, file: Path | None, merchant: str, as_json: bool) -> None:
    """Make the registrations what FILE says, and put each difference on record.

    Without FILE it is carriers.toml beside the settings. A carrier that FILE does not name any more
    is withdrawn: it gets nothing from then on.

    \b
    Examples:
      gateway carriers apply
      gateway carriers apply --merchant moebel-meier meier-carriers.toml
    """
    services = run.services
    path = file or run.settings.config_file("carriers.toml")
    wanted = read_carriers(path, services.otto)
    for profile in {carrier.order_profile for carrier in wanted if carrier.order_profile}:
        profiles.load(profiles.path(run.settings, profile))
    changes = register.apply(services.store, run.merchant(merchant), OPERATOR, wanted)
    data = {
        "added": list(changes.added),
        "changed": [
            {"carrier": one.carrier_id, "terms": list(one.terms)} for one in changes.changed
        ],
        "withdrawn": list(changes.withdrawn),
    }
    show(as_json, data, differences(changes))


def differences(changes: Changes) -> Iterator[str]:
    """What applying changed, a carrier a line."""
    if not (changes.added or changes.changed or changes.withdrawn):
        yield "No difference: the carriers are registered as the file says."
    yield from (f"+ {carrier_id}  registered" for carrier_id in changes.added)
    yield from (
        f"~ {one.carrier_id}  changed: {', '.join(_plain(term) for term in one.terms)}"
        for one in changes.changed
    )
    yield from (f"- {carrier_id}  withdrawn" for carrier_id in changes.withdrawn)


@carriers.command("list")
@merchant_option
@json_option
@pass_run
def list_(run: Run, merchant: str, as_json: bool) -> None:
    """Show all registrations, lapsed and withdrawn ones too."""
    now = run.clock()
    found = register.listing(run.services.store, run.merchant(merchant))
    rows = [
        (
            one.carrier_id,
            one.name,
            one.registration(now),
            one.modes,
            one.fields,
            one.valid_from.date(),
            last_day(one),
        )
        for one in found
    ]
    head = ("carrier", "name", "registration", "modes", "fields", "from", "until")
    show(
        as_json,
        {"carriers": [_data(one, str(one.registration(now))) for one in found]},
        table(head, rows),
    )


@carriers.command()
@click.argument("carrier_id", metavar="ID")
@merchant_option
@json_option
@pass_run
def check(run: Run, carrier_id: str, merchant: str, as_json: bool) -> None:
    """Try a carrier's endpoint with an invented contact; exit status 1 if something does not hold.

    A line and its certificate, the challenge, forged and stale messages, the round trip. An endpoint
    that meets the challenge is verified, also if it had been disabled.

    \b
    Example:
      gateway carriers check dachser
    """
    services, merchant = run.services, run.merchant(merchant)
    outbound = Outbound(unsafe_allow_loopback=run.settings.unsafe_allow_loopback)
    destinations = Destinations(services.store, services.keyring, outbound, run.settings.origin)
    named = [it for it in register.listing(services.store, merchant) if it.carrier_id == carrier_id]
    destination = destinations.of(merchant, named[0]) if named else None
    if destination is None:
        raise InvalidInput({"carrier": [f"{carrier_id} is not registered with an endpoint"]})
    findings = examine(destinations, destination)
    data = [{"tried": it.tried, "holds": it.holds, "seen": it.seen} for it in findings]
    lines = [f"{'ok  ' if it.holds else 'FAIL'}  {it.tried}: {it.seen}" for it in findings]
    show(as_json, {"carrier": carrier_id, "findings": data}, lines)
    if not all(it.holds for it in findings):
        raise click.exceptions.Exit(1)


def _plain(term: str) -> str:
    return term.replace("_", " ")


def _data(carrier: Carrier, registration: str) -> dict[str, Any]:
    return {
        "carrier": carrier.carrier_id,
        "name": carrier.name,
        "registration": registration,
        "otto_codes": carrier.otto_codes,
        "modes": carrier.modes,
        "fields": carrier.fields,
        "purposes": carrier.purposes,
        "valid_from": carrier.valid_from.date(),
        "valid_until": last_day(carrier),
        "endpoint": carrier.endpoint,
        "has_public_key": carrier.public_key is not None,
        "order_profile": carrier.order_profile,
        "order_endpoint": carrier.order_endpoint,
        "bound_tokens": carrier.bound_tokens,
        "withdrawn_at": carrier.withdrawn_at,
    }

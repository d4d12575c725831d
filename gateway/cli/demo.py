"""`gateway demo`: a gateway with invented orders in it, and requests to try on it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from gateway.cli.carriers import differences
from gateway.cli.console import sign_in_address
from gateway.cli.init import set_up
from gateway.cli.otto_demo import stand_in
from gateway.cli.output import show
from gateway.cli.running import Run, json_option, pass_run
from gateway.usecases.demo import Demo, prepare
from gateway.usecases.merchants import DEFAULT
from policies.question import Role

_FREIGHT_ORDER = "bagm62dvgp"


@dataclass(frozen=True, slots=True)
class _Trial:
    """A request to try: what it shows, what comes back, and the line to paste."""

    says: str
    comes: str
    curl: str


@click.command(short_help="Set up with demo data, print what to try.")
@click.option("--host", help="The address that serve will have; without it, service.host.")
@click.option("--port", type=click.IntRange(1, 65535), help="Its port; without it, service.port.")
@click.option("--with-otto", is_flag=True, help="Then answer as OTTO would, until Ctrl-C.")
@json_option
@pass_run
def demo(run: Run, host: str | None, port: int | None, with_otto: bool, as_json: bool) -> None:
    """Set everything up with demo data, and print requests that work when they are pasted.

    Sets up what is not there yet (see gateway init), applies carriers.toml, takes in demo orders, all
    invented, assigns them, and makes clients whose tokens count for seven days. Running it again adds
    nothing but fresh tokens. Do not run it on a gateway with real orders.

    \b
    Examples:
      gateway demo && gateway serve
      gateway demo --with-otto
    """
    set_up(run)
    made = prepare(run.services, DEFAULT, run.request_id)
    service = run.settings.service
    url = f"http://{_host(host or service.host)}:{port or service.port}"
    trials = list(_trials(made, url))
    data: dict[str, Any] = {
        "url": url,
        "orders": {"stored": made.orders.stored, "unchanged": made.orders.unchanged},
        "assigned": made.assigned,
        "clients": [
            {"role": one.role, "client_id": one.client_id, "token": one.token}
            for one in made.clients
        ],
        "try": [{"says": one.says, "comes": one.comes, "curl": one.curl} for one in trials],
        "console": {
            office.value: sign_in_address(run, token, port) for office, token in made.links.items()
        },
    }
    show(as_json, data, _lines(made, trials, data["console"]))
    if with_otto:
        stand_in(run, DEFAULT)


def _trials(made: Demo, url: str) -> Iterator[_Trial]:
    asked = {"order_number": _FREIGHT_ORDER, "purpose": "delivery-appointment"}
    yield _Trial(
        "The carrier asks for the contact of its freight order, to agree the appointment.",
        "200: name, phone and e-mail of the buyer, and the receipt of the release",
        _post(f"{url}/v1/releases", made.token(Role.CARRIER), asked),
    )
    yield _Trial(
        "The same carrier asks for marketing.",
        '403: "Refused by policy", reason purpose_marketing',
        _post(f"{url}/v1/releases", made.token(Role.CARRIER), {**asked, "purpose": "marketing"}),
    )
    yield _Trial(
        "The shop asks for an address that it may store with the order.",
        "200: OTTO's relay address, and what it may be used for; never the buyer's own",
        _get(f"{url}/v1/orders/{_FREIGHT_ORDER}/shop-contact", made.token(Role.SHOP)),
    )
    yield _Trial(
        "The merchant looks where the order stands.",
        "200: mode, carrier, window and dates, no contact",
        _get(f"{url}/v1/orders/{_FREIGHT_ORDER}", made.token(Role.MERCHANT)),
    )
    yield _Trial(
        "The reviewer looks who was refused, and why.",
        "200: the entries, the refusal above among them",
        _get(f"{url}/v1/audit/entries?action=contact.refused&limit=10", made.token(Role.REVIEWER)),
    )


def _post(url: str, token: str, body: dict[str, Any]) -> str:
    return (
        f"curl -s '{url}' -H 'Authorization: Bearer {token}'"
        f" -H 'Content-Type: application/json' -d '{json.dumps(body)}'"
    )


def _get(url: str, token: str) -> str:
    return f"curl -s '{url}' -H 'Authorization: Bearer {token}'"


def _host(host: str) -> str:
    """What to call: a wildcard is no address, and an IPv6 one stands in brackets."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104  compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _lines(made: Demo, trials: list[_Trial], links: Mapping[str, str]) -> Iterator[str]:
    yield from (f"Carriers: {line}" for line in differences(made.carriers))
    yield (
        f"Orders: {made.orders.stored} stored, {made.orders.unchanged} unchanged, "
        f"{made.assigned} given to carriers. All of them are invented."
    )
    yield "Clients: tokens count for seven days; those of earlier demos are revoked."
    yield ""
    yield "To try, once the gateway serves:"
    for number, trial in enumerate(trials, start=1):
        yield ""
        yield f"# {number}. {trial.says}"
        yield f"#    {trial.comes}"
        yield trial.curl
    yield ""
    yield "# The review console, in a browser; each link signs in once, within the hour."
    yield from (f"#    {office:<9} {address}" for office, address in links.items())

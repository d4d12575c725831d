"""`gateway orders sync`: brings orders and deliveries over from OTTO; shows counts, never an order."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import IO, Any

import click
from tqdm import tqdm

from gateway.cli.output import show, text
from gateway.cli.running import Run, json_option, merchant_option, pass_run
from gateway.cli.types import TIME
from gateway.errors import Conflict, Unavailable
from gateway.usecases import holding
from gateway.usecases.actors import OPERATOR
from gateway.usecases.incoming import connections
from gateway.usecases.incoming.connections import Connections
from gateway.usecases.incoming.deliveries import Deliveries, Learnt
from gateway.usecases.incoming.importing import RejectedOrder
from gateway.usecases.incoming.sync import Sync, Synced

_PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class _Done:
    """What a sync by hand came to."""

    orders: Synced
    deliveries: Learnt
    sunsets: dict[str, datetime]


@click.command()
@click.option("--since", type=TIME, metavar="TIME", help="Read everything that changed since then.")
@click.option(
    "--set-credentials",
    type=click.File("r", encoding="utf-8"),
    metavar="FILE|-",
    help='Keep {"client_id": …, "client_secret": …} for this merchant, and sync nothing.',
)
@click.option(
    "--host",
    default=_PRODUCTION,
    show_default=True,
    metavar="NAME",
    help="Where the credentials belong: a name of api.hosts in config/marketplaces/otto.toml.",
)
@merchant_option
@json_option
@pass_run
def sync(
    run: Run,
    since: datetime | None,
    set_credentials: IO[str] | None,
    host: str,
    merchant: str,
    as_json: bool,
) -> None:
    """Bring over from OTTO what changed since the last time: orders, then deliveries.

    `gateway serve` does it by itself, for every merchant with credentials. It may be stopped at any
    time; the next one goes on. Credentials are checked with OTTO, and kept sealed beside the keyring;
    give them through a pipe, and they stand nowhere else.

    \b
    Examples:
      pass otto/app | gateway orders sync --set-credentials -
      gateway orders sync
      gateway orders sync --since 2026-11-01
    """
    merchant = run.merchant(merchant)
    connected = connections.connections(run.services)
    if set_credentials is not None:
        connected.keep(merchant, connections.parsed(set_credentials.read(), host))
        show(
            as_json,
            {"merchant": merchant, "host": host},
            [f"The credentials of {merchant} for OTTO ({host}) work, and are kept sealed."],
        )
        return
    done = _sync(run, connected, merchant, since)
    show(as_json, _data(done), _lines(done))
    if done.orders.rejected:
        raise click.exceptions.Exit(1)


def _sync(run: Run, connected: Connections, merchant: str, since: datetime | None) -> _Done:
    client = connected.client(merchant)
    hold = holding.take(run.services.store, holding.ORDERS + merchant, run.request_id)
    if hold is None:
        most = holding.HOLD.total_seconds() / 60
        raise Conflict(
            f"the orders of {merchant} are being synced already; try again later. A sync that was "
            f"killed keeps the next one waiting, for {most:.0f} minutes at the most"
        )
    outcome = holding.FAILED
    try:
        parts = (run.services, client, merchant, OPERATOR, run.request_id, hold.renew)
        with tqdm(unit=" pages", disable=not sys.stderr.isatty(), file=sys.stderr) as bar:
            orders = Sync(*parts)(since=since, on_page=lambda _: _advance(bar), on_rejected=_tell)
            deliveries = Deliveries(*parts)(on_page=lambda _: _advance(bar))
        outcome = holding.DONE
    except Unavailable:
        # A path that is taken down may be why.
        for line in _endings(client.sunsets):
            click.echo(line, err=True)
        raise
    finally:
        hold.let_go(outcome)
    return _Done(orders, deliveries, dict(client.sunsets))


def _advance(bar: "tqdm[Any]") -> None:
    bar.update()


def _tell(order: RejectedOrder) -> None:
    number = f"order {order.order_number}" if order.order_number else "an order without number"
    for name, texts in order.errors.items():
        tqdm.write(f"rejected: {number}: {name}: {' '.join(texts)}", file=sys.stderr)


def _data(done: _Done) -> dict[str, Any]:
    return {
        "orders": asdict(done.orders),
        "deliveries": asdict(done.deliveries),
        "sunsets": done.sunsets,
    }


def _lines(done: _Done) -> Iterator[str]:
    orders, deliveries = done.orders, done.deliveries
    yield (
        f"Orders: {orders.stored} stored, {orders.unchanged} unchanged, "
        f"{orders.rejected} rejected, on {orders.pages} pages"
    )
    yield f"Deliveries: {deliveries.delivered} shipments arrived, of {deliveries.orders} orders here"
    if deliveries.unreadable:
        yield f"{deliveries.unreadable} shipments had not the shape of one"
    yield from _endings(done.sunsets)


def _endings(sunsets: Mapping[str, datetime]) -> Iterator[str]:
    for path, when in sunsets.items():
        yield f"OTTO takes {path} down on {text(when)}: look for a newer version of this gateway"

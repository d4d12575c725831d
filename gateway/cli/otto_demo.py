"""`gateway demo --with-otto`: OTTO's imitation on this machine, until it is stopped; all invented."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import click

from gateway.cli.running import Run
from gateway.errors import ConfigurationError, Conflict
from gateway.marketplaces.otto.local import CLIENT_ID, CLIENT_SECRET, LocalOtto
from gateway.marketplaces.otto.tokens import Credentials
from gateway.model.times import rfc3339
from gateway.usecases.incoming.connections import connections

_HOST = "local"
_PARCEL = "PARCEL"


def stand_in(run: Run, merchant: str) -> None:
    """Answer as OTTO until Ctrl-C; the merchant's credentials lead there from now on."""
    # Loaded here alone: no other command needs a server of this kind.
    from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: PLC0415

    class Quiet(WSGIRequestHandler):
        def log_request(self, *_: Any) -> None:
            """Say nothing."""

    connected = connections(run.services)
    if merchant in connected.merchants() and connected.host(merchant) != _HOST:
        raise Conflict(
            f"{merchant} has credentials for the real OTTO; a demo does not replace them"
        )
    url = urlsplit(run.services.otto.api.hosts.get(_HOST, ""))
    if url.scheme != "http" or url.hostname is None or url.port is None:
        raise ConfigurationError(
            f"api.hosts.{_HOST}: http://127.0.0.1:PORT (config/marketplaces/otto.toml)"
        )
    try:
        app = _filled(run).app()
        server = make_server(url.hostname, url.port, app, threaded=True, request_handler=Quiet)
    except (OSError, SystemExit):
        raise ConfigurationError(
            f"api.hosts.{_HOST}: cannot listen on {url.netloc} (config/marketplaces/otto.toml)"
        ) from None
    thread = threading.Thread(target=server.serve_forever, name="otto")
    thread.start()
    try:
        connected.keep(merchant, Credentials(_HOST, CLIENT_ID, CLIENT_SECRET))
        click.echo("")
        click.echo(f"OTTO's imitation answers at {url.geturl()} until Ctrl-C. In another terminal:")
        click.echo(
            "  gateway orders sync    brings its orders over; gateway serve does it by itself"
        )
        thread.join()
    except KeyboardInterrupt:
        click.echo("OTTO's imitation has ended.")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _filled(run: Run) -> LocalOtto:
    """OTTO with the demo's orders once more, as if buyers had placed them again in the last hours."""
    otto = LocalOtto(run.clock, time.monotonic)
    known = run.services.otto.skus
    path = run.settings.config_file("demo/orders.json")
    orders = json.loads(path.read_text(encoding="utf-8"))["resources"]
    otto.put(*(_again(run, number, order) for number, order in enumerate(orders, start=1)))
    skus = {sku for order in orders for sku in _skus(order)}
    otto.deliver_by({sku: known.delivery_type(sku) or _PARCEL for sku in skus})
    return otto


def _again(run: Run, number: int, order: Mapping[str, Any]) -> dict[str, Any]:
    time_ = rfc3339(run.clock() - timedelta(minutes=number))
    return {
        **order,
        "salesOrderId": f"0770de30-0000-4000-8000-{number:012d}",
        "orderNumber": f"otto{number:06d}",
        "orderDate": time_,
        "lastModifiedDate": time_,
        "orderLifecycleInformation": {"lifecycleChangeDate": time_},
    }


def _skus(order: Mapping[str, Any]) -> Iterator[str]:
    for item in order["positionItems"]:
        if sku := item.get("product", {}).get("sku"):
            yield sku

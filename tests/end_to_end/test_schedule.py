"""A running service syncs by itself, in one of its processes, and ends cleanly while it does."""

import threading
import time
from contextlib import closing
from pathlib import Path

from gateway.marketplaces.otto.local import LocalOtto
from gateway.storage import tasks
from tests.builders import order_number
from tests.conftest import Template
from tests.end_to_end.live import Live
from tests.end_to_end.otto import keep_credentials, leading_to
from tests.marketplaces.otto.live import serving
from tests.usecases.otto import SKU, an_otto_order
from tests.world import NOON, World

_SECONDS = 30


def an_otto() -> LocalOtto:
    """OTTO with two orders."""
    otto = LocalOtto(lambda: NOON, time.monotonic)
    otto.deliver_by({SKU: "FORWARDER_CURBSIDE"})
    otto.put(an_otto_order(1), an_otto_order(2))
    return otto


def test_a_running_service_brings_orders_over(
    template: Template, data: Path, tmp_path: Path
) -> None:
    """Nobody asks it to; each page once, whatever the number of workers."""
    otto = an_otto()
    keep_credentials(data)
    with serving(otto) as url:
        live = Live(data, workers=2, **leading_to(url, tmp_path / "config"))
        path, until = f"/v1/orders/{order_number(2)}", time.monotonic() + _SECONDS
        while live.send("GET", path, template.tokens["merchant"])[0] != 200:
            assert time.monotonic() < until
        written = live.stop()
    assert sum(target.startswith("/v4/orders") for target in otto.seen) == 1
    assert '"stored": 2' in written
    assert "Mustermann" not in written
    assert order_number(2) not in written


def test_it_ends_while_otto_keeps_it_waiting(data: Path, tmp_path: Path) -> None:
    """In time, and the task is free for the next one to start."""
    otto = an_otto()
    asked, over = threading.Event(), threading.Event()

    def wait() -> None:
        asked.set()
        over.wait(timeout=_SECONDS)

    otto.troubles.append(wait)
    keep_credentials(data)
    with serving(otto) as url:
        live = Live(data, workers=1, **leading_to(url, tmp_path / "config"))
        try:
            assert asked.wait(timeout=_SECONDS)
            live.stop()
        finally:
            over.set()
    assert live.exit_code == 0
    with closing(World(data)) as world, world.store.read() as connection:
        held = [task.name for task in tasks.every(connection) if task.holder is not None]
    assert held == []

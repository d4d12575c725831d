"""A sync that is killed at any page loses and doubles nothing; the process is a real one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from gateway.audit.entry import Action
from gateway.marketplaces.otto.local import LocalOtto
from gateway.storage.sync_tables import tasks
from tests.builders import order_number
from tests.end_to_end.live import ROOT, environment
from tests.end_to_end.otto import keep_credentials, leading_to
from tests.marketplaces.otto.live import serving
from tests.usecases.otto import SKU, an_otto_order
from tests.world import NOON, World

ORDERS, PAGE = 5, 2


class Killer:
    """Kills the process that asks, at a given request, before it is answered."""

    def __init__(self, otto: LocalOtto) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._otto = otto

    def sync(self, environment: dict[str, str], requests: int | None) -> int:
        """Sync in a process of its own, which dies at its last one of `requests`; its end."""
        self._otto.troubles.clear()
        self._otto.seen.clear()
        if requests is not None:
            self._otto.troubles += [lambda: None] * (requests - 1) + [self._kill]
        command = [sys.executable, "-m", "gateway", "orders", "sync"]
        self.process = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL
        )
        return self.process.wait(timeout=60)

    def _kill(self) -> None:
        while self.process is None:
            time.sleep(0.001)
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def otto() -> Iterator[tuple[LocalOtto, str]]:
    """OTTO with as many orders, and its address."""
    otto = LocalOtto(lambda: NOON, time.monotonic)
    otto.deliver_by({SKU: "FORWARDER_CURBSIDE"})
    otto.put(*(an_otto_order(count, minutes=ORDERS - count) for count in range(ORDERS)))
    with serving(otto) as url:
        yield otto, url


def run_out(data: Path) -> None:
    """As if the minutes had passed after which a dead process lets go of its turn."""
    with closing(World(data)) as world, world.store.database.writing() as connection:
        connection.execute(update(tasks).values(held_until=NOON))


@pytest.mark.parametrize(
    ("requests", "durable"),
    [
        pytest.param(2, 0, id="first page"),
        pytest.param(3, 0, id="article"),
        pytest.param(5, PAGE, id="second page"),
        pytest.param(6, 2 * PAGE, id="third page"),
        pytest.param(7, ORDERS, id="shipments"),
    ],
)
def test_a_sync_killed_while_it_asks_loses_and_doubles_nothing(
    otto: tuple[LocalOtto, str], data: Path, tmp_path: Path, requests: int, durable: int
) -> None:
    """The pages before stay; the next sync goes on behind them, and everything is there once."""
    local, url = otto
    told = environment(data) | leading_to(url, tmp_path / "config", orders_per_page=PAGE)
    keep_credentials(data)
    killer = Killer(local)
    assert killer.sync(told, requests) == -signal.SIGKILL
    assert len(stored(data)) == durable
    run_out(data)
    assert killer.sync(told, None) == 0
    with closing(World(data)) as world:
        kept = [world.kept(order_number(count)).subject for count in range(ORDERS)]
    assert stored(data) == kept


def stored(data: Path) -> list[str | None]:
    """The orders that are on record as stored, by their names in the log, in its order."""
    with closing(World(data)) as world:
        return [entry.subject for entry in world.log() if entry.action is Action.ORDER_STORED]

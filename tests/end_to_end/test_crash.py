"""A crash between any two statements leaves no order half stored and no release unrecorded."""

import http.client
import json
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.entry import Action, Entry
from gateway.audit.verdict import LogReport
from gateway.storage import orders
from gateway.usecases.log.verify import verify
from tests.builders import a_page, an_order, order_number
from tests.conftest import Template
from tests.end_to_end.live import Live
from tests.world import World

_BATCH = 4
_HELD = 200
"""Checkpoints from before and after the last kills that the log is held against."""


@dataclass
class Load:
    """What the clients of one life of the server were told."""

    first: int
    stored: set[str] = field(default_factory=set)
    assigned: set[str] = field(default_factory=set)
    released: list[Mapping[str, Any]] = field(default_factory=list)
    signed: list[bytes] = field(default_factory=list)

    def run(self, live: Live, tokens: Mapping[str, str], seconds: float) -> None:
        """Import, assign and release from several threads until the server is gone."""
        threads = [
            threading.Thread(target=self._work, args=(live, tokens, self.first + 1000 * lane))
            for lane in range(3)
        ]
        threads.append(threading.Thread(target=self._watch, args=(live,)))
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        live.kill()
        for thread in threads:
            thread.join()

    def _work(self, live: Live, tokens: Mapping[str, str], first: int) -> None:
        try:
            for start in range(first, first + 1000, _BATCH):
                self._round(live, tokens, [order_number(start + at) for at in range(_BATCH)])
        except (OSError, http.client.HTTPException, ValueError):
            return  # the server is gone, which is the point

    def _watch(self, live: Live) -> None:
        """Keep every checkpoint that is served, as an auditor would who asks all the time."""
        try:
            while True:
                status, _, note = live.send("GET", "/v1/audit/checkpoint")
                if status == 200 and note not in self.signed[-1:]:
                    self.signed.append(note)
        except (OSError, http.client.HTTPException):
            return

    def _round(self, live: Live, tokens: Mapping[str, str], numbers: list[str]) -> None:
        page = a_page(an_order(number) for number in numbers)
        if live.send("POST", "/v1/orders", tokens["merchant"], page)[0] == 200:
            self.stored.update(numbers)
        for number in numbers:
            path = f"/v1/orders/{number}/carrier"
            if live.send("PUT", path, tokens["merchant"], {"carrier": "dachser"})[0] == 200:
                self.assigned.add(number)
            asked = {"order_number": number, "purpose": "delivery-appointment"}
            status, _, body = live.send("POST", "/v1/releases", tokens["dachser"], asked)
            if status == 200:
                self.released.append(json.loads(body))


def check(world: World, load: Load) -> None:
    """Everything that a client was told is stored and on record, and nothing is half there."""
    log = {entry.id: entry for entry in world.log()}
    subjects = {entry.subject for entry in log.values() if entry.action is Action.ORDER_STORED}
    _check_orders(world, load, subjects)
    for released in load.released:
        entry: Entry = log[released["release_id"]]
        assert entry.action is Action.CONTACT_RELEASED
        assert entry.index == released["receipt"]["log_index"]
        assert entry.subject == world.kept(released["order_number"]).subject
    assert [entry.index for entry in log.values()] == list(range(len(log)))


def _check_orders(world: World, load: Load, subjects: set[str | None]) -> None:
    numbers = {order_number(load.first + at) for at in range(3000)}
    with world.store.read() as connection:
        kept = orders.kept(connection, "default", numbers)
        freight = orders.envelopes(connection, "default", numbers, orders.FREIGHT)
        shop = orders.envelopes(connection, "default", numbers, orders.SHOP)
    assert load.stored <= kept.keys()
    assert kept.keys() == freight.keys() == shop.keys()
    for number, order in kept.items():
        assert len(order.items) == 1
        assert order.subject in subjects
        assert number not in load.assigned or order.items[0].carrier_id == "dachser"
        binding, envelope = freight[number]
        assert world.services.opener.freight(envelope, binding).phone


def crash(template: Template, data: Path, times: int, seed: int) -> int:
    """Kill the server under load this often; how many contacts the clients got in all."""
    chance = random.Random(seed)
    got = 0
    signed: list[bytes] = []
    for life in range(times):
        load = Load(first=life * 3000)
        load.run(Live(data), template.tokens, chance.uniform(0.05, 0.8))
        world = World(data)
        check(world, load)
        got += len(load.released)
        signed += load.signed
        sizes = [int(note.split(b"\n")[1]) for note in signed]
        assert sizes == sorted(sizes)
        # The log continues each of them, so none of what was ever signed is gone or changed.
        [verdict] = verify(world.store, "default", signed[-_HELD:])
        assert isinstance(verdict.outcome, LogReport), verdict.outcome
        world.store.database.engine.dispose()
    return got


def test_a_killed_server_loses_and_doubles_nothing(template: Template, data: Path) -> None:
    """After several kills orders are whole, contacts have entries, and no served checkpoint is broken."""
    assert crash(template, data, times=5, seed=1) > 0


@pytest.mark.long
def test_a_thousand_kills_lose_and_double_nothing(template: Template, data: Path) -> None:
    """The same, many more times over one growing database."""
    assert crash(template, data, times=1000, seed=2) > 0

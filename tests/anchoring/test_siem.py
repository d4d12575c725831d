"""A SIEM gets every entry, in order and at least once, whatever happens on the way."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, request
from sqlalchemy import delete
from werkzeug.serving import make_server

from gateway.anchoring import siem
from gateway.anchoring.sending import Sender
from gateway.errors import Conflict, Unavailable
from gateway.settings import Siem
from gateway.storage.tables import entries
from gateway.usecases import holding
from tests.world import World


@dataclass
class Receiver:
    """A SIEM's own small server; it answers with `status`."""

    events: list[dict[str, Any]] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    status: int = 200

    def __post_init__(self) -> None:
        app = Flask(__name__)
        app.add_url_rule("/in", view_func=self._take, methods=["POST"])
        self.server = make_server("127.0.0.1", 0, app)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def _take(self) -> Response:
        assert request.mimetype == "application/x-ndjson"
        self.tokens.add(request.headers.get("Authorization"))
        self.events += [json.loads(line) for line in request.get_data().splitlines()]
        return Response("", self.status)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A SIEM."""
    made = Receiver()
    yield made
    made.stop()


def streamed(world: World, receiver: Receiver, token_file: Path | None = None) -> int:
    """One turn of the task: how many entries it says it sent."""
    url = f"http://127.0.0.1:{receiver.server.port}/in"
    settings = Siem(url, token_file, timedelta(seconds=10))
    [duty] = siem.duties(world.store, settings, Sender())
    hold = holding.take(world.store, duty.name, "test")
    assert hold is not None
    try:
        return duty.work(hold)["sent"]
    finally:
        hold.let_go(holding.DONE, timedelta())


def uids(receiver: Receiver) -> list[str]:
    """Which entries came, as they came."""
    return [one["metadata"]["uid"] for one in receiver.events]


def test_every_entry_comes_once_in_order(world: World, receiver: Receiver) -> None:
    """As an OCSF event; afterwards only what is new."""
    assert streamed(world, receiver) == len(world.log())
    assert uids(receiver) == [one.id for one in world.log()]
    assert {one["class_uid"] for one in receiver.events} == {6001}
    assert streamed(world, receiver) == 0
    world.client()
    assert streamed(world, receiver) == 1
    assert uids(receiver) == [one.id for one in world.log()]


@pytest.mark.parametrize("status", [302, 401, 500, 503])
def test_what_is_not_confirmed_comes_again(world: World, receiver: Receiver, status: int) -> None:
    """A SIEM that was ill misses nothing; what came twice has the same id."""
    receiver.status = status
    with pytest.raises(Unavailable, match=str(status)):
        streamed(world, receiver)
    receiver.status = 204
    assert streamed(world, receiver) == len(world.log())
    ids = [one.id for one in world.log()]
    assert uids(receiver) == ids + ids


def test_a_siem_that_is_not_there_is_named(world: World, receiver: Receiver) -> None:
    """And everything waits."""
    receiver.stop()
    with pytest.raises(Unavailable, match="does not answer"):
        streamed(world, receiver)
    receiver.__post_init__()
    assert streamed(world, receiver) == len(world.log())


def test_the_token_goes_along(world: World, receiver: Receiver, tmp_path: Path) -> None:
    """Read each time, so that it can be changed; one that is missing is no reason to go without."""
    file = tmp_path / "token"
    with pytest.raises(Unavailable, match="token_file"):
        streamed(world, receiver, file)
    assert receiver.events == []
    file.write_text("first\n")
    streamed(world, receiver, file)
    file.write_text("second\n")
    world.client()
    streamed(world, receiver, file)
    assert receiver.tokens == {"Bearer first", "Bearer second"}


def test_a_log_that_was_tampered_with_holds_up_no_other(world: World, receiver: Receiver) -> None:
    """The other is told whole, and the fault is said."""
    world.merchant("other")
    others = len(world.log("other"))
    with world.store.change() as connection:
        connection.execute(delete(entries).where(entries.c.log == 1, entries.c.index == 2))
    with pytest.raises(Unavailable, match="entry 2 of log 1 is missing"):
        streamed(world, receiver)
    assert [one["metadata"]["log_name"] for one in receiver.events] == ["other"] * others


def test_whoever_lost_the_turn_moves_nothing(world: World, receiver: Receiver) -> None:
    """Two nodes never leave a gap between them: the one that stopped for too long stores nothing."""
    url = f"http://127.0.0.1:{receiver.server.port}/in"
    [duty] = siem.duties(world.store, Siem(url, None, timedelta(seconds=10)), Sender())
    slow = holding.take(world.store, duty.name, "slow")
    assert slow is not None
    world.clock.forward(seconds=holding.HOLD.total_seconds())
    other = holding.take(world.store, duty.name, "other")
    assert other is not None
    with pytest.raises(Conflict):
        duty.work(slow)
    assert duty.work(other)["sent"] == len(world.log())


def test_without_an_address_there_is_nothing_to_do(world: World) -> None:
    """No SIEM, no task."""
    assert siem.duties(world.store, world.settings.siem, Sender()) == []

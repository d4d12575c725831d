"""What is due is done by itself, by one at a time over all nodes, and a fault ends nothing for good."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import structlog
from flask import Response, request
from sqlalchemy import update

from gateway.audit.entry import Action, Outcome
from gateway.marketplaces.otto.local import CLIENT_ID, CLIENT_SECRET, a_shipment
from gateway.marketplaces.otto.tokens import Credentials
from gateway.storage import tasks, verifications
from gateway.storage.tables import entries
from gateway.storage.tasks import Task
from gateway.usecases import holding, merchants, schedule
from gateway.usecases.incoming.connections import Connections
from gateway.usecases.schedule import Scheduler
from tests.builders import order_number
from tests.marketplaces.otto.live import fails
from tests.usecases.otto import SKU, Joined, an_otto_order, joined
from tests.world import NOON, TESTER, World


@pytest.fixture
def pair(world: World) -> Iterator[Joined]:
    """A gateway with credentials for OTTO, where two orders wait."""
    with joined(world) as pair:
        pair.otto.deliver_by({SKU: "FORWARDER_CURBSIDE"})
        pair.otto.put(an_otto_order(1, minutes=2), an_otto_order(2, minutes=1))
        credentials = Credentials("local", CLIENT_ID, CLIENT_SECRET)
        pair.connections(lambda _: None).keep("default", credentials)
        yield pair


@pytest.fixture
def said() -> Iterator[list[dict[str, Any]]]:
    """What is logged."""
    with structlog.testing.capture_logs() as said:
        yield said


def scheduler(pair: Joined) -> Scheduler:
    """A scheduler, as each node has one."""
    return Scheduler(pair.world.services, pair.connections)


def states(world: World) -> dict[str, Task]:
    """The tasks by name."""
    with world.store.read() as connection:
        return {task.name: task for task in tasks.every(connection)}


def test_orders_deliveries_and_retention_are_due_at_once(pair: Joined) -> None:
    """A fresh gateway does everything that it has credentials for."""
    pair.otto.shipments.append(a_shipment(an_otto_order(2), 1, NOON, NOON))
    scheduler(pair).look()
    assert pair.stored() == [order_number(1), order_number(2)]
    assert {name: task.outcome for name, task in states(pair.world).items()} == {
        "log.verify:default": "done",
        "otto.deliveries:default": "done",
        "otto.orders:default": "done",
        "retention": "done",
    }


def test_each_comes_again_after_its_own_time(pair: Joined) -> None:
    """As configured; until then nothing is asked."""
    one = scheduler(pair)
    one.look()
    seen = len(pair.otto.seen)
    pair.world.clock.forward(minutes=9)
    one.look()
    assert len(pair.otto.seen) == seen
    pair.world.clock.forward(minutes=1)
    one.look()
    assert [target.partition("?")[0] for target in pair.otto.seen[seen:]] == ["/v4/orders"]
    assert states(pair.world)["retention"].ended_at == NOON


def test_each_merchants_log_is_verified_once_a_day(
    pair: Joined, said: list[dict[str, Any]]
) -> None:
    """What came of it is kept, for each merchant; one that does not hold keeps no other from it."""
    world, one = pair.world, scheduler(pair)
    merchants.create(world.store, "second", "Second")
    world.store.write("second", lambda tx: tx.record(TESTER, Action.AUDIT_VIEWED, Outcome.DONE))

    def kept() -> list[tuple[timedelta, str]]:
        with world.store.read() as connection:
            found = [verifications.latest(connection, it) for it in ("default", "second")]
        return [(log.verified_at - NOON, log.outcome) for logs in found for log in logs]

    one.look()
    assert kept() == [(timedelta(), "verified")] * 2
    with world.store.change() as connection:
        edit = update(entries).where(entries.c.log == 1, entries.c.index == 1)
        connection.execute(edit.values(leaf=b"{}"))
    world.clock.forward(hours=23)
    one.look()
    assert kept() == [(timedelta(), "verified")] * 2
    world.clock.forward(hours=1)
    one.look()
    day = timedelta(days=1)
    assert kept() == [(day, "failed"), (day, "verified")]
    failures = [event["task"] for event in said if event["event"] == "task.failed"]
    assert failures == ["log.verify:default"]


def test_a_verification_goes_on_only_as_long_as_it_is_its_own_turn(pair: Joined) -> None:
    """Another node that took the task in the meantime keeps what it found, and it alone."""
    world, one = pair.world, scheduler(pair)
    hold = holding.take(world.store, "log.verify:default", "another")
    assert hold is not None
    one.look()
    with world.store.read() as connection:
        assert verifications.latest(connection, "default") == []
    hold.let_go(holding.DONE, timedelta())
    one.look()
    with world.store.read() as connection:
        assert len(verifications.latest(connection, "default")) == 1


def test_deliveries_are_learnt_with_the_next_look_at_them(pair: Joined) -> None:
    """A shipment that arrived in the meantime."""
    one = scheduler(pair)
    one.look()
    pair.world.clock.forward(hours=6)
    pair.otto.shipments.append(a_shipment(an_otto_order(1), 1, NOON, NOON))
    one.look()
    assert pair.world.kept(order_number(1)).items[0].delivered_at == NOON


def test_contacts_and_keys_go_when_they_are_due(pair: Joined) -> None:
    """Ninety days and a day after the import nothing of it can be opened any more."""
    one = scheduler(pair)
    one.look()
    for _ in range(46):
        pair.world.services.timekeeping.leap(pair.world.clock())
        pair.world.clock.forward(days=2)
    one.look()
    assert pair.world.kept(order_number(1)).erased_at is not None
    said = [entry.action for entry in pair.world.log()]
    assert said.count(Action.CONTACT_EXPIRED) == 2
    assert Action.KEY_DESTROYED in said


def test_a_clock_that_jumps_erases_nothing(pair: Joined) -> None:
    """Nothing goes before its time; once the clock is right again, everything is done as before."""
    one = scheduler(pair)
    one.look()
    right = pair.world.clock()
    pair.world.clock.forward(days=92)
    one.look()
    assert pair.world.kept(order_number(1)).erased_at is None
    assert Action.KEY_DESTROYED not in [entry.action for entry in pair.world.log()]
    pair.world.clock.now = right + timedelta(hours=2)
    asked = len(pair.otto.seen)
    one.look()
    assert len(pair.otto.seen) > asked
    assert pair.world.kept(order_number(1)).erased_at is None


def test_two_nodes_do_not_do_the_same_at_a_time(pair: Joined) -> None:
    """While one reads a page, the other finds the task taken."""
    other = scheduler(pair)
    pages: list[int] = []

    def meanwhile() -> None:
        pages.append(len(pair.otto.seen))
        other.look()

    pair.otto.troubles += [meanwhile]
    scheduler(pair).look()
    assert sum(target.startswith("/v4/orders") for target in pair.otto.seen) == 1
    assert pair.stored() == [order_number(1), order_number(2)]


def test_a_task_that_was_just_done_is_not_done_again_by_one_who_saw_it_due(pair: Joined) -> None:
    """Between looking and taking lies a moment."""
    one, other = scheduler(pair), scheduler(pair)
    duties = other._duties()
    one.look()
    seen = len(pair.otto.seen)
    for duty in duties:
        other._turn(duty)
    assert len(pair.otto.seen) == seen


def test_a_fault_is_told_and_the_task_comes_again(pair: Joined, said: list[dict[str, Any]]) -> None:
    """By its kind and the part that failed; the other tasks are done."""
    one = scheduler(pair)
    pair.otto.troubles += [fails(400)]
    one.look()
    [told] = [event for event in said if event["event"] == "task.failed"]
    assert told["task"] == "otto.deliveries:default"
    assert (told["fault"], told["part"]) == ("Unavailable", "otto")
    assert states(pair.world)["otto.deliveries:default"].outcome == "failed"
    assert states(pair.world)["otto.orders:default"].outcome == "done"


def test_what_is_logged_is_counts_alone(pair: Joined, said: list[dict[str, Any]]) -> None:
    """And what OTTO announces; no number of an order, no name."""
    pair.otto.put(an_otto_order(3, orderDate="yesterday"))
    pair.otto.sunset = NOON + timedelta(days=180)
    scheduler(pair).look()
    [orders] = [event for event in said if event.get("task") == "otto.orders:default"]
    assert orders == {
        "event": "task.done",
        "log_level": "info",
        "task": "otto.orders:default",
        "pages": 1,
        "stored": 2,
        "unchanged": 0,
        "rejected": 1,
    }
    [sunset] = [event for event in said if event["event"] == "otto.sunset"]
    assert sunset["path"] == "/v4/orders"
    everything = json.dumps(said)
    assert "Mustermann" not in everything
    assert order_number(1) not in everything


def test_the_end_of_a_path_is_told_though_the_sync_fails(
    pair: Joined, said: list[dict[str, Any]]
) -> None:
    """It may be why it fails."""

    def no_articles() -> Response | None:
        return fails(400)() if "availability" in request.path else None

    pair.otto.sunset = NOON + timedelta(days=180)
    pair.otto.troubles += [no_articles] * 20
    scheduler(pair).look()
    assert "otto.sunset" in {event["event"] for event in said}
    assert states(pair.world)["otto.orders:default"].outcome == "failed"


def test_what_is_set_to_never_is_left_alone(world: World, pair: Joined) -> None:
    """Cron may do it instead."""
    environment = {
        "GATEWAY_SCHEDULE__ORDERS_MINUTES": "0",
        "GATEWAY_SCHEDULE__RETENTION_MINUTES": "0",
        "GATEWAY_SCHEDULE__VERIFICATION_MINUTES": "0",
    }
    quiet = World(world.settings.data, world.settings.database_url, **environment)
    Scheduler(quiet.services, pair.connections).look()
    quiet.close()
    assert states(world).keys() == {"otto.deliveries:default"}


def test_merchants_without_credentials_are_not_asked_for(world: World) -> None:
    """Retention is theirs all the same, and that their log is verified."""
    with joined(world) as pair:
        scheduler(pair).look()
        assert states(world).keys() == {"log.verify:default", "retention"}
        assert pair.otto.seen == []


def stopping(pair: Joined, at: Callable[[Scheduler], None]) -> Scheduler:
    """A running scheduler that is stopped from within its first request to OTTO."""
    one = scheduler(pair)
    reached = threading.Event()

    def meanwhile() -> None:
        reached.set()
        at(one)

    pair.otto.troubles.append(meanwhile)
    one.start()
    assert reached.wait(timeout=30)
    return one


def test_it_stops_between_two_pages_and_lets_go(
    pair: Joined, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read stays; the task is due again, for whoever comes next."""
    monkeypatch.setattr(schedule, "PAUSE_SECONDS", 0.01)
    one = stopping(pair, lambda one: one._stopped.set())
    one.stop()
    task = states(pair.world)["otto.deliveries:default"]
    assert (task.holder, task.outcome, task.next_at) == (None, "stopped", NOON)


def test_a_step_that_does_not_end_is_left_behind(
    pair: Joined, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its task is free at once, and nothing that it still does is stored."""
    monkeypatch.setattr(schedule, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(schedule, "_LAST_STEP_SECONDS", 0.05)
    pair.world.services.otto.api  # noqa: B018  read before the other thread needs it
    over = threading.Event()
    one = stopping(pair, lambda _one: over.wait(timeout=30) and None)
    one.stop()
    task = states(pair.world)["otto.deliveries:default"]
    assert (task.holder, task.outcome) == (None, "stopped")
    over.set()
    one._thread.join()
    assert states(pair.world)["otto.deliveries:default"].outcome == "stopped"


def test_waiting_for_otto_ends_with_the_service(pair: Joined) -> None:
    """Nobody sleeps through the end."""
    one = scheduler(pair)
    one._stopped.set()
    with pytest.raises(schedule.Stopped):
        one._sleep(60)


def test_an_unexpected_fault_does_not_end_the_scheduler(
    pair: Joined, said: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deletion goes on after it."""
    monkeypatch.setattr(schedule, "PAUSE_SECONDS", 0.01)
    one = scheduler(pair)
    again = threading.Event()
    looks: list[None] = []

    def look() -> None:
        looks.append(None)
        if len(looks) > 1:
            again.set()
        raise KeyError("erika@example.org")

    monkeypatch.setattr(one, "look", look)
    one.start()
    assert again.wait(timeout=30)
    one.stop()
    assert said[0]["event"] == "schedule.failed"


def test_new_credentials_open_a_new_connection(pair: Joined) -> None:
    """And the old one keeps its token as long as they are the same."""
    made: Connections = pair.connections(lambda _: None)
    first = made.client("default")
    assert made.client("default") is first
    made.keep("default", Credentials("local", CLIENT_ID, CLIENT_SECRET))
    assert made.client("default") is first
    secret = {"host": "local", "client_id": CLIENT_ID, "client_secret": "changed"}
    made.file.keep("otto:default", secret, NOON)
    assert made.client("default") is not first

"""Retention: what is due goes, nothing else does, and releases never wait for it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gateway.storage import answers
from gateway.storage.answers import Repeatable
from gateway.storage.tables import contact_digests, contacts
from gateway.storage.tables import orders as orders_table
from gateway.usecases import deliver as delivery
from gateway.usecases import retention
from tests.builders import an_order, order_number
from tests.world import TESTER, World, codes

_SECONDS = 120


def left(world: World) -> set[str]:
    """Numbers of the orders that still have an envelope."""
    with world.store.read() as connection:
        return set(connection.execute(select(contacts.c.order_number)).scalars())


def deliver(world: World, number: str) -> None:
    delivery.deliver(
        world.store, world.settings.deadlines, "default", TESTER, number, "dachser", None
    )


def test_a_contact_goes_on_the_day_that_was_told(world: World) -> None:
    """Not a moment before `delete_by`, and in its moment."""
    world.take_in(an_order("aaaaaaaaa1"))
    due = world.kept("aaaaaaaaa1").delete_by(world.settings.deadlines.erase_after_delivery)
    assert retention.run(world.store, due - timedelta(microseconds=1)) == 0
    assert left(world) == {"aaaaaaaaa1"}
    assert retention.run(world.store, due) == 1
    assert left(world) == set()


def test_delivery_brings_the_day_nearer(world: World) -> None:
    """A delivered order goes after its grace, one that is not delivered stays."""
    world.take_in(an_order("aaaaaaaaa1"), an_order("aaaaaaaaa2"))
    world.assign("aaaaaaaaa1")
    deliver(world, "aaaaaaaaa1")
    after = world.clock.now + world.settings.deadlines.erase_after_delivery
    assert retention.run(world.store, after) == 1
    assert left(world) == {"aaaaaaaaa2"}


def test_nothing_of_the_buyer_stays(world: World) -> None:
    """Envelopes, digests and fingerprint are gone; the order is marked, and its entries keep their name."""
    world.take_in(an_order("aaaaaaaaa1"))
    subject = world.kept("aaaaaaaaa1").subject
    world.clock.forward(days=90)
    retention.run(world.store, world.clock.now)
    with world.store.read() as connection:
        row = connection.execute(select(orders_table)).one()
        digests = connection.execute(select(func.count()).select_from(contact_digests)).scalar()
    assert digests == 0
    assert (row.fingerprint, row.phone_present, row.erased_at) == (None, False, world.clock.now)
    last = world.log()[-1]
    assert (last.action.value, last.subject) == ("contact.expired", subject)
    assert last.actor.role == "service"


@pytest.mark.parametrize("world_template", ["sqlite"], indirect=True)
def test_the_list_of_what_goes_is_durable_before_anybody_has_to_wait(world: World) -> None:
    """It stands there while another still writes; and nobody stands there twice."""
    world.take_in(an_order("aaaaaaaaa1"), an_order("aaaaaaaaa2"))
    subjects = {world.kept(number).subject for number in ("aaaaaaaaa1", "aaaaaaaaa2")}
    world.clock.forward(days=90)
    tombstones, deadline = world.store.tombstones, time.monotonic() + _SECONDS
    with ThreadPoolExecutor(1) as pool:
        with world.store.database.alone():
            run = pool.submit(retention.run, world.store, world.clock.now)
            while tombstones.read().contacts.get("default") != subjects:
                assert time.monotonic() < deadline
            assert left(world) == {"aaaaaaaaa1", "aaaaaaaaa2"}
        assert run.result() == 2
    assert len(tombstones.content().splitlines()) == 2


def test_running_again_finds_nothing(world: World) -> None:
    """Each contact goes once, with one entry."""
    world.take_in(an_order("aaaaaaaaa1"))
    world.clock.forward(days=90)
    assert retention.run(world.store, world.clock.now) == 1
    assert retention.run(world.store, world.clock.now) == 0
    assert world.said().count("contact.expired") == 1


def test_every_merchants_contacts_go_on_their_own_record(world: World) -> None:
    """One run serves all merchants; each log tells of its own orders alone."""
    world.merchant("other")
    world.take_in(an_order("aaaaaaaaa1"))
    world.take_in(an_order("aaaaaaaaa2"), merchant="other")
    world.clock.forward(days=90)
    assert retention.run(world.store, world.clock.now) == 2
    for merchant in ("default", "other"):
        assert world.said(merchant).count("contact.expired") == 1


def test_any_number_goes_in_bounded_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the pieces, all that is due goes."""
    monkeypatch.setattr(retention, "_BATCH", 3)
    world.take_in(*(an_order(f"aaaaaaaa{number:02}") for number in range(10)))
    world.clock.forward(days=90)
    assert retention.run(world.store, world.clock.now) == 10
    assert left(world) == set()


def test_two_runs_at_once_erase_each_contact_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two schedulers on one database do not do, or tell of, anything twice."""
    monkeypatch.setattr(retention, "_BATCH", 2)
    world.take_in(*(an_order(f"aaaaaaaa{number:02}") for number in range(12)))
    world.clock.forward(days=90)
    erased: list[int] = []
    runs = [
        threading.Thread(target=lambda: erased.append(retention.run(world.store, world.clock.now)))
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert sum(erased) == 12
    assert world.said().count("contact.expired") == 12


def test_an_expired_contact_is_refused(world: World) -> None:
    """A carrier that asks afterwards is told that it is gone, and that its window is closed."""
    world.take_in(an_order("aaaaaaaaa1"))
    world.assign("aaaaaaaaa1")
    client = world.client()
    world.clock.forward(days=90)
    retention.run(world.store, world.clock.now)
    assert codes(world.ask(client, "aaaaaaaaa1")) == ["window_closed", "erased"]


def test_old_answers_go_and_young_ones_stay(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of a repeated request counts for a week; then it is forgotten, in bounded pieces."""
    monkeypatch.setattr(retention, "_BATCH", 2)
    client = world.client()
    old = [Repeatable(client.client_id, f"old-{number}", b"x" * 32) for number in range(5)]
    young = Repeatable(client.client_id, "young", b"x" * 32)
    with world.store.change() as connection:
        for request in old:
            answers.keep(connection, request, 200, {}, world.clock.now)
        world.clock.forward(days=8)
        answers.keep(connection, young, 200, {}, world.clock.now)
    retention.run(world.store, world.clock.now)
    with world.store.read() as connection:
        assert answers.find(connection, young) is not None
        assert [answers.find(connection, request) for request in old] == [None] * 5


def test_releases_go_on_while_many_contacts_go(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two batches whoever asks is answered, and with the contact each time."""
    monkeypatch.setattr(retention, "_BATCH", 10)
    world.take_in(*(an_order(order_number(at)) for at in range(40)))
    due = world.kept(order_number(0)).latest_at
    world.clock.forward(days=10)
    world.take_in(an_order("aaaaaaaaa1"))
    world.assign("aaaaaaaaa1")
    client, over = world.client(), threading.Event()
    answered: list[list[str]] = []
    turns: list[int] = []

    def ask() -> None:
        while not over.is_set():
            answered.append(codes(world.ask(client, "aaaaaaaaa1")))

    def between() -> None:
        turns.append(len(answered))
        deadline = time.monotonic() + _SECONDS
        # Three: as many as ask may have been under way before.
        while len(answered) < turns[-1] + 3:
            assert time.monotonic() < deadline
            over.wait(0.001)

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        try:
            assert retention.run(world.store, due, between) == 40
        finally:
            over.set()
    for thread in asking:
        thread.result()
    assert len(turns) > 2
    assert not any(answered)
    assert left(world) == {"aaaaaaaaa1"}

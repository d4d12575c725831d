"""A state change and its entries become durable together or not at all, whoever else is at work."""

import errno
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Connection, QueuePool, insert, select

from gateway.audit.entry import Action, Outcome
from gateway.errors import Conflict, Unavailable
from gateway.storage import log, logs, merchants, sqlite
from gateway.storage.database import Database
from gateway.storage.search_columns import first_false
from gateway.storage.store import Store, Transaction
from gateway.storage.tables import liveness
from tests.world import NOON, TESTER, World

Work = Callable[[Transaction], Any]


def a_record(tx: Transaction, number: int) -> int:
    """Puts a number on record; the index of the entry."""
    entry = tx.record(TESTER, Action.ORDER_STORED, Outcome.DONE, request_id=str(number))
    return entry.index


def a_work(number: int) -> Work:
    """Stores a number, and puts it on record."""

    def work(tx: Transaction) -> int:
        tx.connection.execute(insert(liveness).values(id=number, written_at=tx.now))
        return a_record(tx, number)

    return work


def a_failing_work(number: int) -> Work:
    """Does the same, and then fails."""

    def work(tx: Transaction) -> None:
        a_work(number)(tx)
        raise Conflict(str(number))

    return work


def recorded(world: World, merchant: str = "default") -> dict[int, int]:
    """The numbers on record, by index; there is no gap among the entries."""
    log = world.log(merchant)
    assert [entry.index for entry in log] == list(range(len(log)))
    return {it.index: int(it.request_id) for it in log if it.request_id is not None}


def stored(world: World) -> list[int]:
    """The numbers that are stored."""
    with world.store.read() as connection:
        return sorted(connection.execute(select(liveness.c.id)).scalars())


def together(store: Store, *works: Work, of: Sequence[str] = ()) -> list[Any]:
    """The results or faults of works that make one group: they queue up behind one under way."""
    begun, held = threading.Event(), threading.Event()

    def first(_tx: Transaction) -> None:
        begun.set()
        assert held.wait(10)

    with ThreadPoolExecutor(16) as pool:
        leading = pool.submit(store.write, "default", first)
        assert begun.wait(10)
        futures = []
        for at, work in enumerate(works):
            merchant = of[at] if of else "default"
            futures.append(pool.submit(store.write, merchant, work))
            while len(store._waiting) <= at:
                begun.wait(0.001)
        held.set()
        leading.result()
        return [future.exception() or future.result() for future in futures]


def test_a_change_and_its_entry_are_there_together(
    world: World, a_node: Callable[[], Store]
) -> None:
    """What was written is what another node reads, and the entry has the index that was told."""
    index = world.store.write("default", a_work(7))
    assert recorded(world) == {index: 7}
    with a_node().read() as connection:
        assert connection.execute(select(liveness.c.id)).scalar() == 7


def test_what_is_recorded_of_many_is_as_if_recorded_one_by_one(world: World) -> None:
    """The entries differ in index, id, salt and subject alone; an erased one leaves its tombstone."""
    subjects = [f"{at:032x}" for at in range(3)]

    def work(tx: Transaction) -> None:
        tx.record_each(TESTER, Action.CONTACT_EXPIRED, Outcome.DONE, [*subjects, None], "request")
        for subject in [*subjects, None]:
            tx.record(
                TESTER,
                Action.CONTACT_EXPIRED,
                Outcome.DONE,
                subject=subject,
                request_id="request",
            )

    before = len(world.log())
    world.store.write("default", work)
    added = world.log()[before:]
    assert [entry.subject for entry in added] == [*subjects, None] * 2
    assert [entry.index for entry in added] == list(range(before, before + 8))
    assert len({entry.id for entry in added}) == len({entry.salt for entry in added}) == 8
    own = {"index": 0, "id": "", "salt": "", "subject": None}
    assert len({str(replace(entry, **own)) for entry in added}) == 1
    assert world.store.tombstones.read().contacts == {"default": set(subjects)}
    with world.store.read() as connection:
        [found] = logs.of_merchant(connection, "default")
        assert first_false(connection, found.log, found.size) is None


def test_nothing_is_recorded_of_nobody(world: World) -> None:
    """An empty list is no entry."""
    before = len(world.log())
    world.store.write(
        "default", lambda tx: tx.record_each(TESTER, Action.CONTACT_EXPIRED, Outcome.DONE, [])
    )
    assert len(world.log()) == before


def test_nothing_is_stored_when_a_work_raises(world: World) -> None:
    """Neither the change nor its entry outlives the fault, and no index is spent."""
    before = len(world.log())
    with pytest.raises(Conflict):
        world.store.write("default", a_failing_work(1))
    assert (len(world.log()), stored(world)) == (before, [])
    assert world.store.write("default", a_work(2)) == before


def test_those_who_wait_share_one_commit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten works that came while one was under way become durable by one commit."""
    commits: list[object] = []
    committing = world.store.database.committing

    def counted() -> AbstractContextManager[Connection]:
        commits.append(None)
        return committing()

    monkeypatch.setattr(world.store.database, "committing", counted)
    indexes = together(world.store, *map(a_work, range(10)))
    assert len(commits) == 2
    assert recorded(world) == dict(zip(indexes, range(10), strict=True))


def test_each_of_a_group_decides_on_what_those_before_it_did(world: World) -> None:
    """Works of one merchant see each other's changes, in the order of their entries."""

    def work(tx: Transaction) -> tuple[int, int]:
        seen = len(tx.connection.execute(select(liveness.c.id)).all())
        return a_work(seen)(tx), seen

    first, *following = sorted(together(world.store, work, work, work))
    assert following == [(first[0] + 1, first[1] + 1), (first[0] + 2, first[1] + 2)]


@pytest.mark.parametrize("failing", [[0], [2], [4], [1, 3], [0, 1, 2, 3, 4]])
def test_one_that_fails_disturbs_no_other(world: World, failing: list[int]) -> None:
    """Every other work of its group is stored and recorded without a gap, and it alone is told."""
    works = [a_failing_work(at) if at in failing else a_work(at) for at in range(5)]
    results = together(world.store, *works)
    assert [at for at, it in enumerate(results) if isinstance(it, Conflict)] == failing
    fine = [at for at in range(5) if at not in failing]
    assert stored(world) == fine
    assert sorted(recorded(world).values()) == fine


def test_one_that_the_database_refuses_disturbs_no_other(world: World) -> None:
    """A constraint that breaks is Unavailable for one of the works, and the others are stored."""
    results = together(world.store, a_work(1), a_work(2), a_work(1), a_work(3))
    refused = [it for it in results if isinstance(it, Unavailable)]
    assert [it.part for it in refused] == ["log"]
    assert stored(world) == [1, 2, 3]
    assert sorted(recorded(world).values()) == [1, 2, 3]


def test_merchants_share_a_commit_and_no_log(world: World) -> None:
    """A group over several merchants puts each entry on its own merchant's log."""
    for merchant in ("anton", "berta"):
        world.merchant(merchant)
    of = ["berta", "default", "anton", "berta", "anton"]
    indexes = together(world.store, *map(a_work, range(5)), of=of)
    for merchant in of:
        expected = {indexes[at]: at for at in range(5) if of[at] == merchant}
        assert recorded(world, merchant) == expected


def test_a_merchant_that_is_not_there_disturbs_no_other(world: World) -> None:
    """A log without its merchant is refused by the database, and the group goes on without it."""
    results = together(world.store, a_work(1), a_work(2), of=["nobody", "default"])
    assert isinstance(results[0], Unavailable)
    assert list(recorded(world).values()) == [2]


@contextmanager
def out_of_order(database: Database) -> Iterator[None]:
    """Meanwhile PostgreSQL takes no further connection, and SQLite's file is none of its own."""
    database.engine.dispose()
    if not database.is_sqlite:
        with ExitStack() as taken:
            for _ in range(database.pool_size):
                taken.enter_context(database.engine.connect())
            cast("QueuePool", database.engine.pool)._timeout = 0.05
            yield
        return
    file = Path(database.engine.url.database or "")
    aside = file.rename(file.with_suffix(".aside"))
    file.write_bytes(b"no database at all" * 100)
    yield
    database.engine.dispose()
    aside.replace(file)


def test_a_database_that_does_not_answer_is_unavailable(world: World) -> None:
    """Whoever asks is told, nothing is stored, and afterwards it works again."""
    with out_of_order(world.store.database):
        with pytest.raises(Unavailable):
            world.store.write("default", a_work(1))
        with pytest.raises(Unavailable), world.store.read():
            pass
    world.store.write("default", a_work(2))
    assert list(recorded(world).values()) == [2]


@pytest.mark.parametrize("world_template", ["sqlite"], indirect=True)
def test_nobody_is_told_before_it_is_on_the_disk(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one group goes to the disk the next is written, and neither is answered."""
    writing, finished = threading.Semaphore(0), threading.Semaphore(0)

    def slow_disk(_journal: int) -> None:
        writing.release()
        assert finished.acquire(timeout=10)

    monkeypatch.setattr(sqlite, "_to_disk", slow_disk)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(world.store.write, "default", a_work(1))
        assert writing.acquire(timeout=10)
        second = pool.submit(world.store.write, "default", a_work(2))
        while stored(world) != [1, 2]:
            assert not second.done()
        assert not first.done()
        finished.release()
        first.result(10)
        assert writing.acquire(timeout=10)
        assert not second.done()
        finished.release()
        second.result(10)


@pytest.mark.parametrize("world_template", ["sqlite"], indirect=True)
def test_what_the_disk_did_not_take_is_answered_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wrote is told that nothing is to be relied on, and afterwards it works again."""

    def broken_disk(_journal: int) -> None:
        raise OSError(errno.EIO, "the disk is broken")

    with monkeypatch.context() as broken:
        broken.setattr(sqlite, "_to_disk", broken_disk)
        with pytest.raises(Unavailable, match="the record cannot be written"):
            world.store.write("default", a_work(1))
        with pytest.raises(Unavailable), world.store.change():
            pass
    world.store.write("default", a_work(2))
    assert 2 in recorded(world).values()


def test_two_nodes_write_without_a_gap(world: World, a_node: Callable[[], Store]) -> None:
    """Eight threads on two nodes for three merchants: each entry is there once, and none waits for ever."""
    of = ["default", "anton", "berta"]
    for merchant in of[1:]:
        world.merchant(merchant)
    nodes = [world.store, a_node()]
    told: dict[str, dict[int, int]] = {merchant: {} for merchant in of}

    def write(number: int) -> None:
        merchant = of[number % 3]
        index = nodes[number % 2].write(merchant, lambda tx: a_record(tx, number))
        told[merchant][index] = number

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(240)))
    assert {merchant: recorded(world, merchant) for merchant in of} == told
    assert sum(map(len, told.values())) == 240


def test_two_nodes_open_one_log(world: World, a_node: Callable[[], Store]) -> None:
    """Nodes that write a new merchant's first entry at the same time write it to the same log."""
    with world.store.change() as connection:
        merchants.add(connection, "neu", "Neu", NOON)
    nodes = [world.store, a_node(), a_node()]

    def write(number: int) -> None:
        nodes[number % 3].write("neu", lambda tx: a_record(tx, number))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(30)))
    assert sorted(recorded(world, "neu").values()) == list(range(30))


def test_only_changes_make_what_was_looked_up_stale(
    world: World, a_node: Callable[[], Store]
) -> None:
    """Releases and refusals, here or of another node, leave it as it is; any other entry does not."""
    store, other = world.store, a_node()
    store.write("default", lambda tx: a_record(tx, 0))

    def seen() -> log.Position | None:
        with store.look("default") as connection:
            return log.position(connection, "default")

    def is_unchanged(since: log.Position | None) -> bool:
        return store.write("default", lambda tx: tx.is_unchanged_since(since))

    def release(tx: Transaction) -> None:
        tx.record(TESTER, Action.CONTACT_RELEASED, Outcome.PERMITTED)
        tx.record(TESTER, Action.CONTACT_REFUSED, Outcome.REFUSED)

    first = seen()
    other.write("default", release)
    second = seen()
    assert first != second
    assert is_unchanged(first)
    other.write("default", lambda tx: a_record(tx, 1))
    assert [is_unchanged(since) for since in (first, second, seen(), None)] == [
        *(False, False),
        *(True, False),
    ]

    def three(tx: Transaction) -> list[bool]:
        now = seen()
        before = tx.is_unchanged_since(now)
        a_record(tx, 2)
        return [before, tx.is_unchanged_since(now), tx.is_unchanged_since(first)]

    assert store.write("default", three) == [True, False, False]

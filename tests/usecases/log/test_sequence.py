"""Entries enter their log's tree in order and once, whoever integrates them and however often."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog
from sqlalchemy import select, update

from gateway.audit.entry import Action, Outcome
from gateway.audit.merkle import leaf_hash
from gateway.audit.tiles import Tile
from gateway.audit.verdict import LogReport
from gateway.errors import Unavailable
from gateway.storage import tree
from gateway.storage.store import Store, Transaction
from gateway.storage.tables import checkpoints, entries, logs
from gateway.usecases.log.sequence import Sequencer, integrate, integrate_waiting
from gateway.usecases.log.verify import verify
from tests.world import TESTER, World


def write(world: World, count: int, merchant: str = "default") -> None:
    """Puts so many entries on a merchant's log."""

    def work(tx: Transaction) -> None:
        for _ in range(count):
            tx.record(TESTER, Action.AUDIT_VIEWED, Outcome.DONE)

    world.store.write(merchant, work)


def sizes(world: World) -> list[int]:
    """The sizes of the default merchant's checkpoints, as they were signed."""
    with world.store.read() as connection:
        first = select(logs.c.log).where(logs.c.merchant == "default").scalar_subquery()
        found = select(checkpoints.c.size).where(checkpoints.c.log == first)
        return list(connection.execute(found.order_by(checkpoints.c.signed_at)).scalars())


def waiting(world: World) -> list[int]:
    """The logs with entries that are not in their tree."""
    with world.store.read() as connection:
        return tree.waiting(connection)


def assert_sound(world: World, merchant: str = "default") -> int:
    """Re-derives the log from its entries; its size."""
    [verdict] = verify(world.store, merchant, [])
    assert isinstance(verdict.outcome, LogReport), verdict.outcome
    return verdict.outcome.checkpoint.size


@pytest.mark.parametrize("count", [1, 255, 256, 257, 4096, 4097, 9000])
def test_every_entry_enters_the_tree(world: World, count: int) -> None:
    """Whatever its size, the tree is the one over the leaves, and its checkpoint is held."""
    write(world, count)
    size = len(world.log())
    integrate_waiting(world.store)
    assert waiting(world) == []
    assert assert_sound(world) == size
    held = world.store.logbook.notary.held("gateway.example/audit/default/2026q4")
    assert held is not None
    assert f"\n{size}\n".encode() in held


def test_the_tree_grows_on_from_where_it_was(world: World) -> None:
    """Many small steps give the same tree as a large one."""
    for count in (1, 3, 250, 2, 1, 511, 1):
        write(world, count)
        integrate_waiting(world.store)
    assert assert_sound(world) == len(world.log())


def test_nothing_to_do_signs_nothing(world: World) -> None:
    """A second look at the same entries leaves the checkpoint as it is."""
    integrate_waiting(world.store)
    before = sizes(world)
    with world.store.read() as connection:
        log = connection.execute(select(logs.c.log)).scalar_one()
    integrate(world.store, log)
    assert sizes(world) == before


def test_each_merchant_has_a_tree_of_its_own(world: World) -> None:
    """One look brings all logs to their ends."""
    world.merchant("other")
    write(world, 300)
    write(world, 20, "other")
    integrate_waiting(world.store)
    assert assert_sound(world) == len(world.log())
    assert assert_sound(world, "other") == len(world.log("other"))


def test_a_step_that_fails_leaves_the_tree_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the key nothing is signed, so nothing is integrated; with it, it goes on."""
    integrate_waiting(world.store)
    before = sizes(world)
    write(world, 10)

    def no_seed() -> bytes:
        raise OSError("the keyring is away")

    with monkeypatch.context() as patch:
        patch.setattr(world.store.logbook.notary, "_seed", no_seed)
        with pytest.raises(OSError, match="away"):
            integrate_waiting(world.store)
    assert sizes(world) == before
    integrate_waiting(world.store)
    assert assert_sound(world) == len(world.log())


def test_any_number_of_integrators_makes_one_tree(world: World) -> None:
    """While entries are written, several integrate at once: the sizes only grow, and all holds."""
    done = threading.Event()

    def keep_integrating() -> None:
        while not done.is_set():
            integrate_waiting(world.store)

    with ThreadPoolExecutor(3) as pool:
        integrators = [pool.submit(keep_integrating) for _ in range(3)]
        for count in range(40):
            write(world, count % 5 + 1)
        done.set()
        for integrator in integrators:
            integrator.result()
    integrate_waiting(world.store)
    with world.store.read() as connection:
        found = connection.execute(select(checkpoints.c.size).order_by(checkpoints.c.size))
        assert len(set(found.scalars())) == len(sizes(world))
    assert assert_sound(world) == len(world.log())


def test_the_sequencer_keeps_up(world: World) -> None:
    """Its thread takes in what is written, waits while it cannot tell what is held, ends when it is told to."""
    notary = world.store.logbook.notary
    sequencer = Sequencer(world.store)
    held = world.settings.data / "held"
    sequencer.start()
    try:
        wait_until_done(world)
        held.rename(held.with_suffix(".away"))
        held.write_text("no directory")
        write(world, 3)
        with pytest.raises(Unavailable, match="the held checkpoints cannot be read"):
            integrate_waiting(world.store)
        held.unlink()
        write(world, 3)
        wait_until_done(world)
    finally:
        sequencer.stop()
    assert assert_sound(world) == len(world.log())
    assert notary.held("gateway.example/audit/default/2026q4") is not None


def test_a_start_says_which_logs_take_no_entry(world: World, a_node: Callable[[], Store]) -> None:
    """And where each is not as it was signed, before anybody is refused; the others are as ever."""
    world.merchant("other")
    integrate_waiting(world.store)
    with world.store.change() as connection:
        third = (entries.c.index == 3) & (entries.c.merchant == "default")
        connection.execute(update(entries).where(third).values(leaf=b"{}"))
    sequencer = Sequencer(a_node())
    with structlog.testing.capture_logs() as said:
        sequencer.start()
        sequencer.stop()
    [told] = said
    assert (told["event"], told["log_level"]) == ("log.refused", "error")
    assert "default/2026q4 was changed behind the service" in told["why"]
    assert "entry 3 is not the one that was signed" in told["why"]


def wait_until_done(world: World) -> None:
    """Until no entry waits for its tree."""
    tick = threading.Event()
    for _ in range(2000):
        if not waiting(world):
            return
        tick.wait(0.01)
    raise AssertionError("the entries still wait")


def test_only_one_sequencer_looks(world: World) -> None:
    """While one process has the turn another one leaves it to it."""
    database = world.store.database
    with database.sole("sequencer") as first, database.sole("sequencer") as second:
        assert (first, second) == (True, False)
        with database.sole("something else") as other:
            assert other
    with database.sole("sequencer") as again:
        assert again


def test_leaves_are_hashed_as_they_are_stored(world: World) -> None:
    """The first hash of the first tile is the first leaf's."""
    integrate_waiting(world.store)
    with world.store.read() as connection:
        log = connection.execute(select(logs.c.log)).scalar_one()
        [leaf] = tree.leaves(connection, log, 0, 1)
        assert tree.read(connection, log, Tile(0, 0, 1)) == leaf_hash(leaf)

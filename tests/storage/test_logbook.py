"""A log that was changed behind the service takes no entry; one whose period is over gives way to the next."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.encoding import encode_base64
from gateway.audit.entry import Action, Entry, Outcome
from gateway.audit.merkle import leaf_hash
from gateway.errors import Unavailable
from gateway.storage import tree
from gateway.storage.logbook import month, quarter, year
from gateway.storage.store import Store, Transaction
from gateway.storage.tables import checkpoints, entries, logs, metadata, tiles
from gateway.usecases.log.sequence import integrate, integrate_waiting
from tests.world import NOON, TESTER, World

Change = Callable[[Connection], Any]
OWN = "gateway.example/audit/default/2026q4"


def write(store: Store, count: int = 1) -> Entry:
    """Puts entries on the default merchant's log; the last of them."""

    def work(tx: Transaction) -> Entry:
        return [tx.record(TESTER, Action.AUDIT_VIEWED, Outcome.DONE) for _ in range(count)][-1]

    return store.write("default", work)


def of_entry(index: int) -> ColumnElement[bool]:
    """The one entry at this index."""
    return entries.c.index == index


def changed(world: World, change: Change) -> None:
    """Changes the database behind the service's back."""
    with world.store.change() as connection:
        change(connection)


def stored(world: World) -> list[int]:
    """The indices of the entries that there are."""
    with world.store.read() as connection:
        return list(connection.execute(select(entries.c.index).order_by(entries.c.index)).scalars())


@pytest.fixture
def grown(world: World) -> World:
    """A log of 300 entries, of which the tree holds 280: more than one tile."""
    write(world.store, 280 - len(world.log()))
    integrate_waiting(world.store)
    write(world.store, 20)
    return world


def other_leaf(connection: Connection, index: int) -> None:
    """Puts other bytes in an entry's place."""
    leaf = connection.execute(select(entries.c.leaf).where(of_entry(index))).scalar_one()
    value = leaf.replace(b'"role":"operator"', b'"role":"reviewer"')
    connection.execute(update(entries).where(of_entry(index)).values(leaf=value))


def without(table: Any, *conditions: Any) -> Change:
    """Deletes rows."""
    return lambda connection: connection.execute(delete(table).where(*conditions))


CHANGES: dict[str, tuple[Change, str]] = {
    "the last entry is gone": (without(entries, of_entry(299)), "its last entry is not 299"),
    "a waiting entry is gone": (without(entries, of_entry(290)), "entry 290 is missing"),
    "an entry of the tree is gone": (without(entries, of_entry(260)), "entry 260 is missing"),
    "an entry was changed": (
        lambda it: other_leaf(it, 270),
        "entry 270 is not the one that was signed",
    ),
    "the end was cut off with its count": (
        lambda it: [
            without(entries, entries.c.index >= 270)(it),
            it.execute(update(logs).values(size=270)),
        ],
        "entry 270 is missing",
    ),
    "all entries are gone, and their count": (
        lambda it: [
            it.execute(delete(entries)),
            it.execute(update(logs).values(size=0)),
        ],
        "entry 256 is missing",
    ),
    "an entry far from the end was changed": (
        lambda it: other_leaf(it, 3),
        "tile/entries/000: entry 3 is not the one that was signed",
    ),
    "a tile far from the end is gone": (
        without(tiles, tiles.c.level == 0, tiles.c.index == 0),
        "tile/0/000: it is missing",
    ),
    "the log is another merchant's": (
        lambda it: it.execute(update(logs).values(origin="gateway.example/audit/second/2026q4")),
        "it is not the log of default and 2026q4",
    ),
    "its last time is another": (
        lambda it: it.execute(update(logs).values(last_time=NOON + timedelta(days=1))),
        "entry 299 is of another time than its row says",
    ),
    "it was closed by another hand": (
        lambda it: it.execute(update(logs).values(closed_at=NOON)),
        "it was closed, and no log follows",
    ),
    "the tree's edge is gone": (without(tiles, tiles.c.level == 0, tiles.c.index == 1), "the edge"),
    "the tree's edge was changed": (
        lambda it: it.execute(
            update(tiles).where(tiles.c.level == 0, tiles.c.index == 1).values(data=b"x" * 24 * 32)
        ),
        "its tiles do not have the root of checkpoint 280",
    ),
    "the checkpoint is gone": (
        without(checkpoints, checkpoints.c.size == 280),
        "its last checkpoint is missing",
    ),
    "the checkpoint is another log's": (
        lambda it: it.execute(update(checkpoints).values(note=b"other\n1\n\n")),
        "signature",
    ),
    "the log ends before its checkpoint": (
        lambda it: it.execute(update(logs).values(integrated=10)),
        "the held checkpoint has 280 entries",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_log_takes_no_entry(grown: World, a_node: Callable[[], Store], name: str) -> None:
    """A service that starts over it refuses to write, names the place, and leaves it as it is."""
    change, place = CHANGES[name]
    changed(grown, change)
    before = stored(grown)
    node = a_node()
    with pytest.raises(Unavailable, match=place) as refused:
        write(node)
    assert refused.value.part == "log"
    assert "2026q4 was changed behind the service" in str(refused.value)
    assert stored(grown) == before


def forged_edge(connection: Connection) -> None:
    """Puts another entry in one's place, its hash into the tile, and drops what was signed before."""
    other_leaf(connection, 270)
    leaf = connection.execute(select(entries.c.leaf).where(of_entry(270))).scalar_one()
    tile = (tiles.c.level == 0) & (tiles.c.index == 1)
    data = connection.execute(select(tiles.c.data).where(tile)).scalar_one()
    at = (270 - 256) * 32
    data = data[:at] + leaf_hash(leaf) + data[at + 32 :]
    connection.execute(update(tiles).where(tile).values(data=data))


def set_back(connection: Connection) -> None:
    """Takes the tree back to the entries before the last step, so that others may be signed."""
    connection.execute(delete(checkpoints).where(checkpoints.c.size > 280))
    tile = (tiles.c.level == 0) & (tiles.c.index == 1)
    data = connection.execute(select(tiles.c.data).where(tile)).scalar_one()
    connection.execute(update(tiles).where(tile).values(data=data[: 24 * 32]))
    connection.execute(update(logs).values(integrated=280))
    other_leaf(connection, 285)


def waiting(leaf: bytes) -> Change:
    """Puts other bytes in the place of an entry that no tree has yet."""
    return lambda it: it.execute(update(entries).where(of_entry(302)).values(leaf=leaf))


BEHIND: dict[str, tuple[Change, str]] = {
    "an entry and its hash": (forged_edge, "its tiles do not have the root of checkpoint 300"),
    "and all that was signed": (
        lambda it: [forged_edge(it), it.execute(delete(checkpoints))],
        "its last checkpoint is missing",
    ),
    "the tree was set back": (set_back, "the held checkpoint has 300 entries, it 280"),
    "the end was cut off": (
        lambda it: [
            without(entries, entries.c.index >= 290)(it),
            it.execute(update(logs).values(size=290)),
        ],
        "it has 290 entries, its tree 300",
    ),
    "a waiting entry is gone": (without(entries, of_entry(302)), "entry 302 is missing"),
    "a waiting entry is none": (waiting(b"{}"), "entry 302: an entry has other members"),
    "a waiting entry is another's": (
        lambda it: waiting(it.execute(select(entries.c.leaf).where(of_entry(301))).scalar_one())(
            it
        ),
        "entry 302 is not in its place",
    ),
}


@pytest.mark.parametrize("name", BEHIND)
def test_nothing_is_signed_over_a_log_that_is_changed_while_it_is_served(
    grown: World, name: str
) -> None:
    """Whoever can write the database has the service neither sign another history nor append to it."""
    change, place = BEHIND[name]
    integrate_waiting(grown.store)
    write(grown.store, 5)
    changed(grown, change)
    with grown.store.read() as connection:
        signed = tree.checkpoint(connection, 1)
    with pytest.raises(Unavailable, match=place):
        integrate(grown.store, 1)
    with pytest.raises(Unavailable, match="2026q4 was changed behind the service"):
        write(grown.store)
    with grown.store.read() as connection:
        assert tree.checkpoint(connection, 1) == signed


def test_a_history_that_was_signed_anew_does_not_continue_the_held_checkpoint(
    grown: World, a_node: Callable[[], Store]
) -> None:
    """Whoever has the log's key as well, but not what is held, gets no further."""

    def change(connection: Connection) -> None:
        forged_edge(connection)
        root = tree.edge(connection, 1, 280).root()
        note = grown.store.logbook.notary.sign(Checkpoint(OWN, 280, root))
        connection.execute(update(checkpoints).where(checkpoints.c.size == 280).values(note=note))

    changed(grown, change)
    with pytest.raises(Unavailable, match="does not continue the held checkpoint of 280 entries"):
        write(a_node())
    with pytest.raises(Unavailable, match="does not continue the held checkpoint of 280 entries"):
        integrate(grown.store, 1)


def test_of_a_long_log_the_last_tile_is_checked_at_a_start(
    world: World, a_node: Callable[[], Store]
) -> None:
    """Too long for a look at all of it: the end, from which it goes on, is looked at all the same."""
    write(world.store, 25_700)
    integrate_waiting(world.store)
    changed(world, lambda it: other_leaf(it, 25_650))
    with pytest.raises(Unavailable, match="entry 25650 is not the one that was signed"):
        write(a_node())


def test_an_untouched_log_takes_the_next_entry(grown: World, a_node: Callable[[], Store]) -> None:
    """A service that starts over a log as it was left goes on with it."""
    assert write(a_node()).index == 300


def test_a_database_that_was_set_back_is_refused(grown: World, a_node: Callable[[], Store]) -> None:
    """An older copy of the whole database contradicts the checkpoint that is held beside it."""
    with grown.store.read() as connection:
        copy = {
            table: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }
    integrate_waiting(grown.store)
    with grown.store.change() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
        for table, rows in copy.items():
            if rows:
                connection.execute(insert(table), rows)
    with pytest.raises(Unavailable, match="the held checkpoint has 300 entries, it 280"):
        write(a_node())


def test_no_held_checkpoint_is_no_fault(grown: World, a_node: Callable[[], Store]) -> None:
    """A node that never signed a checkpoint has none to compare with."""
    shutil.rmtree(grown.settings.data / "held")
    assert write(a_node()).index == 300


def test_the_held_checkpoint_never_goes_back(grown: World) -> None:
    """Of two checkpoints that arrive in the wrong order the larger one stays held."""
    integrate_waiting(grown.store)
    notary = grown.store.logbook.notary
    origin = OWN
    latest = notary.held(origin)
    notary.hold(origin, notary.sign(Checkpoint(origin, 5, bytes(32))))
    assert notary.held(origin) == latest
    larger = notary.sign(Checkpoint(origin, 1000, bytes(32)))
    notary.hold(origin, larger)
    assert notary.held(origin) == larger


def test_time_in_the_log_never_runs_backwards(world: World) -> None:
    """When the clock is set back, entries keep the time of the one before them."""
    first = write(world.store)
    world.clock.forward(hours=-5)
    second = write(world.store)
    assert (second.index, second.time) == (first.index + 1, first.time)
    world.clock.forward(hours=6)
    assert write(world.store).time == first.time + timedelta(hours=1)


def test_a_new_period_opens_a_log_that_commits_to_the_last(world: World) -> None:
    """The old log is brought to its end and closed; the new one's first entry names its last root."""
    write(world.store, 3)
    world.clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    assert write(world.store).index == 1
    with world.store.read() as connection:
        old, new = connection.execute(select(logs).order_by(logs.c.log)).all()
        first = Entry.parse(tree.leaves(connection, new.log, 0, 1)[0])
        note = tree.checkpoint(connection, old.log)
    assert note is not None
    last = world.store.logbook.notary.open(note, old.origin)
    assert (old.size, old.integrated, last.size) == (old.size, old.size, old.size)
    assert old.closed_at == world.clock.now
    assert (new.origin, new.closed_at) == ("gateway.example/audit/default/2027q1", None)
    assert first.action is Action.LOG_OPENED
    assert first.detail == {
        "previous_origin": old.origin,
        "previous_size": old.size,
        "previous_root": encode_base64(last.root),
    }


def test_a_log_that_was_cut_is_not_closed_as_it_is(grown: World) -> None:
    """Set back to an earlier checkpoint while it is served, it has no successor that commits to that."""
    integrate_waiting(grown.store)

    def cut(connection: Connection) -> None:
        set_back(connection)
        connection.execute(delete(entries).where(entries.c.index >= 280))
        time = select(entries.c.time).where(of_entry(279)).scalar_subquery()
        connection.execute(update(logs).values(size=280, last_time=time))

    changed(grown, cut)
    grown.clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    with pytest.raises(Unavailable, match="the held checkpoint has 300 entries, it 280"):
        write(grown.store)


def test_a_closed_period_takes_nothing_more(world: World) -> None:
    """When the clock is set back into it, entries still go to the newer log."""
    write(world.store)
    world.clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    write(world.store)
    world.clock.now = datetime(2026, 12, 31, tzinfo=UTC)
    assert write(world.store).index == 2


def test_nodes_that_meet_a_new_period_open_one_log(
    world: World, a_node: Callable[[], Store]
) -> None:
    """The second node finds the log that the first one opened while it waited."""
    node = a_node()
    write(world.store)
    write(node)
    world.clock.now = datetime(2027, 4, 1, tzinfo=UTC)
    assert [write(it).index for it in (node, world.store, node)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("period", "names"),
    [
        (month, ["2026m09", "2026m10", "2026m11", "2026m12", "2027m01"]),
        (quarter, ["2026q3", "2026q4", "2026q4", "2026q4", "2027q1"]),
        (year, ["2026", "2026", "2026", "2026", "2027"]),
    ],
)
def test_periods_have_names_in_their_order(
    period: Callable[[datetime], str], names: list[str]
) -> None:
    """A later period's name is the greater text: that is how logs know whether their time is over."""
    starts = [datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=31 * at) for at in range(5)]
    assert [period(start) for start in starts] == names
    assert names == sorted(names)

"""Tampering with the stored rows, one at a time: each change is found, and found where it is.

Whoever does it can write the whole database, but has neither the log's key nor the held checkpoint.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, and_, select, text, update

from gateway.audit.entry import Action, Outcome
from gateway.audit.tiles import Tile
from gateway.audit.verdict import LogFault, LogReport
from gateway.errors import Unavailable
from gateway.storage import logs as kept_logs
from gateway.storage.logbook import Logbook, quarter
from gateway.storage.store import Transaction
from gateway.storage.tables import checkpoints, entries, entry_reasons, logs, tiles
from gateway.usecases.log.sequence import integrate_waiting
from gateway.usecases.log.verify import judge
from tests.audit.tampering import rearranged, spoilt
from tests.world import TESTER, World

SIZE = 600
"""Two full tiles of entries and the beginning of a third; a checkpoint every hundred."""

INDEX = st.integers(0, SIZE - 1)
LAST_TILE = 512


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A log of releases and refusals, all of it in the tree."""
    with closing(World(tmp_path_factory.mktemp("tamper") / "data")) as world:
        begun = len(world.log())

        def work(count: int, tx: Transaction) -> None:
            for at in range(count):
                tx.record(
                    TESTER,
                    Action.CONTACT_REFUSED if at % 3 else Action.CONTACT_RELEASED,
                    Outcome.REFUSED if at % 3 else Outcome.PERMITTED,
                    purpose="marketing" if at % 3 else "delivery-appointment",
                    reasons=("purpose_marketing", "window_closed") if at % 3 else (),
                    carrier="dachser",
                    subject=f"s{at:031d}",
                )

        for count in (100 - begun, *[100] * 5):
            world.store.write("default", partial(work, count))
            integrate_waiting(world.store)
        yield world


class Undone(Exception):
    """Ends a transaction whose changes are not to stay."""


@contextmanager
def changed(world: World, change: Any) -> Iterator[Connection]:
    """The database as it is after `change`, which is undone again."""
    with suppress(Undone), world.store.database.writing() as connection:
        connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        change(connection)
        yield connection
        raise Undone


def judged(world: World, change: Any, *, is_held: bool = True) -> LogReport | LogFault:
    """The verdict on the log after `change`."""
    notary = world.store.logbook.notary
    with changed(world, change) as connection:
        [log] = kept_logs.of_merchant(connection, "default")
        held = notary.held(log.origin) if is_held else None
        notes = [held] if held else []
        return judge(connection, notary, log, notes, lambda _done, _total: None)


def fault_of(world: World, change: Any) -> LogFault:
    outcome = judged(world, change)
    assert isinstance(outcome, LogFault), outcome
    return outcome


def leaf(connection: Connection, index: int) -> bytes:
    return bytes(
        connection.execute(select(entries.c.leaf).where(entries.c.index == index)).scalar_one()
    )


def put(connection: Connection, table: Table, place: dict[str, Any], **values: Any) -> None:
    """Other values in the one row at a place."""
    here = and_(*(table.c[name] == value for name, value in place.items()))
    assert connection.execute(update(table).where(here).values(**values)).rowcount == 1


def test_the_log_itself_is_sound(sound: World) -> None:
    """What is found below is found because of the change alone."""
    outcome = judged(sound, lambda _connection: None)
    assert isinstance(outcome, LogReport)
    assert (outcome.checkpoint.size, outcome.stored) == (SIZE, 6)


@given(index=INDEX, data=st.data())
@settings(max_examples=60)
def test_spoilt_bytes_of_an_entry(sound: World, index: int, data: st.DataObject) -> None:
    """Any bit, any cut, any bytes added: the entry is named."""

    def change(connection: Connection) -> None:
        value = data.draw(spoilt(leaf(connection, index)))
        put(connection, entries, {"index": index}, leaf=value)

    assert fault_of(sound, change).index == index


COLUMNS = {
    "id": "f" * 32,
    "merchant": "other",
    "time": None,
    "action": "order.stored",
    "outcome": "failed",
    "purpose": "recall",
    "actor_role": "carrier",
    "actor": "somebody",
    "carrier": "emons",
    "subject": "of another buyer",
}


@given(index=INDEX, name=st.sampled_from(sorted(COLUMNS)))
@settings(max_examples=60)
def test_another_value_in_a_column(sound: World, index: int, name: str) -> None:
    """What the search goes by must be what the entry says."""

    def change(connection: Connection) -> None:
        value = COLUMNS[name] if name != "time" else sound.clock().replace(year=2020)
        put(connection, entries, {"index": index}, **{name: value})

    fault = fault_of(sound, change)
    assert (fault.place, fault.index) == ("row of the entry", index)


@given(index=INDEX)
@settings(max_examples=30)
def test_a_dropped_entry(sound: World, index: int) -> None:
    """The first, the last and any between: it is the one that is named."""

    def change(connection: Connection) -> None:
        connection.execute(entries.delete().where(entries.c.index == index))

    fault = fault_of(sound, change)
    assert fault.index is not None
    # A bundle with a gap is missing as a whole; it begins at its first entry.
    assert fault.index in {index, index // 256 * 256}


@given(one=INDEX, other=INDEX)
@settings(max_examples=30)
def test_two_entries_in_each_other_s_place(sound: World, one: int, other: int) -> None:
    """Whole rows: the first of the two is named."""
    assume(one != other)

    def change(connection: Connection) -> None:
        for old, new in ((one, -1), (other, one), (-1, other)):
            put(connection, entries, {"index": old}, index=new)

    assert fault_of(sound, change).index == min(one, other)


@given(start=st.integers(0, SIZE - 2), length=st.integers(2, 40))
@settings(max_examples=30)
def test_entries_in_another_order(sound: World, start: int, length: int) -> None:
    """A stretch turned round: its first entry is named."""
    end = min(start + length, SIZE)

    def change(connection: Connection) -> None:
        turned = [leaf(connection, index) for index in range(start, end)][::-1]
        for index, value in enumerate(turned, start):
            put(connection, entries, {"index": index}, leaf=value)

    assert fault_of(sound, change).index == start


@given(size=st.integers(0, SIZE - 1))
@settings(max_examples=30)
def test_a_log_cut_short_with_its_counts(sound: World, size: int) -> None:
    """The signed size asks for what is gone."""

    def change(connection: Connection) -> None:
        connection.execute(entries.delete().where(entries.c.index >= size))
        connection.execute(logs.update().values(size=size))

    fault = fault_of(sound, change)
    assert fault.index is not None
    assert fault.index in {size, size // 256 * 256}


@given(at=st.integers(0, 5), how=st.sampled_from(["drop", "change", "move", "add"]))
@settings(max_examples=30)
def test_the_reasons_beside_an_entry(sound: World, at: int, how: str) -> None:
    """One that is gone, another, at another entry, or of none."""
    place: list[int] = []

    def change(connection: Connection) -> None:
        rows = connection.execute(select(entry_reasons).order_by(entry_reasons.c.index)).all()
        row = rows[at * 50]
        here = {"index": row.index, "reason": row.reason}
        place.append(row.index)
        if how == "drop":
            connection.execute(
                entry_reasons.delete().where(
                    entry_reasons.c.index == row.index, entry_reasons.c.reason == row.reason
                )
            )
        elif how == "change":
            put(connection, entry_reasons, here, reason="erased")
        elif how == "move":
            put(connection, entry_reasons, here, index=SIZE + 5)
        else:
            extra = {**row._mapping, "reason": "erased"}
            connection.execute(entry_reasons.insert().values(extra))

    fault = fault_of(sound, change)
    assert (fault.place, fault.index) == ("row of the entry", place[0])


TILES = [(0, 0), (0, 1), (0, 2), (1, 0)]


@given(place=st.sampled_from(TILES), data=st.data())
@settings(max_examples=60)
def test_a_spoilt_tile(sound: World, place: tuple[int, int], data: st.DataObject) -> None:
    """Flipped, cut, lengthened, hashes dropped, swapped or turned round: the tile is named."""
    level, index = place

    def change(connection: Connection) -> None:
        here = {"level": level, "index": index}
        found = select(tiles.c.data).where(tiles.c.level == level, tiles.c.index == index)
        old = bytes(connection.execute(found).scalar_one())
        hashes = [old[at : at + 32] for at in range(0, len(old), 32)]
        new = data.draw(spoilt(old) | rearranged(hashes).map(b"".join))
        assume(new != old)
        put(connection, tiles, here, data=new)

    fault = fault_of(sound, change)
    assert fault.place.startswith(Tile(level, index).path())


@pytest.mark.parametrize("place", TILES)
def test_a_dropped_tile(sound: World, place: tuple[int, int]) -> None:
    """It is named, with its first entry."""
    level, index = place

    def change(connection: Connection) -> None:
        connection.execute(tiles.delete().where(tiles.c.level == level, tiles.c.index == index))

    fault = fault_of(sound, change)
    assert fault.place.startswith(Tile(level, index).path())
    assert fault.index == Tile(level, index).first_entry()


def test_tiles_that_the_tree_has_not(sound: World) -> None:
    """One too many, or two in each other's place."""

    def add(connection: Connection) -> None:
        connection.execute(tiles.insert().values(log=1, level=0, index=3, data=bytes(32)))

    def swap(connection: Connection) -> None:
        for old, new in ((0, -1), (1, 0), (-1, 1)):
            put(connection, tiles, {"level": 0, "index": old}, index=new)

    assert fault_of(sound, add).place == "tile/0/003"
    assert (fault_of(sound, swap).place, fault_of(sound, swap).index) == ("tile/0/000", 0)


@given(at=st.integers(1, 6), data=st.data())
@settings(max_examples=40)
def test_a_spoilt_checkpoint(sound: World, at: int, data: st.DataObject) -> None:
    """Any bit and any cut of any stored one: it is named by its number, the latest as such."""

    def change(connection: Connection) -> None:
        found = select(checkpoints.c.note).where(checkpoints.c.size == at * 100)
        note = data.draw(spoilt(bytes(connection.execute(found).scalar_one())))
        put(connection, checkpoints, {"size": at * 100}, note=note)

    assert fault_of(sound, change).place == ("checkpoint" if at == 6 else f"stored checkpoint {at}")


def test_checkpoints_that_are_gone_or_moved(sound: World) -> None:
    """The latest is missed; two in each other's place do not fit their sizes."""

    def drop(connection: Connection) -> None:
        connection.execute(checkpoints.delete().where(checkpoints.c.size == SIZE))

    def swap(connection: Connection) -> None:
        for old, new in ((100, -1), (200, 100), (-1, 200)):
            put(connection, checkpoints, {"size": old}, size=new)

    assert "600" in fault_of(sound, drop).place
    unheld = judged(sound, drop, is_held=False)
    assert isinstance(unheld, LogFault)
    assert unheld.place == "row of the log"
    assert fault_of(sound, swap).place == "stored checkpoint 2"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", SIZE - 1),
        ("size", SIZE + 1),
        ("integrated", SIZE - 1),
        ("integrated", SIZE + 1),
        ("period", "2026q3"),
        ("merchant", "other"),
        ("origin", "gateway.example/audit/default/2026q3"),
    ],
)
def test_another_value_in_the_row_of_the_log(sound: World, name: str, value: Any) -> None:
    """Verification names it, and a service that starts over it takes no entry."""

    def change(connection: Connection) -> None:
        if name == "merchant":
            # Of another merchant's, so that its own service would go on with it.
            connection.execute(text("UPDATE logs SET origin = replace(origin, 'default', 'other')"))
        else:
            connection.execute(logs.update().values(**{name: value}))

    assert isinstance(judged(sound, change), LogFault)
    assert "2026q" in refused(sound, change)


ODD: list[tuple[str, Any]] = [
    ("origin", b"\x00\xff"),
    ("origin", ""),
    ("period", 5.5),
    ("opened_at", "yesterday"),
    ("opened_at", 2**62),
    ("closed_at", b"never"),
    ("size", "many"),
    ("integrated", 1.5),
    ("last_time", "late"),
]


@pytest.mark.parametrize(("name", "value"), ODD)
def test_what_is_no_value_of_a_column(sound: World, name: str, value: Any) -> None:
    """SQLite keeps anything anywhere: it is told of like any other change, and stops the service too."""

    def change(connection: Connection) -> None:
        connection.execute(text(f"UPDATE logs SET {name} = :value"), {"value": value})

    fault = fault_of(sound, change)
    assert fault.place == "row of the log"
    assert refused(sound, change)


@pytest.mark.parametrize("value", ["x", b"x"])
@pytest.mark.parametrize("table", [entries, checkpoints, tiles])
def test_what_is_no_number_in_a_key(sound: World, table: Table, value: str | bytes) -> None:
    """Of an entry, a checkpoint, a tile: it is missed where it was."""
    column, last = ("size", SIZE) if table is checkpoints else ("index", 2)

    def change(connection: Connection) -> None:
        where = f'WHERE "{column}" = {last}' + (" AND level = 0" if table is tiles else "")
        edit = text(f'UPDATE {table.name} SET "{column}" = :value {where}')
        assert connection.execute(edit, {"value": value}).rowcount == 1

    assert fault_of(sound, change).place
    if table is not checkpoints:  # of which nothing is lost by it
        assert refused(sound, change)


def refused(world: World, change: Any) -> str:
    """Why a service that starts over the changed log takes no entry."""
    store = world.store
    logbook = Logbook(world.settings.origin, quarter, store.logbook.notary, store.entropy)
    with (
        changed(world, change) as connection,
        pytest.raises(Unavailable) as refusal,
    ):
        logbook.head(connection, "default", world.clock())
    return str(refusal.value)


@given(index=st.integers(LAST_TILE, SIZE - 1), data=st.data(), is_dropped=st.booleans())
@settings(max_examples=60)
def test_a_start_finds_what_is_wrong_at_the_end(
    sound: World, index: int, data: st.DataObject, *, is_dropped: bool
) -> None:
    """Of the entries that what is appended goes on from, the bad one is named; nothing is appended."""

    def change(connection: Connection) -> None:
        if is_dropped:
            connection.execute(entries.delete().where(entries.c.index == index))
        else:
            value = data.draw(spoilt(leaf(connection, index)))
            put(connection, entries, {"index": index}, leaf=value)

    told = refused(sound, change)
    if index < SIZE - 1:
        assert f"entry {index} " in told
    assert "2026q4 was changed behind the service" in told

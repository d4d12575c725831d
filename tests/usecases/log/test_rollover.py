"""Logs follow one another without a gap, whatever the clock does, and the old ones go whole."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Table, func, select, update

from gateway.audit import chain
from gateway.audit.checkpoint import Checkpoint
from gateway.audit.encoding import encode_base64
from gateway.audit.entry import Action, Entry
from gateway.audit.proof import Verified, verify_receipt
from gateway.audit.verdict import LogFault, LogReport
from gateway.errors import Unavailable
from gateway.storage import tree
from gateway.storage.tables import checkpoints, entries, entry_reasons, logs, tiles
from gateway.usecases.log import publish, retire_logs
from gateway.usecases.log.receipts import receipt
from gateway.usecases.log.retire_logs import months_before
from gateway.usecases.log.sequence import integrate_waiting
from gateway.usecases.log.verify import Deleted, Verdict, verify
from tests.builders import an_order, order_number
from tests.world import NOON, World

OWN = "gateway.example/audit/default"


def judged(world: World, *held: bytes) -> list[Verdict]:
    return verify(world.store, "default", held)


def sound(world: World) -> list[str]:
    """The periods of the logs that are kept, all of which verify."""
    found = judged(world)
    for verdict in found:
        assert isinstance(verdict.outcome, LogReport | Deleted), verdict
    kept = [one for one in found if isinstance(one.outcome, LogReport)]
    return [one.origin.removeprefix(f"{OWN}/") for one in kept]


def note(world: World, period: str) -> bytes:
    return publish.checkpoint(world.store, "default", period)


def row_count(world: World, table: Table, log: int = 1) -> int:
    with world.store.read() as connection:
        mine = select(func.count()).select_from(table).where(table.c.log == log)
        return connection.execute(mine).scalar_one()


@pytest.fixture
def quarters(world: World) -> World:
    """Orders in five quarters in a row; a refusal in the first."""
    world.take_in(an_order(order_number(0)))
    world.ask(world.client(), order_number(0), purpose="marketing")
    for number in range(1, 5):
        world.clock.forward(days=92)
        world.take_in(an_order(order_number(number)))
    integrate_waiting(world.store)
    return world


def test_each_period_has_a_log_of_its_own(quarters: World) -> None:
    """Entries are numbered from 0 anew, none is lost, and each log begins with the end of the last."""
    assert sound(quarters) == ["2026q4", "2027q1", "2027q2", "2027q3", "2027q4"]
    log = quarters.log()
    firsts = [entry for entry in log if entry.index == 0]
    assert [entry.action for entry in firsts] == ["log.opened"] * 5
    assert firsts[0].detail == {}
    before = quarters.store.logbook.notary.open(note(quarters, "2026q4"), f"{OWN}/2026q4")
    assert firsts[1].detail == {
        "previous_origin": before.origin,
        "previous_size": before.size,
        "previous_root": encode_base64(before.root),
    }
    assert quarters.said().count("order.stored") == 5
    assert sorted(log, key=lambda entry: entry.time) == log


def test_a_clock_set_back_opens_no_older_log(quarters: World) -> None:
    """Entries go on in the newest log, and time stands still there rather than running backwards."""
    latest = quarters.log()[-1].time
    quarters.clock.now = NOON
    quarters.take_in(an_order(order_number(7)))
    assert sound(quarters)[-1] == "2027q4"
    assert quarters.log()[-1].time == latest


def test_receipts_of_old_logs_are_checked_with_their_own_keys(quarters: World) -> None:
    """Each log has its vkey for as long as it is kept, and no other log's fits."""
    entry = quarters.log()[2]
    shown = receipt(quarters.store, "default", entry.id, None)
    keys = publish.verifier_keys(quarters.store, "default")
    assert [key.is_current for key in keys] == [False] * 4 + [True]
    verdicts = [verify_receipt(shown.leaf, shown.proof, key.vkey) for key in keys]
    assert [isinstance(verdict, Verified) for verdict in verdicts] == [True] + [False] * 4
    assert publish.verifier_key(quarters.store, "default", "2026q4") == keys[0].vkey


def test_entries_that_were_waiting_are_in_the_log_that_ends(world: World) -> None:
    """A log's tree is brought to its end before the next one begins."""
    world.take_in(an_order(order_number(0)))
    size = len(world.log())
    world.clock.forward(days=92)
    world.take_in(an_order(order_number(1)))
    last = world.store.logbook.notary.open(note(world, "2026q4"), f"{OWN}/2026q4")
    assert last.size == size


def test_the_last_checkpoint_of_a_log_that_ended_is_held(world: World) -> None:
    """Also of the entries that were still waiting when its successor began."""
    world.take_in(an_order(order_number(0)))
    world.clock.forward(days=92)
    world.take_in(an_order(order_number(1)))
    integrate_waiting(world.store)
    assert world.store.logbook.notary.held(f"{OWN}/2026q4") == note(world, "2026q4")


def test_a_log_cut_and_signed_anew_betrays_itself_by_its_successor(quarters: World) -> None:
    """Even the operator's own key does not help: the next log commits to the true end."""
    with quarters.store.change() as connection:
        notary = quarters.store.logbook.notary
        hashes = tree.hashes(connection, 1, 3)
        root = tree.edge(connection, 1, 3).root()
        assert hashes.at(1, 0)
        forged = notary.sign(Checkpoint(f"{OWN}/2026q4", 3, root))
        for table in (checkpoints, entry_reasons):
            connection.execute(table.delete().where(table.c.log == 1))
        connection.execute(entries.delete().where(entries.c.log == 1, entries.c.index >= 3))
        data = tree.edge(connection, 1, 3).tiles[0]
        connection.execute(update(tiles).where(tiles.c.log == 1).values(data=data))
        tree.add_checkpoint(connection, 1, 3, forged, NOON)
        time = select(entries.c.time).where(entries.c.log == 1, entries.c.index == 2)
        last_time = connection.execute(time).scalar_one()
        connection.execute(update(logs).where(logs.c.log == 1).values(size=3, last_time=last_time))
    notary.release(f"{OWN}/2026q4")
    first, second, *_ = judged(quarters)
    assert isinstance(first.outcome, LogReport)
    assert isinstance(second.outcome, LogFault)
    assert second.outcome.reason == f"it does not commit to the end of {OWN}/2026q4"


def test_a_log_past_its_time_goes_whole_and_on_record(quarters: World) -> None:
    """Entries, reasons, tiles, checkpoints, the held file; what is left says how it ended."""
    held = note(quarters, "2026q4")
    end = quarters.store.logbook.notary.open(held, f"{OWN}/2026q4")
    last = quarters.log()[: end.size][-1].time
    quarters.clock.now = datetime(2027, 12, 24, tzinfo=UTC)
    assert retire_logs.run(quarters.store, 12, last + timedelta(days=365)) == 0
    assert row_count(quarters, entry_reasons) > 0
    assert retire_logs.run(quarters.store, 12, last + timedelta(days=365, seconds=1)) == 1
    for table in (entries, entry_reasons, tiles, checkpoints, logs):
        assert row_count(quarters, table) == 0
    assert quarters.store.logbook.notary.held(f"{OWN}/2026q4") is None
    told = quarters.log()[-1]
    assert told.action == "log.deleted"
    root = encode_base64(end.root)
    assert told.detail == {"origin": end.origin, "size": end.size, "root": root}
    assert sound(quarters) == ["2027q1", "2027q2", "2027q3", "2027q4"]
    [gone, *_] = judged(quarters, held)
    assert gone.outcome == Deleted(end, told.time)


def of_entry(log: int, index: int) -> ColumnElement[bool]:
    """The one entry of a log at this index."""
    return (entries.c.log == log) & (entries.c.index == index)


def test_no_row_explains_a_log_away(quarters: World) -> None:
    """An entry that tells of a deletion counts only as it was signed; of its own log it tells nothing."""
    newest = quarters.store.logbook.notary.open(note(quarters, "2027q4"), f"{OWN}/2027q4")
    with quarters.store.change() as connection:
        here = of_entry(5, 1)
        leaf = connection.execute(select(entries.c.leaf).where(here)).scalar_one()
        told = Entry.parse(leaf)
        forged = replace(told, action=Action.LOG_DELETED, detail=chain.deleting(newest))
        values = {"leaf": forged.leaf(), "action": "log.deleted"}
        connection.execute(update(entries).where(here).values(values))
    last = judged(quarters)[-1]
    assert last.origin == f"{OWN}/2027q4"
    assert (fault(last.outcome).place, fault(last.outcome).index) == ("tile/entries/000.p/2", 1)


def test_what_is_left_of_a_log_that_is_being_deleted_is_held_to_account(quarters: World) -> None:
    """Neither other entries nor other columns may stand in its place."""

    def stop() -> None:
        raise InterruptedError

    with quarters.store.read() as connection:
        genuine, other = (
            dict(connection.execute(select(entries).where(of_entry(log, 1))).mappings().one())
            for log in (1, 2)
        )
        first = dict(connection.execute(select(entries).where(of_entry(1, 0))).mappings().one())
    with pytest.raises(InterruptedError):
        retire_logs.run(quarters.store, 12, quarters.clock.now, stop)
    forged = {**genuine, "leaf": other["leaf"]}
    for rows, reason in (
        ([first, genuine], None),
        ([first, forged], "entry 1 is not the one that was signed"),
        ([first, {**genuine, "carrier": "rhenus"}], "its columns do not show what was recorded"),
        ([genuine], "its columns do not show what was recorded"),
    ):
        with quarters.store.change() as connection:
            connection.execute(entries.delete().where(entries.c.log == 1))
            connection.execute(entries.insert(), rows)
        gone = judged(quarters)[0].outcome
        assert (gone.reason if isinstance(gone, LogFault) else None) == reason


def test_a_deleted_log_that_another_node_still_holds_is_no_loss(quarters: World) -> None:
    """A backup that is restored there is not refused for it; one without the record of it is."""
    held = note(quarters, "2026q4")
    quarters.clock.now = datetime(2027, 12, 24, tzinfo=UTC)
    assert retire_logs.run(quarters.store, 12, quarters.clock.now) == 1
    logbook = quarters.store.logbook
    logbook.notary.hold(f"{OWN}/2026q4", held)
    with quarters.store.change() as connection:
        assert logbook.losses(connection, quarters.clock.now) == []
        told = (entries.c.action == "log.deleted") & (entries.c.merchant == "default")
        connection.execute(update(entries).where(told).values(action="log.opened"))
        [loss] = logbook.losses(connection, quarters.clock.now)
        assert (loss.held.origin, loss.size) == (f"{OWN}/2026q4", 0)


def test_a_log_gone_without_a_word_is_missed(quarters: World) -> None:
    """Its successor tells of it, and so does whoever holds one of its checkpoints."""
    held = note(quarters, "2026q4")
    with quarters.store.change() as connection:
        for table in (entry_reasons, entries, tiles, checkpoints, logs):
            connection.execute(table.delete().where(table.c.log == 1))
    verdicts = {one.origin: one.outcome for one in judged(quarters)}
    assert "came before it, and no entry tells" in fault(verdicts[f"{OWN}/2027q1"]).reason
    assert fault(verdicts[f"{OWN}/2026q4"]).reason == "the log that it is of is gone"
    quarters.store.logbook.notary.release(f"{OWN}/2026q4")
    verdicts = {one.origin: one.outcome for one in judged(quarters, held)}
    assert fault(verdicts[f"{OWN}/2026q4"]).reason == "the log that it is of is gone"


def test_an_entry_that_is_of_none_of_a_merchant_s_logs_is_told_of(world: World) -> None:
    """A search by merchant or by id would show it, whatever log it was put into."""
    world.merchant("second")
    with world.store.change() as connection:
        second = select(logs.c.log).where(logs.c.merchant == "second")
        row = connection.execute(select(entries).where(entries.c.index == 1, entries.c.log == 1))
        place = {"log": connection.execute(second).scalar_one(), "index": 999, "id": "f" * 32}
        connection.execute(entries.insert().values({**row.mappings().one(), **place}))
    own, stray = judged(world)
    assert isinstance(own.outcome, LogReport)
    assert "the merchant has no such log" in fault(stray.outcome).reason
    assert fault(stray.outcome).index == 999
    [second_s] = verify(world.store, "second", [])
    assert fault(second_s.outcome).place == "row of the entry"


def test_the_newest_log_gone_without_a_word_is_missed(quarters: World) -> None:
    """The one before it was closed, and a checkpoint is held; nothing is appended in its place."""
    with quarters.store.change() as connection:
        for table in (entry_reasons, entries, tiles, checkpoints, logs):
            connection.execute(table.delete().where(table.c.log == 5))
    verdicts = {one.origin: one.outcome for one in judged(quarters)}
    assert fault(verdicts[f"{OWN}/2027q3"]).reason == "it was closed, and no log follows"
    assert fault(verdicts[f"{OWN}/2027q4"]).reason == "the log that it is of is gone"
    with pytest.raises(
        Unavailable,
        match="2027q3 was changed behind the service: it was closed, and no log follows",
    ):
        quarters.take_in(an_order(order_number(9)))


def test_a_log_that_does_not_verify_is_kept_as_evidence(quarters: World) -> None:
    """The others go nevertheless, and whoever ran it is told."""
    with quarters.store.change() as connection:
        changed = (entries.c.log == 1) & (entries.c.index == 1)
        connection.execute(update(entries).where(changed).values(carrier="rhenus"))
    quarters.merchant("second")
    with pytest.raises(Unavailable, match="2026q4 is not deleted, because it does not hold"):
        retire_logs.run(quarters.store, 1, quarters.clock.now)
    assert row_count(quarters, entries) > 0


def test_deletion_goes_on_where_it_was_interrupted(quarters: World) -> None:
    """Stopped after a batch: the record stands, the log counts as gone, the next run ends it."""

    def stop() -> None:
        raise InterruptedError

    quarters.clock.now = datetime(2028, 3, 10, tzinfo=UTC)
    with pytest.raises(InterruptedError):
        retire_logs.run(quarters.store, 12, quarters.clock.now, stop)
    assert sound(quarters)[0] == "2027q2"
    assert retire_logs.run(quarters.store, 12, quarters.clock.now) == 2
    assert [entry.action for entry in quarters.log()].count("log.deleted") == 2  # type: ignore[comparison-overlap]
    assert sound(quarters)[0] == "2027q2"


def test_a_log_that_nobody_wrote_to_goes_as_well(world: World) -> None:
    """A new one takes its place, and begins by saying so."""
    world.take_in(an_order(order_number(0)))
    world.clock.forward(days=800)
    assert retire_logs.run(world.store, 12, world.clock.now) == 1
    assert [entry.action.value for entry in world.log()] == ["log.opened", "log.deleted"]
    assert sound(world) == ["2029q1"]


@pytest.mark.parametrize(
    ("now", "months", "then"),
    [
        ("2026-11-23", 12, "2025-11-23"),
        ("2027-03-31", 1, "2027-02-28"),
        ("2028-02-29", 12, "2027-02-28"),
        ("2026-12-01", 1, "2026-11-01"),
        ("2026-01-15", 13, "2024-12-15"),
    ],
)
def test_months_are_those_of_the_calendar(now: str, months: int, then: str) -> None:
    """Where a month is shorter, its last day counts."""
    assert months_before(datetime.fromisoformat(now), months) == datetime.fromisoformat(then)


def fault(outcome: Any) -> LogFault:
    assert isinstance(outcome, LogFault), outcome
    return outcome

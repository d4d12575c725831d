"""What was deleted leaves the database's files: no page, and no journal, holds it any longer."""

import resource
from pathlib import Path

from sqlalchemy import text

from gateway.storage import orders
from gateway.usecases import retention
from tests.builders import an_order, order_number
from tests.world import World


def sealed(world: World, count: int) -> list[bytes]:
    """The ciphertexts of this many orders, which are taken in."""
    numbers = [order_number(one) for one in range(count)]
    for start in range(0, count, 100):
        world.take_in(*(an_order(number) for number in numbers[start : start + 100]))
    with world.store.read() as connection:
        found = orders.envelopes(connection, "default", numbers, orders.FREIGHT)
    return [envelope.sealed for _, envelope in found.values()]


def files(world: World) -> bytes:
    """All bytes of the database's files."""
    data: Path = world.settings.data
    return b"".join(path.read_bytes() for path in sorted(data.glob("gateway.db*")))


def test_no_file_holds_an_erased_contact(world: World) -> None:
    """Neither the database nor its journal, once the deletion is through."""
    contents = sealed(world, 50)
    if not world.store.database.is_sqlite:
        assert retention.run(world.store, world.kept(order_number(0)).latest_at) == 50
        with world.store.read() as connection:
            swept = text("SELECT last_vacuum FROM pg_stat_user_tables WHERE relname = 'contacts'")
            assert connection.execute(swept).scalar_one() is not None
        return
    assert any(content in files(world) for content in contents)
    retention.run(world.store, world.kept(order_number(0)).latest_at)
    left = files(world)
    assert not any(content in left for content in contents)


def test_free_pages_are_given_back(world: World) -> None:
    """The file shrinks; nothing else of it is lost."""
    sealed(world, 300)
    latest = world.kept(order_number(0)).latest_at
    size = len(files(world))
    retention.run(world.store, latest)
    if world.store.database.is_sqlite:
        assert len(files(world)) < size
        with world.store.read() as connection:
            assert connection.execute(text("PRAGMA freelist_count")).scalar_one() == 0
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    assert len(world.said()) == 600


def test_a_full_disk_does_not_undo_an_erasure(world: World) -> None:
    """It is on record; the journal is emptied when there is room again."""
    content = sealed(world, 1)[0]
    database = world.store.database
    if not database.is_sqlite:
        assert database.wipe_journal()
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        assert not database.wipe_journal()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert database.wipe_journal()
    assert content in files(world)


def test_a_reader_does_not_hold_up_the_deletion(world: World) -> None:
    """The journal is emptied the next time; the contacts are gone all the same."""
    sealed(world, 10)
    latest = world.kept(order_number(0)).latest_at
    with world.store.read() as connection:
        connection.execute(text("SELECT count(*) FROM contacts")).scalar_one()
        assert retention.run(world.store, latest) == 10
    assert retention.run(world.store, latest) == 0

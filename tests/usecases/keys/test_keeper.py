"""A running service keeps its keys at hand, and finishes what a rotation or destruction left."""

import fcntl
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select

from gateway.storage.tables import contacts
from gateway.usecases.keys import keeper as keeper_module
from gateway.usecases.keys.keeper import Keeper
from tests.builders import an_order, order_number
from tests.world import TESTER, World

TODAY = "contact-2026-11-23"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """What says that one process is at it."""
    return tmp_path / "rewrap.lock"


@pytest.fixture
def rotated(world: World) -> World:
    """Three contacts' orders whose keys were rotated, and not rewrapped."""
    world.take_in(*(an_order(order_number(count)) for count in range(3)))
    world.services.key_care.rotate(TESTER)
    return world


@pytest.fixture
def keeper(rotated: World, lock: Path) -> Keeper:
    """A keeper that is not started yet."""
    return Keeper(rotated.services.keyring, rotated.services.key_care, lock)


def wrapped_by(world: World) -> set[str]:
    """The keys that wrap contacts."""
    with world.store.read() as connection:
        return set(connection.execute(select(contacts.c.key_id)).scalars())


def test_the_service_goes_on_with_a_rotation(rotated: World, keeper: Keeper) -> None:
    """What a rotation left to do is done in the background, and not done again."""
    keeper.look()
    assert wrapped_by(rotated) == {f"{TODAY}-2"}
    before = rotated.log()
    keeper.look()
    assert rotated.log() == before


def test_a_started_keeper_works_by_itself(
    rotated: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks again and again until it is stopped, and a fault does not end it."""
    monkeypatch.setattr(keeper_module, "PAUSE_SECONDS", 0.001)
    root = rotated.settings.keys.root
    failed, done = Event(), Event()
    looks = keeper.look

    def watched() -> None:
        try:
            looks()
        except Exception:
            failed.set()
            raise
        done.set()

    monkeypatch.setattr(keeper, "look", watched)
    rotated.services.keyring._cache._seconds = 0.0
    root.rename(root.with_name("away"))
    keeper.start()
    assert failed.wait(60)
    root.with_name("away").rename(root)
    rotated.services.keyring._down.clear()
    rotated.services.keyring._cache._seconds = 600.0
    assert done.wait(60)
    keeper.stop()
    assert wrapped_by(rotated) == {f"{TODAY}-2"}


def test_a_stopped_keeper_ends_after_its_page(rotated: World, keeper: Keeper) -> None:
    """What is left waits for the next one."""
    keeper.start()
    keeper.stop()
    keeper.look()
    assert wrapped_by(rotated) == {f"{TODAY}-2"}
    assert rotated.services.rewrap().digests == 6


def test_only_one_process_is_at_it(rotated: World, keeper: Keeper, lock: Path) -> None:
    """While another worker rewraps, this one leaves it alone."""
    with lock.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        keeper.look()
        assert wrapped_by(rotated) == {f"{TODAY}-1"}
    keeper.look()
    assert wrapped_by(rotated) == {f"{TODAY}-2"}


def test_an_unrecorded_destruction_is_put_on_record(rotated: World, keeper: Keeper) -> None:
    """A command that was killed between the two leaves no gap in the log."""
    keeper.look()
    rotated.services.keyring.destroy(f"{TODAY}-1", "expired", rotated.clock())
    keeper.look()
    keeper.look()
    assert rotated.said().count("key.destroyed") == 1

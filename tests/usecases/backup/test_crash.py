"""Killed at any step, a backup is whole or not there, and a restore can be run again."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from gateway.storage import dump
from gateway.usecases import clients
from gateway.usecases.backup import making, restoring
from gateway.usecases.backup.checking import check
from gateway.vault import age_files
from tests.builders import an_order
from tests.world import TESTER, Template, World, shown


@dataclass
class House:
    """A gateway with an assigned order on a database of its own, whose connections are all closed."""

    data: Path
    url: str | None
    told: dict[str, str]
    identities: list[Path]
    empty: Callable[[], str | None]
    """The address of a database without a table, made anew."""

    def world(self) -> World:
        """The gateway as it stands."""
        return World(self.data, self.url, **self.told)


@pytest.fixture
def house(world_template: Template, tmp_path: Path) -> Iterator[House]:
    """On each database, with two identities, database.key and keyring.key."""
    identities = [tmp_path / "database.key", tmp_path / "keyring.key"]
    told = {
        "GATEWAY_BACKUP__RECIPIENTS": age_files.make_identity(identities[0]),
        "GATEWAY_BACKUP__KEYRING_RECIPIENTS": age_files.make_identity(identities[1]),
    }
    with world_template.copied(tmp_path / "data") as world, ExitStack() as stack:
        world.take_in(an_order())
        world.assign("bagm62dvgp")
        world.client()
        url = None if world.store.database.is_sqlite else world.settings.database_url
        # A child that is killed must not share a connection with its parent.
        world.close()

        def empty() -> str | None:
            if world_template.postgres is None:
                return None
            name = world_template.postgres.create()
            stack.callback(world_template.postgres.drop, name)
            return world_template.postgres.url(name)

        yield House(tmp_path / "data", url, told, identities, empty)


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Whether a process that does the work was killed before its `step`th durable step."""
    child = os.fork()
    if child == 0:
        try:
            _kill_at(step)
            work()
        except BaseException:  # noqa: BLE001  the child must never go on as a test
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def _kill_at(step: int) -> None:
    left = count()

    def counted(do: Callable[..., object]) -> Callable[..., object]:
        def done(*given: object, **named: object) -> object:
            if next(left) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return do(*given, **named)

        return done

    for holder, name in ((os, "fsync"), (Path, "replace")):
        setattr(holder, name, counted(getattr(holder, name)))


def test_a_backup_is_whole_or_not_there(house: House, tmp_path: Path) -> None:
    """Whatever stands under its name after a kill can be restored; the next backup is made as ever."""
    shelf = tmp_path / "shelf"

    def create(step: int) -> None:
        with closing(house.world()) as world:
            world.clock.forward(minutes=step + 1)
            making.create(world.services, TESTER, shelf, shelf)

    steps = 0
    while killed_at(steps, partial(create, steps)):
        steps += 1
    assert steps > 4
    with closing(house.world()) as world:
        made = sorted(shelf.glob("database-*.age"))
        assert made
        for database in made:
            checked = check(world.services, database, shelf / making.KEYRING, house.identities)
            assert checked.rows
            assert checked.unreadable == {}
    assert not list(shelf.glob(".*.partial"))


def test_a_restore_may_be_run_again(house: House, tmp_path: Path) -> None:
    """Killed anywhere, it leaves an empty database or a whole one, and the keyring it belongs to."""
    with closing(house.world()) as world:
        made = making.create(world.services, TESTER, tmp_path / "shelf", tmp_path / "shelf")
    elsewhere = tmp_path / "elsewhere"

    def there(url: str | None) -> World:
        return World(elsewhere, url, bare=True, **house.told)

    def restore(url: str | None) -> None:
        with closing(there(url)) as world:
            restoring.restore(
                world.services,
                *(TESTER, made.database, made.keyring, house.identities),
                accept_loss=False,
            )

    def served(url: str | None) -> bool:
        with closing(there(url)) as world:
            [carrier] = clients.listing(world.store, "default")
            return shown(world.ask(carrier, "bagm62dvgp"))["phone"] == "+493023125001"

    for step in count():
        shutil.rmtree(elsewhere, ignore_errors=True)
        elsewhere.mkdir(mode=0o700)
        shutil.copy(house.data / "policy-proof.json", elsewhere)
        url = house.empty()
        if not killed_at(step, partial(restore, url)):
            break
        with closing(there(url)) as world, world.store.read() as connection:
            is_empty = dump.is_empty(connection)
        if is_empty:
            restore(url)
        assert served(url)
    assert step > 4

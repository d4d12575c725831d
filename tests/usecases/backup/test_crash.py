"""Killed at any step, a backup is whole or not there, and a restore can be run again."""

import os
import shutil
import signal
from collections.abc import Callable
from contextlib import closing
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
from tests.conftest import Template
from tests.world import TESTER, World, shown


@pytest.fixture
def recipients(tmp_path: Path) -> dict[str, str]:
    """For two identities, database.key and keyring.key."""
    return {
        "GATEWAY_BACKUP__RECIPIENTS": age_files.make_identity(tmp_path / "database.key"),
        "GATEWAY_BACKUP__KEYRING_RECIPIENTS": age_files.make_identity(tmp_path / "keyring.key"),
    }


@pytest.fixture
def data(template: Template, tmp_path: Path) -> Path:
    """The data directory of a gateway with an assigned order."""
    copied = Path(shutil.copytree(template.data, tmp_path / "data"))
    with closing(World(copied)) as world:
        world.take_in(an_order())
        world.assign("bagm62dvgp")
    return copied


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


def test_a_backup_is_whole_or_not_there(
    data: Path, recipients: dict[str, str], tmp_path: Path
) -> None:
    """Whatever stands under its name after a kill can be restored; the next backup is made as ever."""
    identities = [tmp_path / "database.key", tmp_path / "keyring.key"]
    shelf = tmp_path / "shelf"

    def create(step: int) -> None:
        with closing(World(data, **recipients)) as world:
            world.clock.forward(minutes=step + 1)
            making.create(world.services, TESTER, shelf, shelf)

    steps = 0
    while killed_at(steps, partial(create, steps)):
        steps += 1
    assert steps > 4
    with closing(World(data, **recipients)) as world:
        made = sorted(shelf.glob("database-*.age"))
        assert made
        for database in made:
            checked = check(world.services, database, shelf / making.KEYRING, identities)
            assert checked.rows
            assert checked.unreadable == {}
    assert not list(shelf.glob(".*.partial"))


def test_a_restore_may_be_run_again(data: Path, recipients: dict[str, str], tmp_path: Path) -> None:
    """Killed anywhere, it leaves an empty database or a whole one, and the keyring it belongs to."""
    identities = [tmp_path / "database.key", tmp_path / "keyring.key"]
    with closing(World(data, **recipients)) as world:
        made = making.create(world.services, TESTER, tmp_path / "shelf", tmp_path / "shelf")
    elsewhere = tmp_path / "elsewhere"

    def restore() -> None:
        with closing(World(elsewhere, bare=True, **recipients)) as world:
            restoring.restore(
                world.services, TESTER, made.database, made.keyring, identities, accept_loss=False
            )

    def served() -> bool:
        with closing(World(elsewhere, bare=True, **recipients)) as world:
            [carrier] = [
                it for it in clients.listing(world.store, "default") if it.carrier_id == "dachser"
            ]
            return shown(world.ask(carrier, "bagm62dvgp"))["phone"] == "+493023125001"

    for step in count():
        shutil.rmtree(elsewhere, ignore_errors=True)
        elsewhere.mkdir(mode=0o700)
        shutil.copy(data / "policy-proof.json", elsewhere)
        if not killed_at(step, restore):
            break
        with (
            closing(World(elsewhere, bare=True, **recipients)) as world,
            world.store.read() as connection,
        ):
            is_empty = dump.is_empty(connection)
        if is_empty:
            restore()
        assert served()
    assert step > 4

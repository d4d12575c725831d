"""A backup is whole, for two holders, and brings nothing back that was erased since."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from gateway.audit.verdict import LogFault, LogReport
from gateway.errors import ConfigurationError, Conflict, Unavailable
from gateway.storage import erasure
from gateway.storage.tombstones import Kind, Tombstone
from gateway.usecases import forget
from gateway.usecases.backup.checking import check
from gateway.usecases.backup.making import Created, create
from gateway.usecases.backup.reading import BackupRefused
from gateway.usecases.backup.replay import replay
from gateway.usecases.backup.restoring import Restored, restore
from gateway.usecases.log.sequence import integrate_waiting
from gateway.usecases.log.verify import verify
from gateway.vault import age_files
from gateway.vault.age_files import DoesNotOpen
from tests.builders import a_freight_item, an_order
from tests.databases import Postgres
from tests.world import TESTER, Template, World, codes, shown


@dataclass
class House:
    """A gateway with three assigned orders, its two identities, and places to restore into."""

    world: World
    database_key: Path
    keyring_key: Path
    shelf: Path
    empty: Callable[[], World]
    identities: list[Path] = field(init=False)

    def __post_init__(self) -> None:
        self.identities = [self.database_key, self.keyring_key]

    def backup(self) -> Created:
        integrate_waiting(self.world.store)
        self.world.clock.forward(minutes=1)
        return create(self.world.services, TESTER, self.shelf, self.shelf / "apart")

    def restore(self, made: Created, into: World, *, accept_loss: bool = False) -> Restored:
        return restore(
            into.services,
            TESTER,
            made.database,
            made.keyring,
            self.identities,
            accept_loss=accept_loss,
        )


@pytest.fixture
def house(world_template: Template, tmp_path: Path) -> Iterator[House]:
    """On each database."""
    recipients = {
        "GATEWAY_BACKUP__RECIPIENTS": age_files.make_identity(tmp_path / "database.key"),
        "GATEWAY_BACKUP__KEYRING_RECIPIENTS": age_files.make_identity(tmp_path / "keyring.key"),
    }
    with ExitStack() as stack:
        copied = stack.enter_context(world_template.copied(tmp_path / "data"))
        world = stack.enter_context(closing(World(tmp_path / "data", _url(copied), **recipients)))
        world.take_in(an_order("bagm62dvgp"), an_order("aaaaaaaaaa"), an_order("cccccccccc"))
        for number in ("bagm62dvgp", "aaaaaaaaaa", "cccccccccc"):
            world.assign(number)

        def empty() -> World:
            directory = tmp_path / "elsewhere"
            directory.mkdir(mode=0o700)
            shutil.copy(tmp_path / "data" / "policy-proof.json", directory)
            url = _empty_database(world_template, stack)
            return stack.enter_context(closing(World(directory, url, bare=True, **recipients)))

        yield House(
            world, tmp_path / "database.key", tmp_path / "keyring.key", tmp_path / "shelf", empty
        )


def _url(world: World) -> str | None:
    return None if world.store.database.is_sqlite else world.settings.database_url


def _empty_database(template: Template, stack: ExitStack) -> str | None:
    if template.postgres is None:
        return None
    postgres: Postgres = template.postgres
    name = postgres.create()
    stack.callback(postgres.drop, name)
    return postgres.url(name)


def test_everything_comes_back_elsewhere(house: House) -> None:
    """Orders, contacts that open, clients, and the whole log, which goes on."""
    carrier = house.world.client()
    made = house.backup()
    elsewhere = house.empty()
    done = house.restore(made, elsewhere)
    assert done.rows > 0
    assert (done.losses, done.expired) == ([], 0)
    assert shown(elsewhere.ask(carrier, "bagm62dvgp"))["phone"] == "+493023125001"
    entries = elsewhere.log()
    assert entries[: len(house.world.log())] == house.world.log()
    assert entries[-2].action == "backup.restored"
    assert all(isinstance(it.outcome, LogReport) for it in verify(elsewhere.store, "default", []))


def test_neither_file_opens_with_the_others_key(house: House) -> None:
    """Nor does anything stand in them in the clear."""
    made = house.backup()
    for path, wrong in ((made.database, house.keyring_key), (made.keyring, house.database_key)):
        with pytest.raises(DoesNotOpen):
            age_files.decrypted(path, [wrong])
        assert path.read_bytes().startswith(b"age-encryption.org/v1")
        assert path.stat().st_mode & 0o777 == 0o600
    for word in (b"23125001", b"erika@", b"Mustermann"):
        assert word not in age_files.decrypted(made.database, [house.database_key])


def test_a_backup_needs_two_recipients(world: World, tmp_path: Path) -> None:
    """Without them it is not made, and one for both is refused at the start."""
    with pytest.raises(ConfigurationError, match="gateway backup key"):
        create(world.services, TESTER, tmp_path / "shelf", tmp_path / "shelf")
    one = age_files.make_identity(tmp_path / "one.key")
    same = {"GATEWAY_BACKUP__RECIPIENTS": one, "GATEWAY_BACKUP__KEYRING_RECIPIENTS": one}
    with pytest.raises(ConfigurationError, match=r"none of backup\.recipients"):
        World(tmp_path / "data", **same)


def test_what_was_erased_since_stays_erased(house: House) -> None:
    """An old backup brings back neither who asked to be forgotten nor whose time is over."""
    carrier = house.world.client()
    made = house.backup()
    forget.erase(house.world.store, "default", TESTER, "bagm62dvgp", "request by letter")
    house.world.take_in(_cancelled("aaaaaaaaaa"))
    house.backup()
    elsewhere = house.empty()
    with pytest.raises(BackupRefused, match="--accept-loss"):
        house.restore(made, elsewhere)
    done = house.restore(made, elsewhere, accept_loss=True)
    assert (done.replayed.subjects, done.replayed.contacts) == (1, 1)
    assert "erased" in codes(elsewhere.ask(carrier, "bagm62dvgp"))
    assert "erased" in codes(elsewhere.ask(carrier, "aaaaaaaaaa"))
    assert elsewhere.kept("bagm62dvgp").subject is None
    assert shown(elsewhere.ask(carrier, "cccccccccc"))["phone"]


def test_what_is_due_by_now_goes_at_once(house: House) -> None:
    """A contact whose time ended while the backup lay there is not there when it is served."""
    made = house.backup()
    elsewhere = house.empty()
    elsewhere.clock.now = house.world.clock() + timedelta(days=91)
    assert house.restore(made, elsewhere).expired == 3
    with elsewhere.store.read() as connection:
        assert erasure.contacts_by_key(connection) == {}


def test_a_destroyed_key_leaves_an_old_backup_unreadable(house: House) -> None:
    """Whatever still stands in the old database, the newest keyring opens nothing of that day."""
    made = house.backup()
    house.world.clock.forward(days=92)
    latest = house.world.settings.deadlines.longest
    gone = house.world.services.key_care.destroy_expired(TESTER, latest, house.world.clock())
    assert len(gone.key_ids) == 1
    newest = house.backup()
    checked = check(house.world.services, made.database, newest.keyring, house.identities)
    assert (checked.unreadable, list(checked.destroyed.values())) == ({}, [6])
    elsewhere = house.empty()
    done = restore(
        elsewhere.services,
        TESTER,
        made.database,
        newest.keyring,
        house.identities,
        accept_loss=True,
    )
    assert done.losses
    with pytest.raises(Unavailable, match="not in the keyring"):
        elsewhere.services.opener.require(gone.key_ids[0])


def test_an_old_copy_of_the_keyring_brings_no_key_back(house: House) -> None:
    """The list of erasures names the key, so that it is destroyed again."""
    made = house.backup()
    old = house.shelf / "old.age"
    shutil.copy(made.keyring, old)
    house.world.clock.forward(days=92)
    latest = house.world.settings.deadlines.longest
    [key_id] = house.world.services.key_care.destroy_expired(
        TESTER, latest, house.world.clock()
    ).key_ids
    elsewhere = house.empty()
    shutil.copy(house.world.settings.backup.tombstones, elsewhere.settings.backup.tombstones)
    done = restore(
        elsewhere.services, TESTER, made.database, old, house.identities, accept_loss=True
    )
    assert done.replayed.keys == 1
    assert elsewhere.services.keyring.by_id(key_id) is None


def test_a_log_that_is_set_back_is_never_continued(house: House) -> None:
    """It is closed as it is, the next one tells what is lost, and the verdict on it stays."""
    made = house.backup()
    house.world.client()
    integrate_waiting(house.world.store)
    house.backup()
    elsewhere = house.empty()
    [loss] = house.restore(made, elsewhere, accept_loss=True).losses
    assert loss.held.size > loss.size
    [old, new] = verify(elsewhere.store, "default", [])
    assert isinstance(old.outcome, LogFault)
    assert isinstance(new.outcome, LogReport)
    assert new.origin == f"{old.origin}.1"
    opened = next(it for it in elsewhere.log() if it.detail and "lost_size" in it.detail)
    assert opened.detail["lost_size"] == loss.held.size
    elsewhere.take_in(an_order("dddddddddd"))


def test_nothing_is_restored_over_something(house: House) -> None:
    """Neither over a database nor over another keyring."""
    made = house.backup()
    with pytest.raises(Conflict, match="has tables already"):
        house.restore(made, house.world)
    elsewhere = house.empty()
    elsewhere.services.keyring.index_key(elsewhere.clock())
    with pytest.raises(Conflict, match="another one: move it away"):
        house.restore(made, elsewhere)


@pytest.mark.parametrize("part", ["database", "keyring"])
def test_a_damaged_backup_is_refused_whole(house: House, part: str) -> None:
    """Cut or changed, it leaves no table, and the good one can still be restored."""
    made = house.backup()
    whole = getattr(made, part)
    content = whole.read_bytes()
    elsewhere = house.empty()
    for damaged in (
        content[:-100],
        content[:300] + bytes([content[300] ^ 1]) + content[301:],
        b"no age file",
    ):
        whole.write_bytes(damaged)
        with pytest.raises(DoesNotOpen):
            house.restore(made, elsewhere)
    whole.write_bytes(content)
    assert house.restore(made, elsewhere).rows


def test_a_file_of_something_else_is_refused(house: House, tmp_path: Path) -> None:
    """One for the same recipient that holds no database, or not all of it."""
    made = house.backup()
    elsewhere = house.empty()
    age_files.encrypt(BytesIO(b"hello"), made.database, house.world.settings.backup.recipients)
    with pytest.raises(BackupRefused, match="no backup of a database"):
        house.restore(made, elsewhere)


def test_a_backup_that_fails_leaves_the_one_before(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing half stands beside it."""
    made = house.backup()
    before = {path: path.read_bytes() for path in (made.database, made.keyring)}
    house.world.clock.forward(hours=1)
    house.world.settings.keys.keyring.rename(house.shelf / "gone")
    with pytest.raises(Unavailable):
        house.backup()
    files = [path for path in house.shelf.rglob("*.age") if path.is_file()]
    assert {path: path.read_bytes() for path in files} == before
    assert not list(house.shelf.rglob("*.partial"))


def test_it_is_made_and_checked_while_orders_come_in(house: House) -> None:
    """The check reads everything, and finds logs and keys in order."""
    made = house.backup()
    house.world.take_in(an_order("dddddddddd"))
    checked = check(house.world.services, made.database, made.keyring, house.identities)
    assert checked.rows == made.rows
    assert (checked.unreadable, checked.destroyed) == ({}, {})
    assert all(isinstance(it.outcome, LogReport) for it in checked.verdicts)


def test_a_raw_copy_of_an_old_database_is_replayed_before_it_is_served(house: House) -> None:
    """Whatever way it came back; twice changes nothing."""
    world = house.world
    forget.erase(world.store, "default", TESTER, "bagm62dvgp", "request by letter")
    assert replay(world.store, world.services.key_care, TESTER).subjects == 0
    subject = world.kept("aaaaaaaaaa").subject
    assert subject
    world.store.tombstones.bury([Tombstone(world.clock(), Kind.SUBJECT, "default", subject)])
    assert replay(world.store, world.services.key_care, TESTER).subjects == 1
    assert world.kept("aaaaaaaaaa").subject is None
    assert replay(world.store, world.services.key_care, TESTER).subjects == 0


def _cancelled(number: str) -> dict[str, object]:
    return an_order(
        number,
        lastModifiedDate="2026-11-22T09:45:00.000Z",
        positionItems=[a_freight_item(fulfillmentStatus="CANCELLED_BY_PARTNER")],
    )

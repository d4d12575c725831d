"""Keys are rotated, revoked and destroyed without losing a contact, and every change is on record."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select, update

from gateway.errors import Conflict, NotFound, Unavailable
from gateway.model.contact import Private
from gateway.storage import rewrap
from gateway.storage.tables import contact_digests, contacts, orders
from gateway.usecases.keys import status as keys_usecase
from gateway.vault.keys import KeyUse
from gateway.vault.providers.provider import ProviderDown
from tests.builders import an_order, order_number
from tests.world import TESTER, World, shown

TODAY = "contact-2026-11-23"
LATEST = timedelta(days=90)
SHOWN = {"name": "Erika Mustermann", "phone": "+493023125001", "email": "erika@example.org"}


def no_pause(_seconds: float) -> None:
    """Nobody else writes."""


@pytest.fixture
def three(world: World) -> World:
    """Three orders, the first one with its carrier."""
    world.take_in(*(an_order(order_number(count)) for count in range(3)))
    world.assign(order_number(0))
    return world


def wrapped(world: World) -> dict[str, int]:
    """Contacts by the key that wraps them, where there are any."""
    with world.store.read() as connection:
        found = connection.execute(select(contacts.c.key_id)).scalars().all()
    return {key_id: found.count(key_id) for key_id in found}


def versions_indexed(world: World) -> set[int]:
    """Of which index keys there are digests."""
    with world.store.read() as connection:
        found = connection.execute(select(contact_digests.c.digest)).scalars()
        return {digest[1] for digest in found}


def found_by_phone(world: World) -> set[str]:
    """The orders that the blind index gives for the buyer's phone."""
    phone = Private(SHOWN["phone"])
    digests = world.services.sealer.lookups("default", "phone", phone, world.clock())
    with world.store.read() as connection:
        mine = contact_digests.c.digest.in_(digests)
        return set(connection.execute(select(contact_digests.c.order_number).where(mine)).scalars())


def released(world: World) -> dict[str, str | None]:
    """The first order's contact, as its carrier gets it."""
    return shown(world.ask(world.client(), order_number(0)))


def details(world: World, action: str, merchant: str = "default") -> list[dict[str, str | int]]:
    """What the log tells of keys."""
    return [dict(entry.detail) for entry in world.log(merchant) if entry.action == action]


# ---- Rotation -----------------------------------------------------------------------------------


def test_reads_take_old_and_new(three: World) -> None:
    """Between the rotation and the end of its rewrapping, every contact is released and found."""
    three.services.key_care.rotate(TESTER)
    three.take_in(an_order(order_number(3)))
    assert wrapped(three) == {f"{TODAY}-1": 6, f"{TODAY}-2": 2}
    assert versions_indexed(three) == {1, 2}
    assert released(three) == SHOWN
    assert found_by_phone(three) == {order_number(count) for count in range(4)}


def test_rewrapping_brings_all_under_the_newest_keys(three: World) -> None:
    """Afterwards no contact and no digest is under an older one, and all is as it was."""
    three.services.key_care.rotate(TESTER)
    done = three.services.rewrap()
    assert (done.contacts, done.digests, done.unreadable, done.finished) == (6, 6, 0, True)
    assert wrapped(three) == {f"{TODAY}-2": 6}
    assert versions_indexed(three) == {2}
    assert released(three) == SHOWN
    assert found_by_phone(three) == {order_number(count) for count in range(3)}
    again = three.services.rewrap()
    assert (again.contacts, again.digests) == (0, 0)


def test_every_days_key_can_be_rotated(three: World) -> None:
    """Each day keeps its own epoch: a contact never outlives its day's keys by being rewrapped."""
    three.clock.forward(days=1)
    three.take_in(an_order(order_number(3)))
    rotated = three.services.key_care.rotate(TESTER, every_day=True)
    assert rotated.key_ids == (f"{TODAY}-2", "contact-2026-11-24-2", "index-all-2")
    three.services.rewrap()
    assert wrapped(three) == {f"{TODAY}-2": 6, "contact-2026-11-24-2": 2}


def test_an_order_that_came_before_is_no_news_after_a_rotation(three: World) -> None:
    """Repeated imports stay quiet under a new index key."""
    three.services.key_care.rotate(TESTER)
    assert three.take_in(an_order(order_number(1))).unchanged == 1


def test_rewrapping_goes_on_where_it_was_stopped(
    three: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after any page, what is done is done, and the next run does the rest."""
    monkeypatch.setattr("gateway.usecases.keys.rewrap._PAGE", 2)
    monkeypatch.setattr("gateway.usecases.keys.rewrap._INDEX_PAGE", 1)
    three.services.key_care.rotate(TESTER)
    told: list[tuple[int, int]] = []
    pages = 0
    while not (
        done := three.services.rewrap(lambda *how_far: told.append(how_far) or False)
    ).finished:
        assert done.contacts + done.digests == 2
        assert released(three) == SHOWN
        assert found_by_phone(three) == {order_number(count) for count in range(3)}
        pages += 1
    assert pages == 6
    assert told == [(2, 12), (2, 10), (2, 8), (2, 6), (2, 4), (2, 2)]
    assert wrapped(three) == {f"{TODAY}-2": 6}
    assert versions_indexed(three) == {2}


def test_an_import_during_the_rewrapping_is_not_overwritten(three: World) -> None:
    """A contact that was replaced between a page's reading and its writing stays the newer one."""
    three.services.key_care.rotate(TESTER)
    address = an_order()["deliveryAddress"] | {"phoneNumber": "+49 171 3920001"}
    changed = an_order(
        order_number(0), deliveryAddress=address, lastModifiedDate="2026-11-23T09:45:00.000Z"
    )
    with three.store.read() as connection:
        page = rewrap.page(connection, "default", rewrap.START, [f"{TODAY}-1"], 10)
    assert len(page) == 6
    three.take_in(changed)
    with three.store.change() as connection:
        rewrap.replace(connection, [(old, "overwritten", b"") for old in page])
        stale = {order_number(0): (page[0].binding.contact_id, [b"\0" * 16])}
        rewrap.reindex(connection, "default", [order_number(0)], stale)
    assert wrapped(three) == {"overwritten": 4, f"{TODAY}-2": 2}
    assert released(three) == SHOWN | {"phone": "+491713920001"}
    assert order_number(0) not in found_by_phone(three)


def test_digests_of_a_contact_that_is_gone_go_too(three: World) -> None:
    """An index entry without its contact is dropped, whoever left it there."""
    three.services.key_care.rotate(TESTER)
    with three.store.change() as connection:
        connection.execute(contacts.delete().where(contacts.c.order_number == order_number(0)))
    done = three.services.rewrap()
    assert done.digests == 4
    assert versions_indexed(three) == {2}
    assert found_by_phone(three) == {order_number(1), order_number(2)}


def test_damaged_contacts_are_counted_and_left(three: World) -> None:
    """What nothing opens stays as it is, and keeps nobody else from being rewrapped."""
    with three.store.change() as connection:
        mine = contacts.c.order_number == order_number(1)
        connection.execute(update(contacts).where(mine).values(wrapped_key=b"x" * 60))
    three.services.key_care.rotate(TESTER)
    done = three.services.rewrap()
    assert (done.contacts, done.digests, done.unreadable) == (4, 4, 3)
    assert wrapped(three) == {f"{TODAY}-1": 2, f"{TODAY}-2": 4}
    assert found_by_phone(three) == {order_number(0), order_number(2)}


def test_contacts_of_a_destroyed_key_are_counted_and_left(three: World) -> None:
    """A key that went meanwhile takes its contacts with it, not the run."""
    three.services.key_care.rotate(TESTER)
    three.services.keyring.destroy(f"{TODAY}-1", "revoked", three.clock())
    done = three.services.rewrap()
    assert (done.contacts, done.digests, done.unreadable) == (0, 0, 3)
    assert versions_indexed(three) == set()


def test_a_key_that_goes_meanwhile_stops_nothing(
    three: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Destroyed between two pages, its contacts are counted as unreadable."""
    monkeypatch.setattr("gateway.usecases.keys.rewrap._PAGE", 2)
    three.services.key_care.rotate(TESTER)

    def destroying(_done: int, _total: int) -> bool:
        three.services.keyring.destroy(f"{TODAY}-1", "revoked", three.clock())
        return True

    done = three.services.rewrap(destroying)
    assert (done.contacts, done.digests, done.unreadable) == (2, 2, 6)
    assert wrapped(three) == {f"{TODAY}-1": 4, f"{TODAY}-2": 2}


def test_without_keys_there_is_nothing_to_do(world: World) -> None:
    """Before the first import the run ends at once."""
    done = world.services.rewrap()
    assert (done.contacts, done.digests, done.finished) == (0, 0, True)


def test_a_provider_that_is_down_stops_the_rewrapping_without_loss(
    three: World, tmp_path: Path
) -> None:
    """The run ends with a clear fault; the next one goes on."""
    root = three.settings.keys.root
    three.services.key_care.rotate(TESTER)
    fresh = World(three.settings.data, three.settings.database_url)
    root.rename(tmp_path / "away")
    with pytest.raises(ProviderDown):
        fresh.services.rewrap()
    (tmp_path / "away").rename(root)
    fresh.close()
    assert three.services.rewrap().contacts == 6
    assert released(three) == SHOWN


def test_a_provider_that_goes_down_between_pages_leaves_the_index_whole(
    three: World, tmp_path: Path
) -> None:
    """Digests are replaced order by order: a fault in the middle loses none."""
    three.services.key_care.rotate(TESTER)
    three.services.rewrap(lambda _done, _total: False)
    fresh = World(three.settings.data, three.settings.database_url)
    fresh.services.keyring.index_key(fresh.clock())
    root = three.settings.keys.root
    root.rename(tmp_path / "away")
    with pytest.raises(ProviderDown):
        fresh.services.rewrap()
    fresh.close()
    assert found_by_phone(three) == {order_number(count) for count in range(3)}


def test_a_rotation_is_in_every_log_concerned(three: World) -> None:
    """The operator's log tells of every key, a merchant's of those that its contacts are under."""
    three.merchant("other")
    three.merchant("bystander")
    three.take_in(an_order(order_number(9)), merchant="other")
    three.services.key_care.rotate(TESTER)
    both = [{"key": f"{TODAY}-2"}, {"key": "index-all-2"}]
    assert details(three, "key.rotated") == both
    assert details(three, "key.rotated", "other") == both[:1]
    assert details(three, "key.rotated", "bystander") == []


def test_the_status_tells_how_far_it_is(three: World) -> None:
    """Contacts by key, which key is current, and when each day's may go."""
    three.services.key_care.rotate(TESTER)
    status = keys_usecase.status(three.store, three.services.keyring, LATEST)
    told = {one.key.key_id: (one.current, one.contacts) for one in status}
    assert told[f"{TODAY}-1"] == (False, 6)
    assert told[f"{TODAY}-2"] == (True, 0)
    assert told["index-all-2"] == (True, 0)


# ---- Revocation ---------------------------------------------------------------------------------


def test_a_revoked_contact_key_is_destroyed_when_nothing_is_under_it(three: World) -> None:
    """Its contacts are under the next version, and go to the carrier as before."""
    revoked = three.services.key_care.revoke(TESTER, f"{TODAY}-1", no_pause)
    assert (revoked.replaced_by, revoked.contacts) == (f"{TODAY}-2", 6)
    assert wrapped(three) == {f"{TODAY}-2": 6}
    assert three.services.keyring.by_id(f"{TODAY}-1") is None
    assert released(three) == SHOWN
    (entry,) = details(three, "key.destroyed")
    assert entry["key"] == f"{TODAY}-1"
    assert entry["reason"] == "revoked"
    assert details(three, "key.rotated") == [{"key": f"{TODAY}-2", "replaces": f"{TODAY}-1"}]


def test_a_revoked_index_key_leaves_nothing_that_it_made(three: World) -> None:
    """Digests and fingerprints of the old key are gone, and orders are found and stored as before."""
    revoked = three.services.key_care.revoke(TESTER, "index-all-1", no_pause)
    assert revoked.replaced_by == "index-all-2"
    assert versions_indexed(three) == {2}
    assert found_by_phone(three) == {order_number(count) for count in range(3)}
    with three.store.read() as connection:
        assert set(connection.execute(select(orders.c.fingerprint)).scalars()) == {None}
    assert three.take_in(an_order(order_number(1))).stored == 1
    assert three.take_in(an_order(order_number(1))).unchanged == 1


def test_an_older_version_is_revoked_without_another_new_one(three: World) -> None:
    """Where a newer version is there already, it takes the contacts over."""
    three.services.key_care.rotate(TESTER)
    revoked = three.services.key_care.revoke(TESTER, f"{TODAY}-1", no_pause)
    assert revoked.replaced_by == f"{TODAY}-2"


def test_keys_that_cannot_be_revoked_are_refused(three: World) -> None:
    """One that is not there, and one that signed what names no other key; nothing is destroyed."""
    care = three.services.key_care
    three.services.keyring.log_key(three.clock())
    with pytest.raises(NotFound, match="contact-1999-01-01-1"):
        care.revoke(TESTER, "contact-1999-01-01-1", no_pause)
    with pytest.raises(Conflict, match="log-all-1 cannot be revoked"):
        care.revoke(TESTER, "log-all-1", no_pause)
    assert three.services.keyring.by_id("log-all-1")


def test_a_contact_that_is_sealed_late_under_the_old_key_is_rewrapped_too(three: World) -> None:
    """Whoever sealed with the revoked key up to the last moment loses nothing."""
    with three.store.read() as connection:
        late = connection.execute(select(contacts).limit(1)).mappings().one()

    def interfering(done: int, total: int) -> bool:
        if done == total and wrapped(three) == {f"{TODAY}-2": 6}:
            with three.store.change() as connection:
                mine = (contacts.c.order_number == late["order_number"]) & (
                    contacts.c.kind == late["kind"]
                )
                connection.execute(update(contacts).where(mine).values(**late))
        return True

    # It comes back with each run that ends: the key is kept as long as that goes on.
    with pytest.raises(Unavailable, match=f"{TODAY}-1 is not revoked yet"):
        three.services.key_care.revoke(TESTER, f"{TODAY}-1", no_pause, interfering)
    assert three.services.keyring.by_id(f"{TODAY}-1")
    assert three.services.key_care.revoke(TESTER, f"{TODAY}-1", no_pause).contacts == 1
    assert wrapped(three) == {f"{TODAY}-2": 6}
    assert released(three) == SHOWN


def test_damaged_contacts_do_not_keep_a_key_alive(three: World) -> None:
    """What the key cannot open is no reason to keep it."""
    with three.store.change() as connection:
        mine = contacts.c.order_number == order_number(1)
        connection.execute(update(contacts).where(mine).values(wrapped_key=b"x" * 60))
    revoked = three.services.key_care.revoke(TESTER, f"{TODAY}-1", no_pause)
    assert revoked.contacts == 4
    assert three.services.keyring.by_id(f"{TODAY}-1") is None


def test_a_stopped_revocation_destroys_nothing(three: World) -> None:
    """Interrupted, the key stays, and revoking it again brings it to its end."""
    care = three.services.key_care
    with pytest.raises(Unavailable, match="revoke it again"):
        care.revoke(TESTER, f"{TODAY}-1", no_pause, lambda _done, _total: False)
    assert three.services.keyring.by_id(f"{TODAY}-1")
    assert care.revoke(TESTER, f"{TODAY}-1", no_pause).replaced_by == f"{TODAY}-2"


def test_a_revocation_waits_until_other_processes_have_seen_the_new_key(three: World) -> None:
    """Another process's view of the keyring may be a second old: so long the old key is needed."""
    waited: list[float] = []

    def pause(seconds: float) -> None:
        assert three.services.keyring.by_id(f"{TODAY}-1")
        assert three.services.keyring.newest(KeyUse.CONTACT, "2026-11-23")
        waited.append(seconds)

    three.services.key_care.revoke(TESTER, f"{TODAY}-1", pause)
    assert waited == [1.0]


def test_a_destruction_waits_for_the_write_under_way(three: World) -> None:
    """An import that has sealed and not yet committed is seen before its key may go."""
    sealed, go_on = Event(), Event()

    def work(tx: object) -> None:
        sealed.set()
        assert go_on.wait(60)

    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(three.store.write, "default", work)
        assert sealed.wait(60)
        revoking = pool.submit(three.services.key_care.revoke, TESTER, f"{TODAY}-1", no_pause)
        assert three.services.keyring.by_id(f"{TODAY}-1")
        go_on.set()
        writing.result()
        assert revoking.result().contacts == 6


# ---- Keys whose time is over --------------------------------------------------------------------


def test_a_days_key_goes_when_its_last_contact_must_be_gone(three: World) -> None:
    """At the end of the day plus the longest time that a contact is kept, and not a moment before."""
    care = three.services.key_care
    three.clock.forward(days=90, hours=11, minutes=59)
    assert care.destroy_expired(TESTER, LATEST, three.clock()).key_ids == ()
    three.clock.forward(minutes=1)
    destroyed = care.destroy_expired(TESTER, LATEST, three.clock())
    assert destroyed.key_ids == (f"{TODAY}-1",)
    assert wrapped(three) == {f"{TODAY}-1": 6}
    assert care.destroy_expired(TESTER, LATEST, three.clock()).key_ids == ()


def test_its_destruction_is_on_record_once_in_every_log_concerned(three: World) -> None:
    """The operator's log always, and each merchant's whose contacts lingered under it."""
    three.merchant("other")
    three.merchant("bystander")
    three.take_in(an_order(order_number(9)), merchant="other")
    three.clock.forward(days=91)
    for _ in range(2):
        three.services.key_care.destroy_expired(TESTER, LATEST, three.clock())
    for merchant in ("default", "other"):
        (entry,) = details(three, "key.destroyed", merchant)
        assert (entry["key"], entry["reason"]) == (f"{TODAY}-1", "expired")
    assert details(three, "key.destroyed", "bystander") == []


def test_a_contact_in_its_time_holds_its_key(three: World) -> None:
    """A limit that was shortened since takes no contact that may still be kept."""
    three.clock.forward(days=40)
    destroyed = three.services.key_care.destroy_expired(TESTER, timedelta(days=30), three.clock())
    assert destroyed.key_ids == ()
    assert destroyed.held == {f"{TODAY}-1": 6}
    assert released(three) == SHOWN


def test_keys_of_no_day_never_expire(three: World) -> None:
    """Those of the log and the index serve on."""
    three.services.keyring.log_key(three.clock())
    three.clock.forward(days=4000)
    three.services.key_care.destroy_expired(TESTER, LATEST, three.clock())
    assert {one.use for one in three.services.keyring.all()} == {KeyUse.INDEX, KeyUse.LOG}


def test_a_destruction_without_its_entry_gets_it_later(three: World) -> None:
    """Killed between the two, the next look at the keys puts it on record."""
    three.services.keyring.destroy(f"{TODAY}-1", "expired", three.clock())
    assert details(three, "key.destroyed") == []
    three.services.key_care.tell(TESTER)
    three.services.key_care.tell(TESTER)
    (entry,) = details(three, "key.destroyed")
    assert entry["key"] == f"{TODAY}-1"


def test_a_destroyed_key_is_named_among_the_tombstones(three: World) -> None:
    """So that no restored keyring brings it back."""
    three.services.key_care.revoke(TESTER, f"{TODAY}-1", no_pause)
    assert three.store.tombstones.read().keys.keys() == {f"{TODAY}-1"}


@pytest.fixture
def unwritable(three: World) -> World:
    """A world whose tombstones cannot be written."""
    three.store.tombstones.path.mkdir(parents=True)
    return three


def test_no_key_goes_that_cannot_be_named(unwritable: World) -> None:
    """Without its tombstone a key stays: a backup might bring it back."""
    with pytest.raises(Unavailable, match="cannot be written"):
        unwritable.services.key_care.revoke(TESTER, f"{TODAY}-1", no_pause)
    assert unwritable.services.keyring.by_id(f"{TODAY}-1")
    assert released(unwritable) == SHOWN

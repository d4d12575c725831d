"""The keyring keeps keys apart from the database, wrapped, durable, shared between processes."""

import base64
import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.errors import Unavailable
from gateway.vault.keyring import LOOK_SECONDS, Keyring
from gateway.vault.keys import KeyUse
from gateway.vault.providers.file import FileProvider
from gateway.vault.providers.provider import KeyDamaged, ProviderDown
from tests.vault.conftest import LIFETIME, NOW, Stored, Ticks, a_keyring

DAY = date(2026, 11, 23)
Opens = Callable[[], Keyring]


def test_a_day_has_one_key_for_all_processes(open_keyring: Opens) -> None:
    """Two keyrings over one file agree on the day's key, whoever made it."""
    made, found = (open_keyring().contact_key(DAY, NOW) for _ in range(2))
    assert made == found
    assert made.secret.reveal() == found.secret.reveal()


def test_days_and_uses_have_keys_of_their_own(keyring: Keyring) -> None:
    """No two days and no two uses share a secret."""
    keys = [
        keyring.contact_key(DAY, NOW),
        keyring.contact_key(DAY + timedelta(days=1), NOW),
        keyring.index_key(NOW),
        keyring.log_key(NOW),
    ]
    assert len({bytes(key.secret.reveal()) for key in keys}) == 4
    assert len({key.key_id for key in keys}) == 4


def test_a_new_version_seals_and_the_old_one_still_opens(
    keyring: Keyring, open_keyring: Opens
) -> None:
    """After a rotation the newest version is used, and older ones are found by their names."""
    old = keyring.contact_key(DAY, NOW)
    new = keyring.add_version(KeyUse.CONTACT, DAY.isoformat(), NOW)
    assert keyring.contact_key(DAY, NOW) == new
    assert new.version == 2
    assert open_keyring().by_id(old.key_id) == old
    assert [one.key_id for one in keyring.outdated()] == [old.key_id]


def test_the_index_has_several_versions_at_once(keyring: Keyring) -> None:
    """While a new index key takes over, the older ones are at hand, the newest first."""
    first = keyring.index_key(NOW)
    second = keyring.add_version(KeyUse.INDEX, "all", NOW)
    assert keyring.index_keys() == [second, first]
    assert keyring.index_version(1) == first
    assert keyring.index_version(3) is None


def test_a_destroyed_key_is_gone_for_everybody(
    keyring: Keyring, open_keyring: Opens, path: Path
) -> None:
    """A destroyed key is in no keyring any more, and in the file is its name alone."""
    key = keyring.contact_key(DAY, NOW)
    wrapped = json.loads(path.read_text())["keys"][0]["wrapped"]
    assert keyring.destroy(key.key_id, "revoked", NOW)
    assert not keyring.destroy(key.key_id, "revoked", NOW)
    assert keyring.by_id(key.key_id) is None
    assert open_keyring().by_id(key.key_id) is None
    assert wrapped not in path.read_text()


def test_no_name_is_given_twice(keyring: Keyring, open_keyring: Opens) -> None:
    """A key made after a destruction has another name: what named the old one stays closed."""
    first = keyring.contact_key(DAY, NOW)
    keyring.destroy(first.key_id, "revoked", NOW)
    second = open_keyring().contact_key(DAY, NOW)
    assert second.key_id != first.key_id
    assert second.version == 2


def test_what_another_process_changed_counts_within_a_second(
    keyring: Keyring, open_keyring: Opens, ticks: Ticks
) -> None:
    """A rotation or destruction elsewhere reaches a running process without a restart."""
    old = keyring.contact_key(DAY, NOW)
    other = open_keyring()
    new = other.add_version(KeyUse.CONTACT, DAY.isoformat(), NOW)
    ticks.forward(LOOK_SECONDS)
    assert keyring.contact_key(DAY, NOW) == new
    other.destroy(old.key_id, "revoked", NOW)
    ticks.forward(LOOK_SECONDS)
    assert keyring.by_id(old.key_id) is None


def test_a_key_destroyed_elsewhere_is_replaced(
    keyring: Keyring, open_keyring: Opens, ticks: Ticks
) -> None:
    """A process whose newest key another one destroyed seals with a fresh one."""
    old = keyring.index_key(NOW)
    open_keyring().destroy(old.key_id, "revoked", NOW)
    ticks.forward(LIFETIME.total_seconds() - LOOK_SECONDS)
    assert keyring.newest(KeyUse.INDEX, "all") is None
    assert keyring.index_key(NOW).version == 2


def test_two_processes_that_begin_a_day_at_once_agree(
    keyring: Keyring, open_keyring: Opens
) -> None:
    """Whoever comes second takes the key that the first one made, however fresh its own view is."""
    late = open_keyring()
    assert late.newest(KeyUse.CONTACT, DAY.isoformat()) is None
    made = keyring.contact_key(DAY, NOW)
    assert late.contact_key(DAY, NOW) == made


def test_of_many_threads_that_miss_a_key_one_asks(path: Path, root: Path, ticks: Ticks) -> None:
    """A slow provider is asked once, and the others take what it answered."""
    asked: list[str] = []
    answering = threading.Event()

    class Slow(FileProvider):
        def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
            asked.append(key_id)
            assert answering.wait(60)
            return super().unwrap(key_id, wrapped)

    key = a_keyring(path, FileProvider(root, os.urandom), ticks).index_key(NOW)
    keyring = a_keyring(path, Slow(root, os.urandom), ticks)
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(keyring.by_id, key.key_id) for _ in range(8)]
        answering.set()
        assert {one.result() for one in found} == {key}
    assert asked == [key.key_id]


def test_a_key_of_another_length_is_damaged(
    keyring: Keyring, open_keyring: Opens, path: Path, root: Path
) -> None:
    """What a provider unwraps to anything but 32 bytes is no key."""
    key = keyring.index_key(NOW)
    whole = json.loads(path.read_text())
    short = FileProvider(root, os.urandom).wrap(key.key_id, b"short")
    whole["keys"][0]["wrapped"] = base64.b64encode(short).decode()
    path.write_text(json.dumps(whole))
    with pytest.raises(KeyDamaged):
        open_keyring().index_key(NOW)


def test_file_and_directory_are_for_their_owner_alone(keyring: Keyring, path: Path) -> None:
    """They are created without any right for others."""
    keyring.index_key(NOW)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_open_to_others_is_refused(
    keyring: Keyring, open_keyring: Opens, path: Path
) -> None:
    """Keys that others may have read are not used; the message says what to do."""
    keyring.index_key(NOW)
    path.chmod(0o640)
    with pytest.raises(Unavailable, match="chmod 600"):
        open_keyring().index_key(NOW)


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "\0", '{"format":1,"keys":[]}', '{"format":2,"keys":[{}],"destroyed":[]}'),
        '{"format":2,"keys":{"a":1},"destroyed":[]}',
    ],
)
def test_a_damaged_file_is_a_clear_fault(keyring: Keyring, path: Path, content: str) -> None:
    """What is no keyring stops the work and is not overwritten."""
    path.parent.mkdir()
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(Unavailable, match="cannot be read as a keyring"):
        keyring.index_key(NOW)
    assert path.read_text() == content


def test_a_directory_in_the_way_is_a_clear_fault(keyring: Keyring, path: Path) -> None:
    """What cannot be read, written or locked is said by name."""
    path.mkdir(parents=True)
    with pytest.raises(Unavailable, match="cannot be read: Is a directory"):
        keyring.index_key(NOW)
    path.rmdir()
    path.with_name("keyring.json.new").mkdir()
    with pytest.raises(Unavailable, match="cannot be written"):
        keyring.index_key(NOW)
    path.with_suffix(".lock").unlink()
    path.with_suffix(".lock").mkdir()
    with pytest.raises(Unavailable, match="cannot be locked"):
        keyring.index_key(NOW)


def test_the_file_holds_no_key_in_the_clear(keyring: Keyring, path: Path) -> None:
    """Whoever reads the keyring without its provider reads no key."""
    keys = [keyring.contact_key(DAY, NOW), keyring.log_key(NOW)]
    content = path.read_bytes()
    for key in keys:
        assert bytes(key.secret.reveal()) not in content
        assert key.secret.reveal().hex().encode() not in content


def test_secrets_do_not_show(keyring: Keyring) -> None:
    """The repr of a key holds no part of its secret."""
    key = keyring.log_key(NOW)
    assert repr(key.secret) == "Secret(…)"
    assert key.secret.reveal().hex() not in repr(key)
    assert "ecret" not in repr(key)


def test_keys_that_changed_places_do_not_open(
    keyring: Keyring, open_keyring: Opens, path: Path
) -> None:
    """A wrapped key stands for its own name only: an edited keyring is found."""
    keyring.contact_key(DAY, NOW)
    keyring.index_key(NOW)
    whole = json.loads(path.read_text())
    one, two = whole["keys"]
    one["wrapped"], two["wrapped"] = two["wrapped"], one["wrapped"]
    path.write_text(json.dumps(whole))
    with pytest.raises(KeyDamaged, match="does not unwrap index-all-1"):
        open_keyring().index_key(NOW)


# ---- When the provider does not answer ----------------------------------------------------------


def test_cached_keys_serve_until_their_time_is_over(
    keyring: Keyring, root: Path, ticks: Ticks
) -> None:
    """With the provider down, keys in memory go on for the configured time, and then refuse."""
    key = keyring.contact_key(DAY, NOW)
    root.rename(root.with_name("away"))
    ticks.forward(LIFETIME.total_seconds() - 1)
    assert keyring.contact_key(DAY, NOW) == key
    ticks.forward(1)
    with pytest.raises(Unavailable, match="key provider file does not answer") as refused:
        keyring.by_id(key.key_id)
    assert refused.value.part == "keys"


def test_nothing_is_lost_when_the_provider_comes_back(
    keyring: Keyring, root: Path, ticks: Ticks
) -> None:
    """The same keys serve on as soon as the provider answers again."""
    key = keyring.contact_key(DAY, NOW)
    root.rename(root.with_name("away"))
    ticks.forward(LIFETIME.total_seconds())
    with pytest.raises(ProviderDown):
        keyring.by_id(key.key_id)
    root.with_name("away").rename(root)
    with pytest.raises(ProviderDown):
        # Asked just now: nobody waits for it again so soon.
        keyring.by_id(key.key_id)
    ticks.forward(5)
    assert keyring.by_id(key.key_id) == key


def test_a_lost_root_key_is_not_silently_replaced(
    keyring: Keyring, root: Path, path: Path, ticks: Ticks
) -> None:
    """A provider without its root key makes no new one beside keys that the lost one wrapped."""
    keyring.index_key(NOW)
    before = path.read_bytes()
    root.unlink()
    with pytest.raises(ProviderDown, match="No such file"):
        keyring.contact_key(DAY, NOW)
    assert not root.exists()
    assert path.read_bytes() == before
    ticks.forward(1)
    with pytest.raises(ProviderDown):
        keyring.add_version(KeyUse.INDEX, "all", NOW)


def test_a_lost_keyring_is_not_begun_anew(path: Path, root: Path, ticks: Ticks) -> None:
    """Where the lost one's keys sealed anything, no key is made: neither for a day nor by rotation."""
    stored = Stored({(KeyUse.INDEX, "all"): 1})
    keyring = a_keyring(path, FileProvider(root, os.urandom), ticks, stored)
    for make in (
        lambda: keyring.contact_key(DAY, NOW),
        lambda: keyring.log_key(NOW),
        lambda: keyring.add_version(KeyUse.CONTACT, DAY.isoformat(), NOW),
    ):
        with pytest.raises(Unavailable, match="is gone: bring it back from its newest backup"):
            make()
    assert not path.exists()


def test_an_older_copy_of_the_keyring_gives_no_name_twice(
    path: Path, root: Path, ticks: Ticks
) -> None:
    """A key that it lacks is not made anew under the lost one's name; a rotation passes it by."""
    stored = Stored()
    keyring = a_keyring(path, FileProvider(root, os.urandom), ticks, stored)
    keyring.index_key(NOW)
    stored.versions[KeyUse.CONTACT, DAY.isoformat()] = 2
    with pytest.raises(Unavailable, match=f"lacks contact-{DAY}-2, which is in use"):
        keyring.contact_key(DAY, NOW)
    assert keyring.contact_key(DAY + timedelta(days=1), NOW).version == 1
    assert keyring.add_version(KeyUse.CONTACT, DAY.isoformat(), NOW).version == 3
    assert keyring.contact_key(DAY, NOW).version == 3


def test_a_provider_that_is_down_from_the_start_is_said(
    keyring: Keyring, root: Path, path: Path
) -> None:
    """Without a provider no key is made, and nothing is written."""
    root.parent.touch()
    with pytest.raises(ProviderDown):
        keyring.index_key(NOW)
    with pytest.raises(ProviderDown):
        keyring.log_key(NOW)
    assert not path.exists()


def test_keys_in_use_are_confirmed_before_anybody_waits(
    keyring: Keyring, root: Path, ticks: Ticks
) -> None:
    """Kept twice a lifetime, keys in use never run out while the provider answers."""
    key = keyring.contact_key(DAY, NOW)
    half = LIFETIME.total_seconds() / 2
    for _ in range(4):
        ticks.forward(half)
        assert keyring.contact_key(DAY, NOW) == key
        keyring.keep()
    root.rename(root.with_name("away"))
    ticks.forward(half - 1)
    keyring.keep()
    assert keyring.contact_key(DAY, NOW) == key
    ticks.forward(half + 1)
    keyring.keep()
    with pytest.raises(ProviderDown):
        keyring.contact_key(DAY, NOW)


def test_a_key_that_nobody_uses_leaves_the_memory(keyring: Keyring, ticks: Ticks) -> None:
    """Its secret is overwritten when its time is over and nobody holds it."""
    secret = keyring.contact_key(DAY, NOW).secret.reveal()
    assert any(secret)
    half = LIFETIME.total_seconds() / 2
    ticks.forward(half)
    keyring.keep()
    ticks.forward(half)
    keyring.keep()
    ticks.forward(half)
    keyring.keep()
    assert not any(secret)


def test_a_key_in_hand_stays_whole(keyring: Keyring, ticks: Ticks) -> None:
    """Whoever holds a key that leaves the memory finishes the work with it unchanged."""
    key = keyring.contact_key(DAY, NOW)
    keyring.destroy(key.key_id, "revoked", NOW)
    ticks.forward(LIFETIME.total_seconds())
    keyring.keep()
    assert any(key.secret.reveal())


def test_a_damaged_key_does_not_keep_the_others_from_being_confirmed(
    keyring: Keyring, open_keyring: Opens, path: Path, ticks: Ticks
) -> None:
    """One row that does not unwrap is passed over; it is the only key that runs out."""
    damaged, whole = keyring.contact_key(DAY, NOW), keyring.index_key(NOW)
    content = json.loads(path.read_text())
    content["keys"][0]["wrapped"] = "AAAA" * 20
    path.write_text(json.dumps(content))
    half = LIFETIME.total_seconds() / 2
    ticks.forward(half)
    assert keyring.index_key(NOW) == whole
    assert keyring.by_id(damaged.key_id) == damaged
    keyring.keep()
    ticks.forward(half)
    assert keyring.index_key(NOW) == whole
    with pytest.raises(KeyDamaged):
        keyring.by_id(damaged.key_id)


def test_a_key_destroyed_elsewhere_is_not_confirmed(
    keyring: Keyring, open_keyring: Opens, ticks: Ticks
) -> None:
    """What is gone from the file leaves the memory, even before anybody looks at the file."""
    secret = keyring.contact_key(DAY, NOW).secret.reveal()
    open_keyring().destroy("contact-2026-11-23-1", "revoked", NOW)
    ticks.forward(LIFETIME.total_seconds() / 2)
    assert keyring.all() == []
    keyring.keep()
    assert not any(secret)


def test_the_check_asks_the_provider_and_not_the_memory(keyring: Keyring, root: Path) -> None:
    """A provider that is down is found while releases still go on."""
    keyring.index_key(NOW)
    keyring.check()
    root.rename(root.with_name("away"))
    assert keyring.index_key(NOW)
    with pytest.raises(ProviderDown):
        keyring.check()


def test_a_key_of_an_unknown_provider_is_a_clear_fault(
    keyring: Keyring, open_keyring: Opens, path: Path
) -> None:
    """A keyring that a later version wrote names the provider that this one does not have."""
    keyring.index_key(NOW)
    path.write_text(path.read_text().replace('"file"', '"quantum"'))
    with pytest.raises(Unavailable, match="quantum"):
        open_keyring().index_key(NOW)

"""The keyring keeps keys apart from the database, durable, private and shared between processes."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gateway.errors import Unavailable
from gateway.vault.keyring import Keyring, KeyUse

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a keyring goes."""
    return tmp_path / "data" / "keyring.json"


def test_a_day_has_one_key_for_all_processes(path: Path) -> None:
    """Two keyrings over one file agree on the day's key, whoever made it."""
    first, second = Keyring(path, os.urandom), Keyring(path, os.urandom)
    assert first.contact_key(DAY, NOW) == second.contact_key(DAY, NOW)


def test_days_and_uses_have_keys_of_their_own(path: Path) -> None:
    """No two days and no two uses share a secret."""
    keyring = Keyring(path, os.urandom)
    keys = [
        keyring.contact_key(DAY, NOW),
        keyring.contact_key(DAY + timedelta(days=1), NOW),
        keyring.index_key(NOW),
        keyring.log_key(NOW),
    ]
    assert len({key.secret for key in keys}) == len({key.key_id for key in keys}) == 4


def test_a_new_version_seals_and_the_old_one_still_opens(path: Path) -> None:
    """After a rotation the newest version is used, and older ones are found by their names."""
    keyring = Keyring(path, os.urandom)
    old = keyring.contact_key(DAY, NOW)
    new = keyring.add_version(KeyUse.CONTACT, DAY.isoformat(), NOW)
    assert keyring.contact_key(DAY, NOW) == new
    assert new.version == 2
    assert Keyring(path, os.urandom).by_id(old.key_id) == old


def test_a_destroyed_key_is_gone_for_everybody(path: Path) -> None:
    """A destroyed key is in no file and in no keyring that is opened afterwards."""
    keyring = Keyring(path, os.urandom)
    key = keyring.contact_key(DAY, NOW)
    assert keyring.destroy(key.key_id)
    assert not keyring.destroy(key.key_id)
    assert keyring.by_id(key.key_id) is None
    assert key.key_id not in path.read_text()


def test_the_file_is_for_its_owner_alone(path: Path) -> None:
    """File and directory are created without any right for others."""
    Keyring(path, os.urandom).index_key(NOW)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_open_to_others_is_refused(path: Path) -> None:
    """Keys that others may have read are not used; the message says what to do."""
    Keyring(path, os.urandom).index_key(NOW)
    path.chmod(0o640)
    with pytest.raises(Unavailable, match="chmod 600"):
        Keyring(path, os.urandom).index_key(NOW)


@pytest.mark.parametrize("content", ["", "[]", '{"keys":[{}]}', "\0", '{"keys":{"a":1}}'])
def test_a_damaged_file_is_a_clear_fault(path: Path, content: str) -> None:
    """What is no keyring stops the work and is not overwritten."""
    path.parent.mkdir()
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(Unavailable, match="cannot be read as a keyring"):
        Keyring(path, os.urandom).index_key(NOW)
    assert path.read_text() == content


def test_secrets_do_not_show(path: Path) -> None:
    """The repr of a key holds no part of its secret."""
    key = Keyring(path, os.urandom).log_key(NOW)
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)
